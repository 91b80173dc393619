"""Side conditions: another reading that must be true for a sample to be judged.

The value that counts is the newest at or before the sample's own time, from this entry
or from before; failing that, the oldest one known after it. If it lies further away
than the largest gap, it is unknown, and so is the judgement. One false side makes a
sample moot whatever the others are.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rules.engine.run import Run
from rules.engine.samples import Samples, in_order, is_each_once
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.files.rule import REFUSED_UNLESS_SAID
from rules.plan.fan import Fan, look_up
from rules.plan.lane import Lane
from vocabulary.reading import Readings


@dataclass(frozen=True, slots=True)
class Sides:
    """All side conditions of all slots.

    Attributes:
        by_slot: From a slot to its side conditions.
        watch: Which watched series each looks at, shape (m,).
        sign: 1 if the reading must be at or above the limit, else -1, shape (m,).
        limit: Multiplied by `sign`, shape (m,).
        gap_us: How far away in time the reading may lie, shape (m,).
        watched: Lateness of the lane in microseconds, and id, of each watched series.
    """

    by_slot: Fan
    watch: NDArray[np.intp]
    sign: NDArray[np.float64]
    limit: NDArray[np.float64]
    gap_us: NDArray[np.int64]
    watched: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the entries of a run tell of watched series.

    Of each series no entry tells anything older than an entry before it (`together`),
    so the readings of a series stand in the order of their entries as well.

    Attributes:
        watch: Watched series of each reading, ascending, shape (n,).
        at_us: Its own time; of one series ascending, shape (n,).
        value: The reading, shape (n,).
        of: Place of its entry, shape (n,).
        of_row: Place of the entry of each row that samples may be from.
        last: Place of the last entry; what is from no row goes by all that is seen.
    """

    watch: NDArray[np.intp]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    of: NDArray[np.intp]
    of_row: NDArray[np.intp]
    last: int

    def beside(self, of_row: NDArray[np.intp]) -> "Seen":
        """Return the same for samples from other rows, by the entry of each row."""
        return replace(self, of_row=of_row)

    def entries(self, samples: Samples) -> NDArray[np.intp]:
        """Return the place of the entry of each sample, shape (m,)."""
        of = np.full(len(samples), self.last)
        has_row = np.flatnonzero(samples.row >= 0)
        of[has_row] = self.of_row[samples.row[has_row]]
        return of


def seen_in(lane: Lane, state: State, run: Run) -> Seen:
    """Return what a run tells of the watched series, late readings left out."""
    told = run.readings
    row, watch = _watched_in(lane, state, told)
    order = in_order(watch, told.measured_us[row])
    row = row[order]
    return Seen(
        watch[order],
        told.measured_us[row],
        told.value[row],
        run.of_reading[row],
        run.of_reading,
        run.end - 1,
    )


