"""The engine: state and one journal entry in, state and transitions out.

    listen ─▶ samples of the entry ─▶ measure ─▶ side conditions ─▶ judge ─┬▶ turns
           └▶ silence ────────────────────────────────────────────▶ judge ─┘

It has no clock, no randomness and does no I/O: the same plan, state and entries give
the same transitions, bit for bit. What one entry says is folded in the samples' own
time, so the order in which its series stand does not matter.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from rules.admit import admit, measured
from rules.folded import Folded, late_samples, transitions
from rules.hearing import listen, silent_us
from rules.held import Held, hold
from rules.hold import IS_STANDING
from rules.judge import Turns, judge, judge_once
from rules.lane import Lane
from rules.learned import Content, Learned
from rules.measures import VALUE
from rules.plan import Plan
from rules.samples import Samples
from rules.side_condition import NOTHING, judge_sides, remember, seen_in
from rules.state import State
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US


def step(plan: Plan, state: State, entry: Learned) -> Folded:
    """Return what comes of one entry."""
    return fold(plan, state, [entry])


def fold(plan: Plan, state: State, entries: Iterable[Learned]) -> Folded:
    """Return what comes of several entries.

    Args:
        plan: What to judge by.
        state: Folded under this plan; not changed.
        entries: In journal order, all after `state.seq`.
    """
    state = state.copy()
    folded = Folded(state, [], [])
    early = 0
    for entry in entries:
        listen(plan.ears, state, entry)
        turns: list[Turns] = []
        held: list[Held] = []
        for place, lane in enumerate(plan.lanes):
            kept, due = hold(lane, state.held[place], entry.content, entry.at_us)
            held.append(kept)
            early += due.early
            for content in due.contents:
                late = _content(plan, state, lane, content, turns)
                folded.late.extend(late_samples(plan, entry, late))
        turns += _silence(plan, state, entry)
        folded.transitions.extend(transitions(plan, entry, turns))
        state = state.at(entry.seq, entry.at_us, tuple(held))
    return replace(folded, state=state, early=early)


def _content(
    plan: Plan, state: State, lane: Lane, content: Content, turns: list[Turns]
) -> Samples:
    """Judge what was learned; add to `turns`, and return what came too late."""
    match content:
        case Readings() as readings:
            samples = _of_readings(plan, lane, readings)
            seen = seen_in(lane, state, readings)
        case Positions() as positions:
            samples, seen = _of_positions(plan, lane, positions), NOTHING
        case _:
            return NO_SAMPLES
    fit, late = admit(plan, state, samples)
    fit = measured(plan, state, fit)
    known, moot = judge_sides(plan.sides, state, seen, fit)
    remember(state, seen)
    turns += judge(plan.slots, state, fit.take(known), moot[known])
    return late


def _of_readings(plan: Plan, lane: Lane, readings: Readings) -> Samples:
    slot, row = lane.by_series.spread(readings.series_id)
    value = readings.value[row] * plan.slots.sign[slot]
    return Samples(slot, row, readings.measured_us[row], value, readings.quality[row])


def _of_positions(plan: Plan, lane: Lane, positions: Positions) -> Samples:
    slot, row = lane.by_device.spread(positions.device_id)
    # A measure looks at the fix itself; it may be sound without a speed.
    is_speed = plan.slots.measure[slot] == VALUE
    value = np.where(is_speed, positions.speed_kmh[row].astype(np.float64), 0)
    at_us, quality = positions.fixed_us[row], positions.quality[row]
    return Samples(slot, row, at_us, value, quality, positions)


def _silence(plan: Plan, state: State, entry: Learned) -> Iterator[Turns]:
    """Judge every slot whose silence has just become too long or has just ended."""
    slot = plan.ears.slot
    silent_s = silent_us(plan.ears, state) / SECOND_US
    is_silent = silent_s >= plan.slots.limit[slot, 0]
    turned = np.flatnonzero(is_silent != IS_STANDING[state.state[slot, 0]])
    if len(turned):
        none = np.zeros(len(turned), np.intp)
        at_us = np.full(len(turned), entry.at_us)
        samples = Samples(
            slot[turned], none - 1, at_us, silent_s[turned], none.astype(np.int32)
        )
        yield judge_once(plan.slots, state, samples, none.astype(np.bool_))


NO_SAMPLES = Samples(
    np.empty(0, np.intp),
    np.empty(0, np.intp),
    np.empty(0, np.int64),
    np.empty(0),
    np.empty(0, np.int32),
)
"""None at all."""
