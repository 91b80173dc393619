"""Metres instead of degrees, good to a few centimetres across one town."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vocabulary.geometry import metres_per_degree

Line = NDArray[np.float64]
"""Points of shape (n, 2): metres east and north, or degrees lon and lat."""


@dataclass(frozen=True, slots=True)
class Plane:
    """A flat map touching the earth at one point.

    Attributes:
        lon: Degrees east of the point with x = 0.
        lat: Degrees north of the point with y = 0.
    """

    lon: float
    lat: float

    def metres(self, degrees: Line) -> Line:
        """Return metres east and north of shape (n, 2) for lon and lat."""
        return (degrees - (self.lon, self.lat)) * metres_per_degree(self.lat)

    def degrees(self, metres: Line) -> Line:
        """Return lon and lat of shape (n, 2) for metres east and north."""
        return metres / metres_per_degree(self.lat) + (self.lon, self.lat)

    def distance_m(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """Return the metres between two places given as (lon, lat)."""
        east, north = metres_per_degree(self.lat)
        return math.hypot((a[0] - b[0]) * east, (a[1] - b[1]) * north)
