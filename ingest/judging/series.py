"""Readings that follow too fast or not at all on the one before: pure, over columns.

In the order of the devices' own times, series by series:

    changed by more than its quantity can in the time between         JUMP
    the very same value (but 0) for longer than is believable,        STUCK
    with no gap longer than an eighth of that

What is late, from the future, out of range or from a sensor that says it is broken is
not judged, and nothing is judged by it.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ingest.judging.columns import integers, numbers, reach
from ingest.judging.judge import flagged
from vocabulary.quality import Quality
from vocabulary.times import SECOND_US

NOT_JUDGED = Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.SENSOR_FAULT
"""Doubtful already."""

LARGEST_GAP = 8
"""A value was not seen standing still over a gap longer than this part of the limit."""


@dataclass(slots=True)
class Standing:
    """The newest judged reading of each series, one slot each.

    Attributes:
        newest_us: Its own time; 0 for none yet.
        value: Its value.
        since_us: Since when the value was the same, without a gap.
    """

    newest_us: NDArray[np.int64] = field(default_factory=integers)
    value: NDArray[np.float64] = field(default_factory=numbers)
    since_us: NDArray[np.int64] = field(default_factory=integers)


@dataclass(frozen=True, slots=True)
class Conduct:
    """What series can do, columns of shape (n,) or one slot for each.

    Attributes:
        leap: Largest change that needs no time; infinite where anything goes.
        fastest_per_s: How much more than that it may change in each second.
        stuck_after_us: How long the same value is believable.
        is_limited: Whether there is anything it cannot do.
    """

    leap: NDArray[np.float64]
    fastest_per_s: NDArray[np.float64]
    stuck_after_us: NDArray[np.int64]
    is_limited: NDArray[np.bool_]


def series_flags(
    standing: Standing,
    series_id: NDArray[np.int32],
    measured_us: NDArray[np.int64],
    value: NDArray[np.float64],
    *,
    quality: NDArray[np.int32],
    conduct: Conduct,
) -> NDArray[np.int32]:
    """Return JUMP and STUCK where they hold, shape (n,); remember the newest.

    Args:
        standing: Changed in place.
        series_id: In any order.
        measured_us: Their own times, microseconds since 1970.
        value: NaN is neither near to nor the same as anything.
        quality: What is doubtful already.
        conduct: Of each series, one slot for each.
    """
    flags = np.zeros(len(series_id), np.int32)
    reach(standing, series_id)
    is_judged = conduct.is_limited[series_id] & ((quality & NOT_JUDGED) == 0)
    is_judged &= measured_us > standing.newest_us[series_id]
    rows = _in_order(series_id, measured_us, np.flatnonzero(is_judged))
    if len(rows):
        flags[rows] = _judged(
            standing, series_id[rows], measured_us[rows], value[rows], conduct
        )
    return flags


def _in_order(
    series_id: NDArray[np.int32], at_us: NDArray[np.int64], rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the rows series by series, oldest first; as they are if all differ."""
    ids = series_id[rows]
    last = np.empty(int(ids.max(initial=-1)) + 1, np.intp)
    last[ids] = np.arange(len(ids))
    if (last[ids] == np.arange(len(ids))).all():
        return rows
    return rows[np.lexsort((at_us[rows], ids))]


def _judged(
    standing: Standing,
    series_id: NDArray[np.int32],
    at_us: NDArray[np.int64],
    value: NDArray[np.float64],
    conduct: Conduct,
) -> NDArray[np.int32]:
    starts = np.ones(len(series_id), np.bool_)
    starts[1:] = series_id[1:] != series_id[:-1]
    before_us = np.where(starts, standing.newest_us[series_id], np.roll(at_us, 1))
    before = np.where(starts, standing.value[series_id], np.roll(value, 1))
    gap_us = at_us - before_us
    follows = before_us != 0
    most = conduct.leap[series_id] + conduct.fastest_per_s[series_id] * (
        gap_us / SECOND_US
    )
    jumps = follows & (np.abs(value - before) > most)

    stuck_after_us = conduct.stuck_after_us[series_id]
    is_same = follows & (value == before) & (gap_us <= stuck_after_us // LARGEST_GAP)
    since_us = _since(standing.since_us[series_id], at_us, starts, is_same)
    is_stuck = is_same & (value != 0) & (at_us - since_us >= stuck_after_us)

    is_last = np.roll(starts, -1)
    standing.newest_us[series_id[is_last]] = at_us[is_last]
    standing.value[series_id[is_last]] = value[is_last]
    standing.since_us[series_id[is_last]] = since_us[is_last]
    return flagged(jumps, Quality.JUMP) | flagged(is_stuck, Quality.STUCK)


def _since(
    known_us: NDArray[np.int64],
    at_us: NDArray[np.int64],
    starts: NDArray[np.bool_],
    is_same: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return since when each row's value stands, shape (n,).

    Args:
        known_us: Since when the remembered value of its series stands.
        at_us: Its own time.
        starts: Whether it is the first of its series.
        is_same: Whether its value is that of the row before, or the remembered one.
    """
    # Its run begins at the last row that changed, or at its series' first one; a first
    # one that did not change goes on with what is remembered.
    begins_us = np.where(is_same, known_us, at_us)
    row = np.arange(len(at_us))
    begin = np.maximum.accumulate(np.where(starts | ~is_same, row, 0))
    return begins_us[begin]
