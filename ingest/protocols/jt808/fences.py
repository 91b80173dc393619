"""Our geofences as areas that a terminal can watch.

    polygon, four corners along meridians and parallels   rectangle, 0x8602
    polygon, any other                                    polygon, 0x8604
    circle                                                circle, 0x8600
    corridor                                              route, 0x8606

A terminal's polygon has no holes, so those of ours are left out: inside them the
terminal is silent, and the platform, which judges for itself, is not.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ingest.protocols.jt808 import areas
from ingest.protocols.jt808.areas import AreaFlag, Change, Point, Terms
from ingest.protocols.jt808.location import DEGREES_E6
from ingest.protocols.jt808.route import SegmentFlag, SetRoute, Turn
from vocabulary.coordinates import gcj02_from_wgs84
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

AreaMessage: TypeAlias = (
    areas.SetCircles | areas.SetRectangles | areas.SetPolygon | SetRoute
)
"""What makes a terminal watch an area."""

PARTS_OF_ONE = 256
"""Most parts of one geofence; an area's id is its geofence's times this, plus which."""

MAX_WIDTH_M = 255
"""Widest segment of a route."""

OVERSPEED_AFTER_S = 10
"""How long a speed limit must be exceeded."""

OUT_OF_AREA = AreaFlag.TELL_DRIVER_OUT | AreaFlag.TELL_PLATFORM_OUT
"""What a work area is watched for: the vehicle leaves it."""

_LEAST_CORNERS = 3
_RECTANGLE_CORNERS = 4

LonLat: TypeAlias = tuple[float, float]


class FenceError(ValueError):
    """A geofence is none that a terminal could watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How a terminal is to watch a geofence.

    Attributes:
        flags: When it counts, and whom to tell.
        speed_kmh: Speed limit in it; None for none.
        datum: What the terminal's own coordinates are in, `wgs84` or `gcj02`.
    """

    flags: AreaFlag = OUT_OF_AREA
    speed_kmh: int | None = None
    datum: str = "wgs84"


def area_messages(fence: GeofenceFacts, watch: Watch) -> list[AreaMessage]:
    """Return the messages that make a terminal watch a geofence.

    Args:
        fence: The geofence, WGS-84.
        watch: How to watch it.

    Raises:
        FenceError: If no terminal could.
    """
    geometry = json.loads(fence.geometry)
    found = geometry["coordinates"]
    match fence.shape:
        case GeofenceShape.CIRCLE:
            return [_circle(fence, _points(fence, [found], watch), watch)]
        case GeofenceShape.CORRIDOR:
            return [_route(fence, _points(fence, found, watch), watch)]
        case GeofenceShape.POLYGON:
            polygons = found if geometry["type"] == "MultiPolygon" else [found]
            if len(polygons) > PARTS_OF_ONE:
                raise FenceError(f"{fence.code} has {len(polygons)} parts")
            rings = [_points(fence, polygon[0], watch) for polygon in polygons]
            return [_polygon(fence, n, ring, watch) for n, ring in enumerate(rings)]


@dataclass(frozen=True, slots=True)
class _Points:
    """Points on one side of the equator and of Greenwich, and which."""

    points: tuple[Point, ...]
    sides: AreaFlag


def _points(fence: GeofenceFacts, found: Sequence[LonLat], watch: Watch) -> _Points:
    if watch.datum == "gcj02":
        found = [gcj02_from_wgs84(lon, lat) for lon, lat, *_ in found]
    souths = {lat < 0 for _, lat, *_ in found}
    wests = {lon < 0 for lon, *_ in found}
    if len(souths) > 1 or len(wests) > 1:
        raise FenceError(f"{fence.code} crosses the equator or a zero meridian")
    points = tuple(
        Point(round(abs(lat) * DEGREES_E6), round(abs(lon) * DEGREES_E6))
        for lon, lat, *_ in found
    )
    sides = AreaFlag.SOUTH if True in souths else AreaFlag(0)
    return _Points(points, sides | (AreaFlag.WEST if True in wests else AreaFlag(0)))


def _terms(fence: GeofenceFacts, part: int, sides: AreaFlag, watch: Watch) -> Terms:
    flags = watch.flags | sides
    if watch.speed_kmh is not None:
        flags |= AreaFlag.SPEED_LIMITED
    return Terms(
        id=fence.id * PARTS_OF_ONE + part,
        flags=flags,
        speed_kmh=watch.speed_kmh or 0,
        after_s=OVERSPEED_AFTER_S,
        night_kmh=watch.speed_kmh or 0,
        name=fence.name_zh,
    )


def _circle(fence: GeofenceFacts, centre: _Points, watch: Watch) -> areas.SetCircles:
    circle = areas.Circle(
        terms=_terms(fence, 0, centre.sides, watch),
        centre=centre.points[0],
        radius_m=round(fence.radius_m or 0),
    )
    return areas.SetCircles(change=Change.ADD, circles=(circle,))


def _polygon(
    fence: GeofenceFacts, part: int, ring: _Points, watch: Watch
) -> areas.SetPolygon | areas.SetRectangles:
    corners = ring.points[:-1] if ring.points[0] == ring.points[-1] else ring.points
    if len(corners) < _LEAST_CORNERS:
        raise FenceError(f"{fence.code} has {len(corners)} corners")
    terms = _terms(fence, part, ring.sides, watch)
    lats = sorted({corner.lat_e6 for corner in corners})
    lons = sorted({corner.lon_e6 for corner in corners})
    if len(corners) != _RECTANGLE_CORNERS or (len(lats), len(lons)) != (2, 2):
        return areas.SetPolygon(terms=terms, points=corners)
    # Without their sides, what is north and west depends on where it is.
    north, south = lats if AreaFlag.SOUTH in ring.sides else reversed(lats)
    west, east = reversed(lons) if AreaFlag.WEST in ring.sides else lons
    rectangle = areas.Rectangle(
        terms=terms, north_west=Point(north, west), south_east=Point(south, east)
    )
    return areas.SetRectangles(change=Change.ADD, rectangles=(rectangle,))


def _route(fence: GeofenceFacts, line: _Points, watch: Watch) -> SetRoute:
    width_m = round(2 * (fence.radius_m or 0))
    if not 1 <= width_m <= MAX_WIDTH_M:
        raise FenceError(f"{fence.code} is {width_m} m wide; 1 to {MAX_WIDTH_M} can be")
    flags = SegmentFlag(0) if watch.speed_kmh is None else SegmentFlag.SPEED_LIMITED
    if AreaFlag.SOUTH in line.sides:
        flags |= SegmentFlag.SOUTH
    if AreaFlag.WEST in line.sides:
        flags |= SegmentFlag.WEST
    turns = tuple(
        Turn(
            id=n,
            segment_id=n,
            point=point,
            width_m=width_m,
            flags=flags,
            speed_kmh=watch.speed_kmh or 0,
            after_s=OVERSPEED_AFTER_S,
            night_kmh=watch.speed_kmh or 0,
        )
        for n, point in enumerate(line.points, start=1)
    )
    return SetRoute(
        id=fence.id * PARTS_OF_ONE, flags=watch.flags, turns=turns, name=fence.name_zh
    )
