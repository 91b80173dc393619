"""Side conditions: another reading that must be true for a sample to be judged.

The value that counts is the newest at or before the sample's own time, from this entry
or from before; failing that, the oldest one known after it. If it lies further away
than the largest gap, it is unknown, and so is the judgement. One false side makes a
sample moot whatever the others are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

    def looks_at(self) -> Fan:
        """Return what leads from a slot to the watched series it looks at."""
        by_slot = self.by_slot
        return Fan(by_slot.start, by_slot.count, self.watch[by_slot.target])


@dataclass(frozen=True, slots=True)
class Seen:
    """Readings of watched series, ordered by series and time; shape (n,) each."""

    watch: NDArray[np.intp]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]

    def ordered(self) -> "Seen":
        """Return the same readings in their order; any order if each series has one."""
        if is_each_once(self.watch):
            return self
        order = in_order(self.watch, self.at_us)
        return Seen(self.watch[order], self.at_us[order], self.value[order])


NOTHING = Seen(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0))
"""No readings at all."""


def seen_in(lane: Lane, state: State, readings: Readings) -> Seen:
    """Return what readings tell of the watched series, late readings left out."""
    row, watch = watched_in(lane, state, readings)
    if not len(row):
        return NOTHING
    return Seen(watch, readings.measured_us[row], readings.value[row]).ordered()


def watched_in(
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
        state: As before the entry.
        seen: What the entry tells of the watched series.
        samples: Any order.

    Returns:
        Whether each sample is known, and whether it is moot; shape (n,) each.
    """
    side, sample = sides.by_slot.spread(samples.slot)
    if not len(side):
        return np.ones(len(samples), np.bool_), np.zeros(len(samples), np.bool_)
    watch, sample_us = sides.watch.take(side), samples.at_us.take(sample)
    if is_each_once(seen.watch):
        at_us, value = _of_one_each(state, seen, watch, sample_us)
    else:
        kept = _with_kept(state, seen, watch)
        at_us, value = _as_of(kept, watch, sample_us)
    near = np.abs(sample_us - at_us) <= sides.gap_us.take(side)
    true = sides.sign.take(side) * value >= sides.limit.take(side)
    unknown, moot = np.zeros((2, len(samples)), np.bool_)
    unknown[sample[~near]] = True
    moot[sample[near & ~true]] = True
    return moot | ~unknown, moot


def _of_one_each(
    state: State, seen: Seen, watch: NDArray[np.intp], at_us: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Do what `_as_of` does, where the entry has at most one reading of each series.

    Then there are two to choose from, and the one that is kept is not the newer.
    """
    kept_us, value = state.watch_us.take(watch), state.watch_value.take(watch)
    place = np.full(len(state.watch_us), -1, np.intp)
    place[seen.watch] = np.arange(len(seen.watch))
    place = place[watch]
    has_new = np.flatnonzero(place >= 0)
    new_us = seen.at_us[place[has_new]]
    counts = (new_us <= at_us[has_new]) | (kept_us[has_new] == NEVER)
    has_new, new = has_new[counts], place[has_new[counts]]
    kept_us[has_new], value[has_new] = seen.at_us[new], seen.value[new]
    # What was never seen is far away from everything.
    kept_us[kept_us == NEVER] = -NEVER
    return kept_us, value


def _with_kept(state: State, seen: Seen, asked: NDArray[np.intp]) -> Seen:
    """Return what is kept and what is new of the asked series; never none of one."""
    kept = np.unique(asked)
    new = np.isin(seen.watch, kept)
    kept_us = state.watch_us[kept]
    # What was never seen must not come before anything that was.
    kept_us[kept_us == NEVER] = -NEVER
    return Seen(
        np.concatenate((kept, seen.watch[new])),
        np.concatenate((kept_us, seen.at_us[new])),
        np.concatenate((state.watch_value[kept], seen.value[new])),
    ).ordered()


def _as_of(
    seen: Seen, watch: NDArray[np.intp], at_us: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the reading that counts for each series and time, and its own time."""
    # Times become ranks, so that (series, time) fits one sortable integer.
    times = np.unique(seen.at_us)
    width = len(times) + 1
    keys = seen.watch * width + np.searchsorted(times, seen.at_us, "right")
    wanted = watch * width + np.searchsorted(times, at_us, "right")
    place = np.searchsorted(keys, wanted, "right") - 1
    # Nothing at or before it: the next one is the oldest of the series.
    place += (place < 0) | (seen.watch[place] != watch)
    return seen.at_us[place], seen.value[place]
