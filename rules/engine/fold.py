"""The engine: state and journal entries in, state and transitions out.

    listen ─▶ silence ────────────────────────────────────────────────▶ judge ─┐
    lanes ─▶ runs ─▶ samples ─▶ measure ─▶ schedule, sides ─▶ judge ───────────┴▶ turns

It has no clock, no randomness and does no I/O: the same plan, state and entries give
the same transitions, bit for bit. What one entry says is folded in the samples' own
time, so the order in which its series stand does not matter.

Silence knows nothing of samples, nor one lane of another. So the one hears all entries,
and then each lane judges them, as many at once as comes to the same (`together`).
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rules.engine.admit import admit, measured
from rules.engine.folded import Findings, Folded
from rules.engine.held import hold_all
from rules.engine.hold import Verdict
from rules.engine.judge import NO_RULING, Turns, judge
from rules.engine.learned import CommandWord, Learned
from rules.engine.run import Run, put_together
from rules.engine.samples import Samples
from rules.engine.scheduled import (
    by_schedule,
    has_turn,
    remember_newest,
    within_schedule,
)
from rules.engine.side_condition import Seen, judge_sides, remember, seen_in
from rules.engine.silence import hear
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.engine.together import end_together
from rules.measures import VALUE
from rules.measures.command_word import is_awaited, take_word
from rules.plan.lane import Lane
from rules.plan.plan import Plan
from vocabulary.position import Positions
from vocabulary.reading import Readings


def step(plan: Plan, state: State, entry: Learned) -> Folded:
    """Return what comes of one entry."""
    return fold(plan, state, [entry])


def fold(plan: Plan, state: State, entries: Iterable[Learned]) -> Folded:
    """Return what comes of several entries; the same as of one after the other.

    Args:
        plan: What to judge by.
        state: Folded under this plan; not changed.
        entries: In journal order, all after `state.seq`.
    """
    told = tuple(entries)
    state = state.copy()
    if not told:
        return Folded(state, [], [])
    at_us = np.array([entry.at_us for entry in told], np.int64)
    found = Findings(plan, state, told)
    for place, turns in hear(plan, state, told):
        found.turned(turns, np.full(len(turns.samples), place))
    held = []
    asked = [(plan.asked(entry.content), entry.at_us) for entry in told]
    for place, lane in enumerate(plan.lanes):
        waits_on, contents, early = hold_all(lane, state.held[place], asked)
        held.append(waits_on)
        found.early += early
        is_here = plan.slots.lane == place
        whole = put_together(contents, _words(plan, told, is_here))
        for run in _runs(state, lane, whole, at_us):
            _note_words(found, run, is_here)
            _take(found, lane, run, int(at_us[run.end - 1]) - lane.late_us)
    return found.folded(state.at(told[-1].seq, told[-1].at_us, tuple(held)))


def _words(
    plan: Plan, told: Sequence[Learned], is_here: NDArray[np.bool_]
) -> NDArray[np.intp]:
    """Return the places of entries with a word on a command that a lane judges by."""
    places = [
        place
        for place, entry in enumerate(told)
        if isinstance(entry.content, CommandWord)
        and is_awaited(plan.measures, entry.content, is_here)
    ]
    return np.array(places, np.intp)


def _runs(
    state: State, lane: Lane, whole: Iterable[Run], at_us: NDArray[np.int64]
) -> Iterator[Run]:
    """Yield runs; each must have been judged before the next is asked for."""
    for run in whole:
        first, reach = run.first, len(run)
        while first < run.end:
            most = run.part(first, min(first + reach, run.end))
            end = end_together(state, lane, most, at_us)
            yield most.part(first, end)
            # Where runs are short, not much more than that is looked at in vain.
            reach = 2 * (end - first)
            first = end


def _note_words(found: Findings, run: Run, is_here: NDArray[np.bool_]) -> None:
    """Note the words on commands of a run; they come before its rows."""
    measures, memories = found.plan.measures, found.state.memories
    for entry in (found.entries[place] for place in run.words.tolist()):
        if isinstance(entry.content, CommandWord):
            take_word(measures, memories, entry.content, entry.at_us, is_here)


def _take(found: Findings, lane: Lane, run: Run, until_us: int) -> None:
    """Judge a run.

    Args:
        found: Its state is changed in place; what is found is added.
        lane: Who judges.
        run: Entries that can be judged together.
        until_us: Up to when schedules turn without samples.
    """
    plan, state = found.plan, found.state
    seen = seen_in(lane, state, run)
    for samples, of in (
        (_of_readings(plan, lane, run.readings), run.of_reading),
        (_of_positions(plan, lane, run.positions), run.of_position),
    ):
        if not len(samples):
            continue
        fit, late = admit(plan, state, samples)
        found.count(samples, fit, late)
        late = within_schedule(plan, late)
        found.came_late(late, of[late.row])
        beside = seen.beside(of)
        fit = measured(plan, state, beside, fit)
        for turns in _judge(plan, state, lane, beside, fit):
            found.turned(turns, _places(run, turns, of))
        remember_newest(plan, state, lane, fit)
    if has_turn(state.schedule, lane, until_us):
        for turns in _judge(plan, state, lane, seen, NO_SAMPLES, until_us=until_us):
            found.turned(turns, np.full(len(turns.samples), run.first))
    # Last: a turn before these readings goes by those that were before it.
    remember(state, seen)


def _places(run: Run, turns: Turns, of: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the place of the entry of each turn, by the row that decided."""
    row = turns.samples.row
    places = np.full(len(row), run.first)  # where a schedule turns there is but one
    if len(run) > 1:
        places[row >= 0] = of[row[row >= 0]]
    return places


def _judge(
    plan: Plan,
    state: State,
    lane: Lane,
    seen: Seen,
    samples: Samples,
    *,
    until_us: int = NEVER,
) -> list[Turns]:
    """Judge samples in their order, and the turns of schedules up to them or a time."""
    ruled = by_schedule(plan, state, lane, samples, until_us)
    known, moot = judge_sides(plan.sides, state, seen, ruled.samples)
    ruled.ruling[moot & (ruled.ruling == NO_RULING)] = Verdict.MOOT
    # What a schedule rules needs no side reading.
    known |= ruled.ruling != NO_RULING
    return judge(plan.slots, state, ruled.samples.take(known), ruled.ruling[known])


def _of_readings(plan: Plan, lane: Lane, readings: Readings) -> Samples:
    slot, row = lane.by_series.spread(readings.series_id)
    value = readings.value.take(row)
    value *= plan.slots.sign.take(slot)
    at_us, quality = readings.measured_us.take(row), readings.quality.take(row)
    return Samples(slot, row, at_us, value, quality, readings=readings)


def _of_positions(plan: Plan, lane: Lane, positions: Positions) -> Samples:
    slot, row = lane.by_device.spread(positions.device_id)
    # A measure looks at the fix itself; it may be sound without a speed.
    is_speed = plan.slots.measure[slot] == VALUE
    value = np.where(is_speed, positions.speed_kmh[row].astype(np.float64), 0)
    at_us, quality = positions.fixed_us[row], positions.quality[row]
    return Samples(slot, row, at_us, value, quality, positions)


NO_SAMPLES = Samples(
    np.empty(0, np.intp),
    np.empty(0, np.intp),
    np.empty(0, np.int64),
    np.empty(0),
    np.empty(0, np.int32),
)
"""None at all."""