def _watched_in(
    lane: Lane, state: State, readings: Readings
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows of watched series that are fit and not late, and which these are.

    Returns:
        Rows, ascending, and their watched series, shape (n,) each.
    """
    watch = look_up(lane.watch_of_series, readings.series_id)
    row = np.flatnonzero(watch >= 0)
    watch = watch.take(row)
    fit = (readings.quality.take(row) & REFUSED_UNLESS_SAID) == 0
    fit &= np.isfinite(readings.value.take(row))
    fit &= readings.measured_us.take(row) >= state.watch_us.take(watch)
    return row[fit], watch[fit]


def remember(state: State, seen: Seen) -> None:
    """Keep the newest reading of each watched series in `state`."""
    if not len(seen.watch):
        return
    last = np.flatnonzero(np.diff(seen.watch, append=-1))
    state.watch_us[seen.watch[last]] = seen.at_us[last]
    state.watch_value[seen.watch[last]] = seen.value[last]


def judge_sides(
    sides: Sides, state: State, seen: Seen, samples: Samples
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which samples may be judged.

    Args:
        sides: Of the plan.
        state: As before the run.
        seen: What the run tells of the watched series.
        samples: Any order.

    Returns:
        Whether each sample is known, and whether it is moot; shape (n,) each.
    """
    side, sample = sides.by_slot.spread(samples.slot)
    if not len(side):
        return np.ones(len(samples), np.bool_), np.zeros(len(samples), np.bool_)
    watch, sample_us = sides.watch.take(side), samples.at_us.take(sample)
    at_us, value = state.watch_us.take(watch), state.watch_value.take(watch)
    place = _counts(state, seen, watch, sample_us, seen.entries(samples).take(sample))
    new = np.flatnonzero(place >= 0)
    at_us[new], value[new] = seen.at_us[place[new]], seen.value[place[new]]
    # What was never seen is far away from everything.
    at_us[at_us == NEVER] = -NEVER
    near = np.abs(sample_us - at_us) <= sides.gap_us.take(side)
    true = sides.sign.take(side) * value >= sides.limit.take(side)
    unknown, moot = np.zeros((2, len(samples)), np.bool_)
    unknown[sample[~near]] = True
    moot[sample[near & ~true]] = True
    return moot | ~unknown, moot


def _counts(
    state: State,
    seen: Seen,
    watch: NDArray[np.intp],
    at_us: NDArray[np.int64],
    of: NDArray[np.intp],
) -> NDArray[np.intp]:
    """Return the place in `seen` of the reading that counts; -1 for the one kept.

    A sample goes by what its own entry tells and by the newest of before that. Of its
    own entry the last reading at or before its time counts; else the one from before;
    and where there never was any, the oldest of its own.

    Args:
        state: As before the run.
        seen: What the run tells.
        watch: Series that is asked for, shape (m,).
        at_us: Own time of the sample that asks, shape (m,).
        of: Place of its entry, shape (m,).
    """
    had_none = state.watch_us.take(watch) == NEVER
    if is_each_once(seen.watch):
        return _of_one_each(seen, watch, at_us, of, had_none=had_none)
    width = seen.last + 1
    key, asked = seen.watch * width + seen.of, watch * width + of
    first, after = np.searchsorted(key, asked), np.searchsorted(key, asked, "right")
    before = np.where(_are_of(seen, first - 1, watch), first - 1, -1)
    oldest = np.where(had_none & (before < 0) & (first < after), first, before)
    last = np.minimum(_at_or_before(seen, watch, at_us), after - 1)
    return np.where(last >= first, last, oldest)


def _of_one_each(
    seen: Seen,
    watch: NDArray[np.intp],
    at_us: NDArray[np.int64],
    of: NDArray[np.intp],
    *,
    had_none: NDArray[np.bool_],
) -> NDArray[np.intp]:
    """Do what `_counts` does where at most one reading of each series is seen."""
    place_of = np.full(max(watch.max(), seen.watch.max(initial=-1)) + 1, -1, np.intp)
    place_of[seen.watch] = np.arange(len(seen.watch))
    place = place_of.take(watch)
    some = np.flatnonzero(place >= 0)
    own = place[some]
    is_from_here = seen.of.take(own) == of[some]
    reaches = (seen.at_us.take(own) <= at_us[some]) | had_none[some]
    counts = (seen.of.take(own) < of[some]) | (is_from_here & reaches)
    place[some[~counts]] = -1
    return place


def _are_of(
    seen: Seen, place: NDArray[np.intp], watch: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell whether there are readings at places, and of these series."""
    are_of: NDArray[np.bool_] = seen.watch.take(place, mode="clip") == watch
    return are_of & (place >= 0)


def _at_or_before(
    seen: Seen, watch: NDArray[np.intp], at_us: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Return the place of the last reading of each series at or before each time.

    Where there is none, it is a place before all of the series.
    """
    # Times become ranks, so that (series, time) fits one sortable integer.
    times = np.unique(seen.at_us)
    width = len(times) + 1
    keys = seen.watch * width + np.searchsorted(times, seen.at_us, "right")
    wanted = watch * width + np.searchsorted(times, at_us, "right")
    return np.searchsorted(keys, wanted, "right") - 1
