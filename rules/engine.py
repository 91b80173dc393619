"""The engine: state and one journal entry in, state and transitions out.

    listen ─▶ samples of the entry ─▶ side conditions ─▶ judge ─┬▶ transitions
           └▶ silence ──────────────────────────────────▶ judge ─┘

It has no clock, no randomness and does no I/O: the same plan, state and entries give
the same transitions, bit for bit. What one entry says is folded in the samples' own
time, so the order in which its series stand does not matter.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np

from rules.grades import hit
from rules.hearing import listen, silent_us
from rules.hold import IS_STANDING
from rules.judge import Turns, fit_to_judge, judge, judge_once
from rules.learned import Content, Learned
from rules.plan import Plan
from rules.samples import Samples
from rules.side_condition import judge_sides, remember, seen_in
from rules.state import State
from rules.transition import Transition
from vocabulary.position import DEGREES_E7, Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US


def step(plan: Plan, state: State, entry: Learned) -> tuple[State, list[Transition]]:
    """Return the state after one entry, and what became of the alarms."""
    return fold(plan, state, [entry])


def fold(
    plan: Plan, state: State, entries: Iterable[Learned]
) -> tuple[State, list[Transition]]:
    """Return the state after several entries, and what became of the alarms.

    Args:
        plan: What to judge by.
        state: Folded under this plan; not changed.
        entries: In journal order, all after `state.seq`.

    Returns:
        The state; the transitions by entry, sample time and slot.
    """
    state = state.copy()
    transitions: list[Transition] = []
    for entry in entries:
        listen(plan.ears, state, entry)
        turns = chain(
            _of_content(plan, state, entry.content), _silence(plan, state, entry)
        )
        transitions += _transitions(plan, entry, turns)
        state = state.at(entry.seq, entry.at_us)
    return state, transitions


def _of_content(plan: Plan, state: State, content: Content) -> list[Turns]:
    match content:
        case Readings() as readings:
            return _readings(plan, state, readings)
        case Positions() as positions:
            return _positions(plan, state, positions)
        case _:
            return []


def _readings(plan: Plan, state: State, readings: Readings) -> list[Turns]:
    slot, row = plan.by_series.spread(readings.series_id)
    value = readings.value[row] * plan.slots.sign[slot]
    samples = Samples(
        slot, row, readings.measured_us[row], value, readings.quality[row]
    )
    fit = samples.take(fit_to_judge(plan.slots, state, samples)).by_slot_and_time()
    seen = seen_in(plan.sides, state, readings)
    known, moot = judge_sides(plan.sides, state, seen, fit)
    remember(state, seen)
    return judge(plan.slots, state, fit.take(known), moot[known])


def _positions(plan: Plan, state: State, positions: Positions) -> list[Turns]:
    slot, row = plan.by_device.spread(positions.device_id)
    value = positions.speed_kmh[row].astype(np.float64)
    of_slot = plan.fence[slot]
    for place in np.unique(of_slot[of_slot >= 0]):
        asked = of_slot == place
        at = row[asked]
        value[asked] = plan.fences[place].outside_m(
            positions.lon_e7[at], positions.lat_e7[at]
        )
    samples = Samples(slot, row, positions.fixed_us[row], value, positions.quality[row])
    fit = samples.take(fit_to_judge(plan.slots, state, samples)).by_slot_and_time()
    return judge(plan.slots, state, fit, np.zeros(len(fit), np.bool_))


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


def _transitions(
    plan: Plan, entry: Learned, turns: Iterable[Turns]
) -> list[Transition]:
    found = [
        (int(slot), transition)
        for many in turns
        for slot, transition in zip(
            many.samples.slot, _of_turns(plan, entry, many), strict=True
        )
    ]
    found.sort(key=lambda item: (item[1].measured_us, item[0]))
    return [transition for _, transition in found]


def _of_turns(plan: Plan, entry: Learned, turns: Turns) -> Iterator[Transition]:
    for place, (before, after) in enumerate(
        zip(turns.before, turns.after, strict=True)
    ):
        slot, row = (int(c[place]) for c in (turns.samples.slot, turns.samples.row))
        rule = plan.rules[plan.slots.rule[slot]]
        sign = plan.slots.sign[slot]
        lon, lat = _where(plan, entry.content, slot, row)
        yield Transition(
            rule=rule,
            device_id=plan.subjects[plan.slots.subject[slot]].device_id,
            kind=hit(int(before), int(after)),
            seq=entry.seq,
            at_us=entry.at_us,
            measured_us=int(turns.samples.at_us[place]),
            value=float(sign * turns.samples.value[place]),
            threshold=float(sign * plan.slots.limit[slot, max(after, 1) - 1]),
            severity=rule.severities[(after or before) - 1],
            lon=lon,
            lat=lat,
        )


def _where(
    plan: Plan, content: Content, slot: int, row: int
) -> tuple[float | None, float | None]:
    if isinstance(content, Positions) and row >= 0:
        return (
            int(content.lon_e7[row]) / DEGREES_E7,
            int(content.lat_e7[row]) / DEGREES_E7,
        )
    subject = plan.subjects[plan.slots.subject[slot]]
    return subject.lon, subject.lat
