"""What all measures on geofences share: which fences, how sure a fix is, the inputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples
from rules.fences.ground import NO_FENCE, FenceSet, Sets
from rules.fences.plane import Points
from rules.measures.measure import Columns
from vocabulary.position import DEGREES_E7, Positions
from vocabulary.quality import Quality
from vocabulary.registry_facts import GeofenceFacts
from vocabulary.times import SECOND_US

ACCURACY_M = 10.0
"""What a fix may be off by where the terminal does not tell."""

ACCURACY_M_PER_HDOP = 5.0
"""User range error of civil single-frequency receivers, one sigma, in metres: what an
HDOP of 1 stands for."""

NOT_THERE = Quality.JUMP | Quality.STUCK
"""A fix that leapt, or stands still while it drives, does not say where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What one slot asks of geofences.

    Attributes:
        fences: Which, by ascending id; at least one.
        band_m: How far beyond a border a fix must be to count as beyond it.
        accuracies: The same in multiples of what the fix may be off by.
        on: Bits of the terminal's inputs that must be set for the condition to hold.
        off: Bits that must not be.
        gap_s: Time between two fixes counts only if they are no further apart.
    """

    fences: FenceSet
    band_m: float
    accuracies: float
    on: int
    off: int
    gap_s: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What all slots of one measure ask; columns of shape (rows,)."""

    sets: Sets
    band_m: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    on: NDArray[np.int64]
    off: NDArray[np.int64]
    gap_us: NDArray[np.int64]

    @classmethod
    def of(cls, asked: Sequence[Ask]) -> Self:
        """Return the columns of what slots ask."""
        return cls(
            Sets.of([one.fences for one in asked]),
            np.array([one.band_m for one in asked], np.float64),
            np.array([one.accuracies for one in asked], np.float64),
            np.array([one.on for one in asked], np.int64),
            np.array([one.off for one in asked], np.int64),
            np.array([round(one.gap_s * SECOND_US) for one in asked], np.int64),
        )


@dataclass(frozen=True, slots=True)
class FenceColumns(Columns):
    """The settings of all slots of a measure on geofences.

    Attributes:
        asked: Which fences they ask about, and how.
    """

    asked: Asked

    def fence(self, place: int) -> GeofenceFacts | None:
        """Return the fence that a sample is about; None for NO_FENCE."""
        return None if place == NO_FENCE else self.asked.sets.ground.fences[place]

    def nearest(self, slot: int, lon: float, lat: float) -> int:
        """Return the fence of a slot's set that is nearest to a place in degrees."""
        sets = self.asked.sets
        lon_e7, lat_e7 = (
            np.array([round(d * DEGREES_E7)], np.int32) for d in (lon, lat)
        )
        points = sets.ground.plane.points(lon_e7, lat_e7)
        _, fence = sets.nearest(self.place[[slot]], points)
        return int(fence[0])


@dataclass(frozen=True, slots=True)
class Fixes:
    """The fixes behind some samples; columns of shape (n,).

    Attributes:
        row: Row of the slot among those of the measure.
        lon_e7: Degrees east times 1e7.
        lat_e7: Degrees north times 1e7.
        points: The same on the map.
        speed_kmh: NaN where not sent.
        band_m: How far beyond a border each must be.
        is_sound: Whether it says where the vehicle is.
        is_wanted: Whether the terminal's inputs are as the condition asks.
    """

    row: NDArray[np.intp]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    points: Points
    speed_kmh: NDArray[np.float64]
    band_m: NDArray[np.float64]
    is_sound: NDArray[np.bool_]
    is_wanted: NDArray[np.bool_]


def fixes_of(asked: Asked, place: NDArray[np.intp], samples: Samples) -> Fixes:
    """Return the fixes behind samples.

    Args:
        asked: By the slots of the measure.
        place: Row of each slot of the plan.
        samples: Of slots that judge positions.
    """
    fixes = Positions.empty() if samples.fixes is None else samples.fixes
    row, at = place[samples.slot], samples.row
    lon_e7, lat_e7, hdop = fixes.lon_e7[at], fixes.lat_e7[at], fixes.hdop[at]
    accuracy = np.where(hdop > 0, hdop * ACCURACY_M_PER_HDOP, ACCURACY_M)
    on, off, inputs = asked.on[row], asked.off[row], fixes.inputs[at]
    return Fixes(
        row=row,
        lon_e7=lon_e7,
        lat_e7=lat_e7,
        points=asked.sets.ground.plane.points(lon_e7, lat_e7),
        speed_kmh=fixes.speed_kmh[at].astype(np.float64),
        band_m=np.maximum(asked.band_m[row], asked.accuracies[row] * accuracy),
        is_sound=(samples.quality & NOT_THERE) == 0,
        is_wanted=((inputs & on) == on) & ((inputs & off) == 0),
    )


def any_inside(asked: Asked, fixes: Fixes) -> NDArray[np.bool_]:
    """Tell which fixes are in any fence of their rows' sets."""
    is_inside: NDArray[np.bool_] = _first_inside(asked, fixes) != NO_FENCE
    return is_inside


def outside_of(
    asked: Asked, fixes: Fixes
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return how many metres each fix is outside its set, and of which fence.

    A fix within any fence of the set is 0 m outside of the first of them; else it is
    the nearest that counts.
    """
    fence = _first_inside(asked, fixes)
    outside_m = np.zeros(len(fence))
    out = np.flatnonzero(fence == NO_FENCE)
    outside_m[out], fence[out] = asked.sets.nearest(
        fixes.row[out], fixes.points.take(out)
    )
    return outside_m, fence


def beyond_band(
    fixes: Fixes, outside_m: NDArray[np.float64], limit_m: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return metres outside; of fixes within their band they stay short of the limit.

    Such a fix is neither in nor out, so that nothing changes.

    Args:
        fixes: Shape (n,).
        outside_m: How far outside each is, shape (n,).
        limit_m: From where on it counts as outside, shape (n,).
    """
    short_m = np.minimum(outside_m, np.nextafter(limit_m, 0))
    return np.where(outside_m < fixes.band_m, short_m, outside_m)


def _first_inside(asked: Asked, fixes: Fixes) -> NDArray[np.intp]:
    """Return the first fence that each fix is in; NO_FENCE where it is in none."""
    sample, fence = asked.sets.inside(fixes.row, fixes.lon_e7, fixes.lat_e7)
    first = np.full(len(fixes.row), NO_FENCE, np.intp)
    first[sample[::-1]] = fence[::-1]  # the first of each, for it is written last
    return first
