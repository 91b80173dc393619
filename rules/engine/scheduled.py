"""Schedules: what falls outside them is moot, and their turns are judged.

    schedule     closed          |open                     |closed
    samples           x       x  :    x      x      x      :     x
    judged            moot  moot ▲    x      x      x      ▼  moot

At an opening (▲) the newest sample is judged once more, as of the opening, if it is
no further away than the largest gap: what stood before it stands then. A closing (▼)
breaks a delay that is running; with `on_close: clear` it ends the alarm. A turn is
taken when a sample at or after it is judged, at the latest when the journal and the
allowed lateness have passed it. A sample older than a turn that is taken is too late.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.engine.hold import Verdict
from rules.engine.judge import NO_RULING
from rules.engine.samples import Samples, first_of_slot, rows_of_slots
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.plan.lane import Lane
from rules.plan.plan import Plan
from rules.schedules.memory import ScheduleMemory
from vocabulary.position import DEGREES_E7


@dataclass(frozen=True, slots=True)
class Ruled:
    """Samples, and what a schedule has decided of them.

    Attributes:
        samples: Those of each slot together, oldest first.
        ruling: As for `judge`, shape (n,).
    """

    samples: Samples
    ruling: NDArray[np.int8]


def has_turn(memory: ScheduleMemory, lane: Lane, until_us: int) -> bool:
    """Tell whether any schedule of a lane turns, samples or not, up to some time."""
    turn_us = memory.turn_us[lane.scheduled]
    return bool(((turn_us != NEVER) & (turn_us <= until_us)).any())


def by_schedule(
    plan: Plan, state: State, lane: Lane, samples: Samples, until_us: int
) -> Ruled:
    """Return samples with the turns of schedules among them, and what they rule.

    Args:
        plan: What to judge by.
        state: Its schedule memory and doors are changed in place.
        lane: Whose samples they are.
        samples: As `admit` gives them, measured; none if turns are taken without.
        until_us: Up to when turns are taken without samples.
    """
    ruled = Ruled(samples, np.full(len(samples), NO_RULING, np.int8))
    if not len(lane.scheduled):
        return ruled
    timed = samples.take(plan.schedules.row.take(samples.slot) >= 0)
    turn_row, turn_us = _take_turns(plan, state, lane, timed, until_us)
    if len(turn_row):
        ruled = _with_turns(plan, state, samples, turn_row, turn_us)
    row = plan.schedules.row.take(ruled.samples.slot)
    free = np.flatnonzero((row >= 0) & (ruled.ruling == NO_RULING))
    is_open = plan.schedules.is_open(row.take(free), ruled.samples.at_us.take(free))
    ruled.ruling[free[~is_open]] = Verdict.MOOT
    return ruled


def within_schedule(plan: Plan, samples: Samples) -> Samples:
    """Return the samples that are not outside a schedule of their slot."""
    row = plan.schedules.row[samples.slot]
    some = np.flatnonzero(row >= 0)
    if not len(some):
        return samples
    inside = np.ones(len(samples), np.bool_)
    inside[some] = plan.schedules.is_open(row[some], samples.at_us[some])
    return samples.take(inside)


def _take_turns(
    plan: Plan, state: State, lane: Lane, samples: Samples, until_us: int
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return rows and times of the turns that are due, and be done with them.

    Args:
        plan: What to judge by.
        state: Its schedule memory and doors are changed in place.
        lane: Whose samples they are.
        samples: Of slots with a schedule.
        until_us: As for `by_schedule`.
    """
    memory, schedules = state.schedule, plan.schedules
    rows, at_us = schedules.row.take(samples.slot), samples.at_us
    first = first_of_slot(rows)
    asked, newest_us = rows[first], at_us[first + rows_of_slots(first, len(rows)) - 1]
    new = memory.turn_us[asked] == NEVER
    memory.turn_us[asked[new]] = schedules.next_turn_us(asked[new], at_us[first[new]])
    due, limit_us = asked, newest_us
    if until_us != NEVER:
        due, limit_us = lane.scheduled, np.full(len(lane.scheduled), until_us)
    turn_us = memory.turn_us[due]
    is_due = (turn_us != NEVER) & (turn_us <= limit_us)
    due, limit_us = due[is_due], limit_us[is_due]
    turns: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []
    while len(due):
        taken_us = memory.turn_us[due]
        turns.append((due, taken_us))
        slot = schedules.slot[due]
        state.door_us[slot] = np.maximum(state.door_us[slot], taken_us)
        memory.turn_us[due] = schedules.next_turn_us(due, taken_us)
        more = memory.turn_us[due] <= limit_us
        due, limit_us = due[more], limit_us[more]
    if not turns:
        return np.empty(0, np.intp), np.empty(0, np.int64)
    return np.concatenate([t[0] for t in turns]), np.concatenate([t[1] for t in turns])


