"""The engine: state and one journal entry in, state and transitions out.

    listen ─▶ lanes ─▶ samples ─▶ measure ─▶ schedule, sides ─▶ judge ─┬▶ turns
           └▶ silence ─────────────────────────────────────────▶ judge ─┘

It has no clock, no randomness and does no I/O: the same plan, state and entries give
the same transitions, bit for bit. What one entry says is folded in the samples' own
time, so the order in which its series stand does not matter.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rules.engine.admit import admit, measured
from rules.engine.folded import Folded, late_samples, transitions
from rules.engine.hearing import limit_s, listen, silent_us
from rules.engine.held import Held, hold
from rules.engine.hold import IS_STANDING, Verdict
from rules.engine.judge import NO_RULING, Turns, judge, judge_once
from rules.engine.learned import CommandWord, Content, Learned
from rules.engine.samples import Samples
from rules.engine.scheduled import by_schedule, has_turn, within_schedule
from rules.engine.side_condition import NOTHING, Seen, judge_sides, remember, seen_in
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.measures import VALUE
from rules.measures.command_word import take_word
from rules.plan.lane import Lane
from rules.plan.plan import Plan
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
    quiet: _Quiet | None = None
    for entry in entries:
        listen(plan.ears, state, entry)
        if isinstance(entry.content, CommandWord):
            take_word(plan.measures, state.memories, entry.content, entry.at_us)
        asked = plan.asked(entry.content)
        turns: list[Turns] = []
        held: list[Held] = []
        for place, lane in enumerate(plan.lanes):
            kept, due = hold(lane, state.held[place], asked, entry.at_us)
            held.append(kept)
            early += due.early
            seen = NOTHING
            for content in due.contents:
                if isinstance(content, Readings):
                    seen = seen_in(lane, state, content)
                late = _content(plan, state, lane, content, seen=seen, turns=turns)
                folded.late.extend(late_samples(plan, entry, late))
            if has_turn(state.schedule, lane, entry.at_us - lane.late_us):
                until_us = entry.at_us - lane.late_us
                turns += _judge(plan, state, lane, seen, NO_SAMPLES, until_us=until_us)
            # Last: a turn before these readings goes by those that were before it.
            remember(state, seen)
        silences, quiet = _silence(plan, state, entry, quiet)
        turns += silences
        folded.transitions.extend(transitions(plan, state, entry, turns))
        state = state.at(entry.seq, entry.at_us, tuple(held))
    return replace(folded, state=state, early=early)


def _content(
    plan: Plan,
    state: State,
    lane: Lane,
    content: Content,
    *,
    seen: Seen,
    turns: list[Turns],
) -> Samples:
    """Judge what was learned; add to `turns`, and return what came too late."""
    if isinstance(content, Readings):
        samples = _of_readings(plan, lane, content)
    elif isinstance(content, Positions):
        samples = _of_positions(plan, lane, content)
    else:
        return NO_SAMPLES
    fit, late = admit(plan, state, samples)
    turns += _judge(plan, state, lane, seen, measured(plan, state, seen, fit))
    return within_schedule(plan, late)


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
    value = readings.value[row] * plan.slots.sign[slot]
    at_us, quality = readings.measured_us[row], readings.quality[row]
    return Samples(slot, row, at_us, value, quality, readings=readings)


def _of_positions(plan: Plan, lane: Lane, positions: Positions) -> Samples:
    slot, row = lane.by_device.spread(positions.device_id)
    # A measure looks at the fix itself; it may be sound without a speed.
    is_speed = plan.slots.measure[slot] == VALUE
    value = np.where(is_speed, positions.speed_kmh[row].astype(np.float64), 0)
    at_us, quality = positions.fixed_us[row], positions.quality[row]
    return Samples(slot, row, at_us, value, quality, positions)


@dataclass(frozen=True, slots=True)
class _Quiet:
    """What a look at all silences has shown, which holds for a while.

    Attributes:
        until_us: Before this time of the journal no other silence can become too long.
        standing: Places in `Ears.slot` of those that are: they may end at any entry.
    """

    until_us: int
    standing: NDArray[np.intp]


def _silence(
    plan: Plan, state: State, entry: Learned, quiet: _Quiet | None
) -> tuple[list[Turns], _Quiet]:
    """Judge every slot whose silence has just become too long or has just ended."""
    if quiet is None or entry.at_us >= quiet.until_us:
        every = np.arange(len(plan.ears.slot))
        turns = _silence_of(plan, state, entry, every)
        return turns, _look(plan, state, entry)
    if not len(quiet.standing):
        return [], quiet
    turns = _silence_of(plan, state, entry, quiet.standing)
    return turns, _look(plan, state, entry) if turns else quiet


def _look(plan: Plan, state: State, entry: Learned) -> _Quiet:
    slot = plan.ears.slot
    stands = IS_STANDING[state.state[slot, 0]]
    if (plan.schedules.row[slot] >= 0).any():  # time alone may end those
        return _Quiet(entry.at_us, np.flatnonzero(stands))
    # Less what its rounding might add. What is learned only makes it longer.
    limit_us = np.floor(plan.slots.limit[slot, 0] * SECOND_US) - 1
    left_us = (limit_us - silent_us(plan.ears, state))[~stands]
    soonest_us = min(left_us.min(initial=np.inf), -NEVER - entry.at_us)
    return _Quiet(entry.at_us + int(soonest_us), np.flatnonzero(stands))


def _silence_of(
    plan: Plan, state: State, entry: Learned, places: NDArray[np.intp]
) -> list[Turns]:
    """Judge some of the slots that watch for silence."""
    slot = plan.ears.slot[places]
    silent_s = silent_us(plan.ears, state, places) / SECOND_US
    stands = IS_STANDING[state.state[slot, 0]]
    declared_s = plan.slots.limit[slot, 0]
    is_silent = silent_s >= limit_s(plan.ears, state, places, declared_s)
    if (plan.schedules.row[slot] >= 0).any():
        closed, clears = _closed(plan, slot, entry.at_us)
        is_silent = np.where(closed, stands & ~clears, is_silent)
    turned = np.flatnonzero(is_silent != stands)
    if not len(turned):
        return []
    none = np.zeros(len(turned), np.intp)
    at_us = np.full(len(turned), entry.at_us)
    samples = Samples(
        slot[turned], none - 1, at_us, silent_s[turned], none.astype(np.int32)
    )
    ruling = np.where(is_silent[turned], NO_RULING, Verdict.ENDED).astype(np.int8)
    return [judge_once(plan.slots, state, samples, ruling)]


def _closed(
    plan: Plan, slot: NDArray[np.intp], at_us: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell at which slots a schedule is closed, and whether that clears the alarm."""
    row = plan.schedules.row[slot]
    some = np.flatnonzero(row >= 0)
    closed, clears = np.zeros((2, len(slot)), np.bool_)
    closed[some] = ~plan.schedules.is_open(row[some], np.full(len(some), at_us))
    clears[some] = plan.schedules.clears[row[some]]
    return closed, clears


NO_SAMPLES = Samples(
    np.empty(0, np.intp),
    np.empty(0, np.intp),
    np.empty(0, np.int64),
    np.empty(0),
    np.empty(0, np.int32),
)
"""None at all."""
