"""Which silences begin and end at an entry: those that have just become too long."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.engine.hearing import limit_s, listen, silent_us
from rules.engine.hold import IS_STANDING, Verdict
from rules.engine.judge import NO_RULING, Turns, judge_once
from rules.engine.learned import Learned
from rules.engine.samples import Samples
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.plan.plan import Plan
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US


@dataclass(frozen=True, slots=True)
class _Quiet:
    """What a look at all silences has shown, which holds for a while.

    Attributes:
        until_us: Before this time of the journal no other silence can become too long.
        standing: Places in `Ears.slot` of those that are: they may end at any entry.
    """

    until_us: int
    standing: NDArray[np.intp]


def hear(
    plan: Plan, state: State, entries: Sequence[Learned]
) -> Iterator[tuple[int, Turns]]:
    """Listen to entries, and yield what becomes of silences at them.

    Args:
        plan: What to judge by.
        state: As it is before them; changed in place, one entry after the other.
        entries: In journal order.

    Yields:
        The place of an entry, and turns of slots that watch for silence.
    """
    since_us, quiet = state.at_us, None
    for place, entry in enumerate(entries):
        listen(plan.ears, state, entry, since_us)
        since_us = entry.at_us
        turns, quiet = _silence(plan, state, entry, quiet)
        if turns is not None:
            yield place, turns


def _silence(
    plan: Plan, state: State, entry: Learned, quiet: _Quiet | None
) -> tuple[Turns | None, _Quiet]:
    """Judge every slot whose silence has just become too long or has just ended."""
    if quiet is None or entry.at_us >= quiet.until_us:
        every = np.arange(len(plan.ears.slot))
        turns = _silence_of(plan, state, entry, every)
        return turns, _look(plan, state, entry)
    if not len(quiet.standing) or not isinstance(entry.content, Readings | Positions):
        return None, quiet  # nobody was heard
    if silent_us(plan.ears, state, quiet.standing).all():
        return None, quiet  # others were
    turns = _silence_of(plan, state, entry, quiet.standing)
    return turns, quiet if turns is None else _look(plan, state, entry)


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
) -> Turns | None:
    """Judge some of the slots that watch for silence; None if nothing turns."""
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
        return None
    none = np.zeros(len(turned), np.intp)
    at_us = np.full(len(turned), entry.at_us)
    samples = Samples(
        slot[turned], none - 1, at_us, silent_s[turned], none.astype(np.int32)
    )
    ruling = np.where(is_silent[turned], NO_RULING, Verdict.ENDED).astype(np.int8)
    return judge_once(plan.slots, state, samples, ruling)


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
