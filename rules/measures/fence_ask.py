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
        return int(sets.nearest(self.place[[slot]], points)[0])


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

    def __len__(self) -> int:
        return len(self.row)

    def take(self, rows: NDArray[np.intp]) -> Self:
        """Return some of them, by index."""
        return type(self)(
            self.row[rows],
            self.lon_e7[rows],
            self.lat_e7[rows],
            self.points.take(rows),
            self.speed_kmh[rows],
            self.band_m[rows],
            self.is_sound[rows],
            self.is_wanted[rows],
        )


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


def nearest_of(
    asked: Asked, fixes: Fixes
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return the fence of its set that each fix is in or nearest to, and whether in.

    Of several that it is in, it is the first.
    """
    sample, inside = asked.sets.inside(fixes.row, fixes.lon_e7, fixes.lat_e7)
    fence = np.full(len(fixes), NO_FENCE, np.intp)
    fence[sample[::-1]] = inside[::-1]  # the first of each, for it is written last
    is_inside: NDArray[np.bool_] = fence != NO_FENCE
    out = np.flatnonzero(~is_inside)
    fence[out] = asked.sets.nearest(fixes.row[out], fixes.points.take(out))
    return fence, is_inside


def outside_m(
    asked: Asked, fixes: Fixes, fence: NDArray[np.intp], is_out: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return how many metres some fixes are outside a fence.

    Args:
        asked: By the slots of the measure.
        fixes: Shape (n,).
        fence: Place of the fence beside each, shape (n,).
        is_out: Which are asked for; the others get 0.
    """
    metres, out = np.zeros(len(fixes)), np.flatnonzero(is_out)
    plane = asked.sets.ground.plane
    metres[out] = plane.outside_m(fence[out], fixes.points.take(out))
    return metres


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