def _with_turns(
    plan: Plan,
    state: State,
    samples: Samples,
    turn_row: NDArray[np.intp],
    turn_us: NDArray[np.int64],
) -> Ruled:
    """Put turns that decide anything among the samples, each where its time is."""
    schedules, n = plan.schedules, len(samples)
    is_turn = np.repeat([False, True], [n, len(turn_row)])
    row = np.concatenate((schedules.row[samples.slot], turn_row))
    turns = Samples(
        schedules.slot[turn_row],
        np.full(len(turn_row), -1, np.intp),
        turn_us,
        np.zeros(len(turn_row)),
        np.zeros(len(turn_row), np.int32),
    )
    both = samples.and_also(turns)
    order = np.lexsort((~is_turn, both.at_us, both.slot))
    both, row, is_turn = both.take(order), row[order], is_turn[order]
    before_us = _newest_before(state.schedule, both, row, is_turn)
    turn = np.flatnonzero(is_turn)
    opens = schedules.is_open(row[turn], both.at_us[turn])
    seen, apart_us = before_us[turn] != NEVER, both.at_us[turn] - before_us[turn]
    is_near = apart_us <= plan.slots.gap_us[both.slot[turn]]
    ruling = np.full(len(both), NO_RULING, np.int8)
    closing = np.where(schedules.clears[row[turn]], Verdict.ENDED, Verdict.MOOT)
    ruling[turn[~opens]] = closing[~opens]
    kept = np.ones(len(both), np.bool_)
    kept[turn] = seen & (~opens | is_near & ~_is_met(both, turn))
    return Ruled(both.take(kept), ruling[kept])


def _newest_before(
    memory: ScheduleMemory,
    both: Samples,
    row: NDArray[np.intp],
    is_turn: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Give each turn the sample that is newest then, and return that one's own time."""
    # What has no number, as it was moot, is not looked at again.
    is_none = is_turn | np.isnan(both.value)
    place = np.where(is_none, -1, np.arange(len(both)))
    newest = np.maximum.accumulate(place)
    here = is_turn & (newest >= 0) & (both.slot[newest] == both.slot)
    kept = is_turn & ~here
    at_us = both.at_us.copy()
    at_us[here], at_us[kept] = both.at_us[newest[here]], memory.sample_us[row[kept]]
    both.value[here] = both.value[newest[here]]
    both.value[kept] = memory.value[row[kept]]
    both.row[here] = both.row[newest[here]]
    if both.about is not None:
        both.about[here] = both.about[newest[here]]
    return at_us


def _is_met(both: Samples, turn: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell at which turns there is a sample at that very instant."""
    after = np.minimum(turn + 1, len(both) - 1)
    met: NDArray[np.bool_] = (both.slot[after] == both.slot[turn]) & (after > turn)
    met &= both.at_us[after] == both.at_us[turn]
    return met


def remember_newest(plan: Plan, state: State, lane: Lane, samples: Samples) -> None:
    """Keep the newest of samples of slots with a schedule; the unmeasured are none.

    Only once all is told that comes of them: a turn before them tells of the one that
    was newest then, and of where that was.

    Args:
        plan: What to judge by.
        state: Its schedule memory is changed in place.
        lane: Whose samples they are.
        samples: As for `by_schedule`.
    """
    if not len(lane.scheduled):
        return
    memory = state.schedule
    is_timed = plan.schedules.row.take(samples.slot) >= 0
    samples = samples.take(is_timed & ~np.isnan(samples.value))
    last = np.flatnonzero(np.diff(samples.slot, append=-1))
    row = plan.schedules.row.take(samples.slot.take(last))
    memory.sample_us[row] = samples.at_us[last]
    memory.value[row] = samples.value[last]
    if samples.fixes is not None:
        at = samples.row[last]
        memory.lon[row] = samples.fixes.lon_e7[at] / DEGREES_E7
        memory.lat[row] = samples.fixes.lat_e7[at] / DEGREES_E7
