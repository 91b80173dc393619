"""How far outside an area a vehicle is."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from devices.registry.areas import geofence_area, in_metres
from vocabulary.geometry import metres_per_degree
from vocabulary.position import DEGREES_E7
from vocabulary.registry_facts import GeofenceFacts


@dataclass(frozen=True, slots=True)
class Fence:
    """One area on the flat ground around it.

    Attributes:
        shape: The area, metres east and north.
        east_m: Metres per degree of longitude there.
        north_m: Metres per degree of latitude there.
    """

    shape: shapely.geometry.base.BaseGeometry
    east_m: float
    north_m: float

    @classmethod
    def of(cls, geofence: GeofenceFacts) -> Self:
        """Return a geofence, ready to be asked."""
        area = geofence_area(geofence)
        lat = area.centroid.y
        shape = in_metres(area, lat)
        shapely.prepare(shape)
        return cls(shape, *metres_per_degree(lat))

    def outside_m(
        self, lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]
    ) -> NDArray[np.float64]:
        """Return the distance from points to the area, in metres; 0 within it.

        Args:
            lon_e7: Degrees east times 1e7, shape (n,).
            lat_e7: Degrees north times 1e7, shape (n,).
        """
        east = lon_e7 * (self.east_m / DEGREES_E7)
        north = lat_e7 * (self.north_m / DEGREES_E7)
        outside = ~shapely.intersects_xy(self.shape, east, north)
        distance = np.zeros(len(east))
        points = shapely.points(east[outside], north[outside])
        distance[outside] = shapely.distance(self.shape, points)
        return distance
