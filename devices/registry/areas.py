"""Where a point lies: cells and geofences as shapes, WGS-84 degrees."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import shapely
from shapely.affinity import scale

from devices.registry.date_line import cut_at_date_line, made_continuous
from vocabulary.geometry import metres_per_degree
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

Key = TypeVar("Key", int, str)


class Areas(Generic[Key]):
    """Areas that can be asked which of them holds a point."""

    def __init__(self, geometries: Mapping[Key, str]) -> None:
        """Index areas.

        Args:
            geometries: GeoJSON geometry by key.
        """
        self._keys: list[Key] = sorted(geometries)
        self._places: dict[Key, int] = {
            key: place for place, key in enumerate(self._keys)
        }
        self._shapes = shapely.from_geojson([geometries[key] for key in self._keys])
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)

    def at(self, lon: float, lat: float) -> Key | None:
        """Return the key of the area that holds a point.

        A point on the border of two belongs to the one with the lesser key, so that
        every program gives the same answer.
        """
        point = shapely.Point(lon, lat)
        hits = self._tree.query(point, predicate="intersects")
        return self._keys[hits.min()] if hits.size else None

    def nearest(self, lon: float, lat: float) -> tuple[Key, float] | None:
        """Return the nearest area and how many metres away it is; 0 inside."""
        place = self._tree.nearest(shapely.Point(lon, lat))
        if place is None:
            return None
        key = self._keys[place]
        return key, self.distance_m(key, lon, lat)

    def distance_m(self, key: Key, lon: float, lat: float) -> float:
        """Return how far a point lies outside an area, in metres; 0 inside."""
        shape = self._shapes[self._places[key]]
        point = in_metres(shapely.Point(lon, lat), lat)
        return in_metres(shape, lat).distance(point)

    def overlaps(self) -> list[tuple[Key, Key, float]]:
        """Return pairs of areas that share ground, and how many square metres."""
        left, right = self._tree.query(self._shapes, predicate="intersects")
        shared: list[tuple[Key, Key, float]] = []
        for a, b in zip(left, right, strict=True):
            if a < b:
                common = self._shapes[a].intersection(self._shapes[b])
                ground = in_metres(common, common.centroid.y) if common.area else common
                if ground.area:
                    shared.append((self._keys[a], self._keys[b], ground.area))
        return shared


def in_metres(
    shape: shapely.geometry.base.BaseGeometry, lat: float
) -> shapely.geometry.base.BaseGeometry:
    """Return a shape in degrees as one in metres, true around latitude `lat`."""
    east, north = metres_per_degree(lat)
    return scale(shape, east, north, origin=(0, 0))


def geofence_area(
    geofence: GeofenceFacts, *, grow_m: float = 0.0
) -> shapely.geometry.base.BaseGeometry:
    """Return the area of a geofence, in degrees between -180 and 180.

    Args:
        geofence: Of any shape: a circle or corridor is widened by its `radius_m`.
        grow_m: Metres to move the border outwards; inwards if negative.
    """
    drawn = made_continuous(shapely.from_geojson(geofence.geometry))
    widen_m = grow_m
    if geofence.shape is not GeofenceShape.POLYGON:
        widen_m += geofence.radius_m or 0.0
    if widen_m == 0:
        return cut_at_date_line(drawn)
    east, north = metres_per_degree(drawn.centroid.y)
    widened = scale(drawn, east, north, origin=(0, 0)).buffer(widen_m)
    area = scale(widened, 1 / east, 1 / north, origin=(0, 0))
    return cut_at_date_line(area)
