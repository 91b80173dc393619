"""Which entries can be judged in one go, so that exactly the same comes of them.

A row is judged by what is known at its entry. So a run ends before an entry

- at which a schedule turns, by the journal or by a sample, or begins to;
- that has a word on a command, unless nothing was told before it;
- with a row no later than one of the same thread from an entry before it: of the same
  series or vehicle, or for the same slot that several series feed.

Then what is late and what is a repetition are the same in one go as entry by entry.
What a row sees beside it goes by its entry anyhow (`side_condition`). The first entry
itself is always taken, whatever it holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rules.engine.run import Run
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.files.rule import ALWAYS_REFUSED
from rules.plan.fan import look_up
from rules.plan.lane import Lane
from rules.plan.ties import Ties
from rules.schedules.schedule import FOREVER

NOWHERE = 1 << 62
"""A place after every entry."""

ENOUGH_ROWS = 2_000
"""With so many readings a run ends before the first second one of a series: where each
has but one, nothing needs to be sorted. Fixes end no run: vehicles tell more often than
anything else, and would cut the readings of all others short."""


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of a run that belong to threads; columns of shape (n,).

    Attributes:
        thread: Id of the series or vehicle, or the slot that several series feed.
        at_us: When each counts.
        of: Place of the entry of each, ascending.
    """

    thread: NDArray[np.intp]
    at_us: NDArray[np.int64]
    of: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.thread)

    def before(self, end: int) -> "_Rows":
        """Return those of the entries before a place."""
        n = int(np.searchsorted(self.of, end))
        return replace(
            self, thread=self.thread[:n], at_us=self.at_us[:n], of=self.of[:n]
        )


def end_together(state: State, lane: Lane, run: Run, at_us: NDArray[np.int64]) -> int:
    """Return the place after the last entry that can be judged with the first.

    Args:
        state: As it is before the run.
        lane: Who judges.
        run: As far as it may go at most.
        at_us: Time of every entry, by its place.
    """
    if len(run) == 1:
        return run.end
    readings, positions = _readings(lane, run), _positions(lane, run)
    threads = [readings, positions, _joint(state, lane, run)]
    end = min(
        _of_turn(state, lane, run, at_us),
        _of_word(run, threads),
        *(_of_sample_at_turn(state, lane, rows) for rows in threads),
        _of_new(state, lane.series_ties, readings),
        _of_new(state, lane.device_ties, positions),
    )
    end = _before_second(end, readings)
    end = max(end, run.first + 1)
    threads = [rows.before(end) for rows in threads]
    if _are_of_one(threads):
        return end
    return min(end, *(_of_disorder(rows) for rows in threads))


def _readings(lane: Lane, run: Run) -> _Rows:
    told = run.readings
    row = _asked(lane.series_ties, told.series_id, told.quality)
    thread = told.series_id[row].astype(np.intp)
    return _Rows(thread, told.measured_us[row], run.of_reading[row])


def _positions(lane: Lane, run: Run) -> _Rows:
    told = run.positions
    row = _asked(lane.device_ties, told.device_id, told.quality)
    thread = told.device_id[row].astype(np.intp)
    return _Rows(thread, told.fixed_us[row], run.of_position[row])


def _joint(state: State, lane: Lane, run: Run) -> _Rows:
    """Return the readings for slots that several series feed, by the slot."""
    told = run.readings
    slot, row = lane.series_ties.joint.spread(told.series_id)
    fit = (told.quality[row] & ALWAYS_REFUSED) == 0
    slot, row = slot[fit], row[fit]
    # As `admit` has it: what is late there counts beside what is not.
    newest_us = np.maximum(state.last_us[slot], state.door_us[slot])
    at_us = np.maximum(told.measured_us[row], newest_us)
    return _Rows(slot, at_us, run.of_reading[row])


def _asked(
    ties: Ties, ids: NDArray[np.int32], quality: NDArray[np.int32]
) -> NDArray[np.intp]:
    """Return the rows that somebody asks for and that may be judged at all."""
    fit = look_up(ties.is_asked, ids) & ((quality & ALWAYS_REFUSED) == 0)
    return np.flatnonzero(fit)


def _are_of_one(threads: Sequence[_Rows]) -> bool:
    """Tell whether all rows are of one entry."""
    told = [rows.of for rows in threads if len(rows)]
    return all(of[0] == of[-1] == told[0][0] for of in told)


def _of_turn(state: State, lane: Lane, run: Run, at_us: NDArray[np.int64]) -> int:
    """Return the first entry by whose time a schedule has turned."""
    until_us = at_us[run.first : run.end] - lane.late_us
    turned = np.flatnonzero(until_us >= _soonest_us(state, lane))
    return run.first + int(turned[0]) if len(turned) else run.end


def _of_sample_at_turn(state: State, lane: Lane, rows: _Rows) -> int:
    return _first(rows, rows.at_us >= _soonest_us(state, lane))


def _soonest_us(state: State, lane: Lane) -> int:
    turn_us = state.schedule.turn_us[lane.scheduled]
    return int(turn_us[turn_us != NEVER].min(initial=FOREVER))


def _of_word(run: Run, threads: Sequence[_Rows]) -> int:
    """Return the first entry with a word on a command that comes after any rows."""
    first = min(int(rows.of[0]) if len(rows) else NOWHERE for rows in threads)
    return int(run.words[run.words > first].min(initial=NOWHERE))


def _of_new(state: State, ties: Ties, rows: _Rows) -> int:
    """Return the first entry with a sample whose schedule begins to turn with it."""
    if not len(ties.timed.count) or (state.schedule.turn_us != NEVER).all():
        return NOWHERE
    timed, row = ties.timed.spread(rows.thread)
    is_new = np.zeros(len(rows), np.bool_)
    is_new[row[state.schedule.turn_us[timed] == NEVER]] = True
    return _first(rows, is_new)


def _before_second(end: int, readings: _Rows) -> int:
    """Return where to end so that each series has rows of one entry, if far enough."""
    second = _first(readings, _is_second(readings))
    if second >= end:
        return end
    return second if np.searchsorted(readings.of, second) >= ENOUGH_ROWS else end


def _is_second(rows: _Rows) -> NDArray[np.bool_]:
    """Tell which rows have another of their thread in an entry before theirs."""
    first = np.empty(int(rows.thread.max(initial=-1)) + 1, np.intp)
    first[rows.thread[::-1]] = rows.of[::-1]  # the first, for it is written last
    is_second: NDArray[np.bool_] = first[rows.thread] < rows.of
    return is_second


def _of_disorder(rows: _Rows) -> int:
    """Return the first entry with a row no later than one before it of its thread."""
    second = _is_second(rows)
    if not second.any():
        return NOWHERE
    has_second = np.zeros(int(rows.thread.max()) + 1, np.bool_)
    has_second[rows.thread[second]] = True
    row = np.flatnonzero(has_second[rows.thread])
    thread, of = rows.thread[row], rows.of[row]
    # By time, and of one time the last first: who then has an earlier entry of the
    # thread behind it does not follow that one.
    order = np.lexsort((-of, rows.at_us[row], thread))
    key = (thread * (int(of.max()) + 1) + of)[order]
    earliest = np.minimum.accumulate(key[::-1])[::-1]
    return int(of[order][key > earliest].min(initial=NOWHERE))


def _first(rows: _Rows, which: NDArray[np.bool_]) -> int:
    """Return the first entry that has such a row."""
    return int(rows.of[which][0]) if which.any() else NOWHERE
