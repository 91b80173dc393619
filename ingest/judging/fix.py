"""Fixes that cannot be where they say, or are the one before again: pure, over columns.

In the order of the terminals' own times, vehicle by vehicle:

    further from the one before than can be driven in the time between     JUMP
    the very same place although it drives, for 100 m and more             STUCK

What is from the future or out of range is not judged, and nothing is judged by it.
"""

from dataclasses import dataclass, field
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.judging.columns import integers, numbers, reach
from ingest.judging.judge import flagged
from vocabulary.position import DEGREES_E7, Positions
from vocabulary.quality import Quality
from vocabulary.times import SECOND_US

Number = TypeVar("Number", np.int64, np.float64)

NOT_JUDGED = Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.SENSOR_FAULT
"""Doubtful already."""

LEAP_M = 500.0
"""A fix after a tunnel, or one of several in a second, may be off by this."""

FASTEST_M_S = 70.0
"""252 km/h: nothing of ours drives so fast."""

DRIVING_KMH = 10.0
"""Slower, receivers hold their place on purpose."""

FROZEN_M = 100.0
"""A moving antenna does not see the same place, to a centimetre, for so long."""

LARGEST_GAP_US = 60 * SECOND_US
"""Between fixes further apart it may have stopped, and come back."""

METRES_PER_DEGREE = 111_195.0
"""On a sphere; good to a percent, which is enough to tell what cannot be."""


@dataclass(slots=True)
class Tracks:
    """The newest judged fix of each vehicle, one slot each.

    Attributes:
        newest_us: When it was taken; 0 for none yet.
        heard_us: When we had it.
        peer_key: Who sent it, see `judge_clone.peer_key`.
        lon_e7: Where.
        lat_e7: Where.
        speed_kmh: How fast it said it was.
        frozen_m: How far it says it drove without leaving that place.
    """

    newest_us: NDArray[np.int64] = field(default_factory=integers)
    heard_us: NDArray[np.int64] = field(default_factory=integers)
    peer_key: NDArray[np.int64] = field(default_factory=integers)
    lon_e7: NDArray[np.int64] = field(default_factory=integers)
    lat_e7: NDArray[np.int64] = field(default_factory=integers)
    speed_kmh: NDArray[np.float64] = field(default_factory=numbers)
    frozen_m: NDArray[np.float64] = field(default_factory=numbers)


@dataclass(frozen=True, slots=True)
class Fixes:
    """Judged fixes, vehicle by vehicle, oldest first; columns of shape (n,).

    Attributes:
        row: Which of the positions it is.
        device_id: Whose it is.
        at_us: When it was taken.
        lon_e7: Where.
        lat_e7: Where.
        speed_kmh: How fast; NaN where not said.
        starts: Whether it is the first of its vehicle.
    """

    row: NDArray[np.intp]
    device_id: NDArray[np.int32]
    at_us: NDArray[np.int64]
    lon_e7: NDArray[np.int64]
    lat_e7: NDArray[np.int64]
    speed_kmh: NDArray[np.float64]
    starts: NDArray[np.bool_]

    def take(self, rows: NDArray[np.bool_]) -> Self:
        """Return the given ones, by mask."""
        return type(self)(
            *(getattr(self, name)[rows] for name in self.__dataclass_fields__)
        )


def judged_fixes(positions: Positions) -> Fixes:
    """Return those that can be judged, in their order."""
    row = np.flatnonzero((positions.quality & NOT_JUDGED) == 0)
    row = row[np.lexsort((positions.fixed_us[row], positions.device_id[row]))]
    device_id = positions.device_id[row]
    starts = np.ones(len(row), np.bool_)
    starts[1:] = device_id[1:] != device_id[:-1]
    return Fixes(
        row,
        device_id,
        positions.fixed_us[row],
        positions.lon_e7[row].astype(np.int64),
        positions.lat_e7[row].astype(np.int64),
        positions.speed_kmh[row].astype(np.float64),
        starts,
    )


