"""Areas on a conformal map, where distances to them are taken.

One map serves all areas of a city, and of a country. It is cut open at the 180th
meridian, or for a city near that one at the prime meridian, so that nothing is torn.
Not half a world away from the areas themselves: then the last bit of a distance would
depend on which other areas there are, and fewer could not be decided on again alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from devices.registry.date_line import HALF_TURN, TURN, turned_to
from vocabulary.geometry import mercator
from vocabulary.position import DEGREES_E7

LONGEST_EDGE_DEG = 0.05
"""Straight on the map and straight in degrees differ by centimetres up to here."""


CUT_OPEN_DEG = (-142.0, 162.0)
"""Areas between these meridians lie on the map cut at 180 degrees, those beyond on the
one cut at 0. No city stands on either: they run through open sea and empty land."""


@dataclass(frozen=True, slots=True)
class Points:
    """Fixes on the map; columns of shape (n,).

    Attributes:
        x: East on the map.
        y: North on the map.
        scale: Metres on the ground per metre on the map.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    scale: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return some of them, by index or mask."""
        return type(self)(self.x[rows], self.y[rows], self.scale[rows])

    def metres_to(self, other: Self) -> NDArray[np.float64]:
        """Return how far each is from the one beside it."""
        return np.hypot(self.x - other.x, self.y - other.y) * self.scale


@dataclass(frozen=True, slots=True)
class Plane:
    """Areas on a map of their own.

    Attributes:
        lon: Its middle meridian, degrees east.
        shapes: The areas, shape (areas,).
        borders: Their borders, shape (areas,).
        room_m: Of each, its ground over the length of its border, in metres: about
            half of the radius of what fits in; shape (areas,).
    """

    lon: float
    shapes: NDArray[np.object_]
    borders: NDArray[np.object_]
    room_m: NDArray[np.float64]

    @classmethod
    def of(cls, areas: Sequence[BaseGeometry]) -> Self:
        """Return the plane of areas in degrees."""
        lon = _middle(areas[0]) if areas else 0.0
        shapes = np.empty(len(areas), np.object_)
        shapes[:] = [_on_map(area, lon) for area in areas]
        borders = shapely.boundary(shapes)
        shapely.prepare(shapes)
        middle = [area.representative_point().y for area in areas]
        _, _, scale = mercator(np.zeros(len(areas)), np.array(middle))
        room = shapely.area(shapes) / np.maximum(shapely.length(shapes), 1e-9)
        return cls(lon, shapes, borders, room * scale)

    def points(self, lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]) -> Points:
        """Return fixes, degrees times 1e7, on the map."""
        east = lon_e7 / DEGREES_E7 - self.lon
        east -= TURN * np.floor((east + HALF_TURN) / TURN)
        return Points(*mercator(east, lat_e7 / DEGREES_E7))

    def outside_m(self, area: NDArray[np.intp], points: Points) -> NDArray[np.float64]:
        """Return how far each point is outside the area beside it; 0 within."""
        spots = shapely.points(points.x, points.y)
        return shapely.distance(self.shapes[area], spots) * points.scale

    def border_m(self, area: NDArray[np.intp], points: Points) -> NDArray[np.float64]:
        """Return how far each point is from the border of the area beside it."""
        spots = shapely.points(points.x, points.y)
        return shapely.distance(self.borders[area], spots) * points.scale

    def within_m(
        self, area: NDArray[np.intp], begin: Points, end: Points
    ) -> NDArray[np.float64]:
        """Return how many metres of each way from point to point lie in the area."""
        ways = ways_between(begin, end)
        return shapely.length(shapely.intersection(self.shapes[area], ways)) * end.scale


def ways_between(begin: Points, end: Points) -> NDArray[np.object_]:
    """Return straight lines on the map."""
    corners = np.stack(
        (np.stack((begin.x, begin.y), axis=1), np.stack((end.x, end.y), axis=1)), axis=1
    )
    return np.asarray(shapely.linestrings(corners), np.object_)


def _middle(area: BaseGeometry) -> float:
    """Return the middle meridian of the map that an area lies on."""
    west, east = CUT_OPEN_DEG
    # The middle of two parts beside the date line is half a world away from both.
    lon = float(area.representative_point().x)
    lon -= TURN * math.floor((lon + HALF_TURN) / TURN)
    return 0.0 if west < lon < east else HALF_TURN


def _on_map(area: BaseGeometry, lon: float) -> BaseGeometry:
    """Return an area in degrees on the map around a meridian."""
    turned = shapely.segmentize(turned_to(area, lon), LONGEST_EDGE_DEG)
    return shapely.transform(
        turned, lambda at: np.stack(mercator(at[:, 0], at[:, 1])[:2], axis=1)
    )
