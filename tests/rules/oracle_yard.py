"""A flat yard in metres, on which shapely alone judges where a fix is.

What lies so near a border that a map could tell it either way is refused: `TooClose`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from rules.conditions.fence_keys import FenceKeys
from vocabulary.geometry import metres_per_degree
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

S = 1_000_000
DOUBT_M = 0.4
"""So near to a border a drawn circle and a round one differ."""


class TooClose(Exception):  # noqa: N818 no error: this fix is not to be used
    """Nobody should ask about this fix."""


class Spot(NamedTuple):
    """One fix: its own time in microseconds, and where it is in metres."""

    at: int
    east_m: float
    north_m: float
    speed_kmh: float
    hdop: float
    inputs: int
    quality: int


class Lot(NamedTuple):
    """One geofence on the yard, by its name."""

    name: str
    shape: BaseGeometry


@dataclass(frozen=True)
class Yard:
    """A flat piece of ground around a place in degrees."""

    lon: float
    lat: float

    def metres(self, lon: float, lat: float) -> tuple[float, float]:
        """Return metres east and north; the shorter way round the globe."""
        east_m, north_m = metres_per_degree(self.lat)
        east = (lon - self.lon + 180) % 360 - 180
        return east * east_m, (lat - self.lat) * north_m

    @classmethod
    def around(cls, *fences: GeofenceFacts) -> Self:
        """Return the yard around the first of some fences."""
        for fence in fences:
            middle = shapely.get_coordinates(shapely.from_geojson(fence.geometry))[0]
            return cls(float(middle[0]), float(middle[1]))
        return cls(0.0, 0.0)

    def spot(self, fixes: Positions, row: int) -> Spot:
        """Return one fix."""
        lon, lat = int(fixes.lon_e7[row]) / 1e7, int(fixes.lat_e7[row]) / 1e7
        return Spot(
            int(fixes.fixed_us[row]),
            *self.metres(lon, lat),
            _told(fixes.speed_kmh[row]),
            _told(fixes.hdop[row]),
            int(fixes.inputs[row]),
            int(fixes.quality[row]),
        )

    def lot(self, fence: GeofenceFacts) -> Lot:
        drawn = shapely.from_geojson(fence.geometry)
        flat = shapely.transform(
            drawn, lambda at: np.array([self.metres(*one) for one in at])
        )
        if fence.shape is not GeofenceShape.POLYGON:
            flat = flat.buffer(fence.radius_m or 0.0, quad_segs=64)
        return Lot(fence.name_en, flat)


Told = tuple[float | None, str]
"""The number that is judged, None if unknown; and the fence that it is about."""

NONE = ""


def _told(number: np.float32) -> float:
    """Return a number; what was not told is the same each time."""
    return math.nan if np.isnan(number) else float(number)


class Fenced(Protocol):
    """A sample of a slot, of which only the fix counts here."""

    @property
    def spot(self) -> Spot | None:
        """The fix."""


def fix_of(sample: Fenced) -> Spot:
    assert sample.spot is not None
    return sample.spot


def clear_of(metres: float, edge_m: float) -> float:
    """Return metres that are surely on one side of an edge."""
    if abs(metres - edge_m) < DOUBT_M:
        raise TooClose
    return metres


@dataclass
class Ask:
    """Which fences, how far beyond them is beyond, and which inputs must be how."""

    keys: FenceKeys
    lots: Sequence[Lot]
    gap_s: float

    def says_where(self, spot: Spot) -> bool:
        return not spot.quality & (Quality.JUMP | Quality.STUCK)

    def is_wanted(self, spot: Spot) -> bool:
        on, off = self.keys.on, self.keys.off
        return spot.inputs & on == on and spot.inputs & off == 0

    def band_m(self, spot: Spot) -> float:
        may_be_off_m = 5 * spot.hdop if spot.hdop > 0 else 10
        return max(self.keys.band_m, self.keys.accuracies * may_be_off_m)

    def holding(self, spot: Spot) -> list[Lot]:
        point = shapely.Point(spot.east_m, spot.north_m)
        for lot in self.lots:
            clear_of(lot.shape.boundary.distance(point), 0)
        return [lot for lot in self.lots if lot.shape.covers(point)]

    def outside(self, spot: Spot) -> tuple[float, str]:
        """Return the metres to the nearest fence, and its name; 0 inside."""
        if held := self.holding(spot):
            return 0.0, held[0].name
        point = shapely.Point(spot.east_m, spot.north_m)
        found = sorted((lot.shape.distance(point), lot.name) for lot in self.lots)
        for other_m, _ in found[1:]:
            clear_of(other_m, found[0][0])
        return found[0]

    def step(self, before: int | None, at: int) -> int | None:
        """Return the time between two fixes; None if it is a gap, or there is none."""
        if before is None or at - before > self.gap_s * S:
            return None
        return at - before