def fix_flags(
    tracks: Tracks, fixes: Fixes
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return JUMP and STUCK where they hold, and `frozen_m` of each, shape (n,).

    Args:
        tracks: What was known before; none but its length changes.
        fixes: To be judged.
    """
    reach(tracks, fixes.device_id)
    before_us = _before(tracks.newest_us, fixes.at_us, fixes)
    gap_us = fixes.at_us - before_us
    east_e7 = fixes.lon_e7 - _before(tracks.lon_e7, fixes.lon_e7, fixes)
    north_e7 = fixes.lat_e7 - _before(tracks.lat_e7, fixes.lat_e7, fixes)
    east = east_e7 * np.cos(np.radians(fixes.lat_e7 / DEGREES_E7))
    moved_m = np.hypot(east, north_e7) * (METRES_PER_DEGREE / DEGREES_E7)
    most_m = LEAP_M + FASTEST_M_S * (np.abs(gap_us) / SECOND_US)
    jumps = (before_us != 0) & (moved_m > most_m)

    before_kmh = _before(tracks.speed_kmh, fixes.speed_kmh, fixes)
    slowest_kmh = np.minimum(fixes.speed_kmh, before_kmh)  # NaN if either is
    is_frozen = (before_us != 0) & (east_e7 == 0) & (north_e7 == 0)
    is_frozen &= (gap_us >= 0) & (gap_us <= LARGEST_GAP_US)
    is_frozen &= slowest_kmh >= DRIVING_KMH
    driven_m = np.where(is_frozen, slowest_kmh / 3.6 * (gap_us / SECOND_US), 0.0)
    frozen_m = _run(tracks.frozen_m[fixes.device_id], driven_m, fixes.starts, is_frozen)
    is_stuck = is_frozen & (frozen_m >= FROZEN_M)
    return flagged(jumps, Quality.JUMP) | flagged(is_stuck, Quality.STUCK), frozen_m


def remember(
    tracks: Tracks,
    fixes: Fixes,
    frozen_m: NDArray[np.float64],
    heard_us: NDArray[np.int64],
    peer_key: NDArray[np.int64],
) -> None:
    """Remember the newest fix of each vehicle.

    Args:
        tracks: Changed in place.
        fixes: Only those that count.
        frozen_m: Of each.
        heard_us: When we had each.
        peer_key: Who sent each.
    """
    is_last = np.ones(len(fixes.row), np.bool_)
    is_last[:-1] = fixes.device_id[1:] != fixes.device_id[:-1]
    is_last &= fixes.at_us >= tracks.newest_us[fixes.device_id]
    device_id = fixes.device_id[is_last]
    tracks.newest_us[device_id] = fixes.at_us[is_last]
    tracks.heard_us[device_id] = heard_us[is_last]
    tracks.peer_key[device_id] = peer_key[is_last]
    tracks.lon_e7[device_id] = fixes.lon_e7[is_last]
    tracks.lat_e7[device_id] = fixes.lat_e7[is_last]
    tracks.speed_kmh[device_id] = fixes.speed_kmh[is_last]
    tracks.frozen_m[device_id] = frozen_m[is_last]


def _before(
    known: NDArray[Number], column: NDArray[Number], fixes: Fixes
) -> NDArray[Number]:
    """Return a column's value in the fix before; of the first, what is remembered."""
    return np.where(fixes.starts, known[fixes.device_id], np.roll(column, 1))


def _run(
    known: NDArray[np.float64],
    more: NDArray[np.float64],
    starts: NDArray[np.bool_],
    goes_on: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return sums that grow while it goes on and else begin at zero, shape (n,).

    Args:
        known: The remembered sum of each vehicle.
        more: What each fix adds; 0 where it does not go on.
        starts: Whether it is the first of its vehicle.
        goes_on: Whether it goes on from the fix before, or from what is remembered.
    """
    begins = np.where(starts & goes_on, known + more, 0.0)
    total = np.cumsum(more)
    begin = np.maximum.accumulate(np.where(starts | ~goes_on, np.arange(len(more)), 0))
    return begins[begin] + total - total[begin]
