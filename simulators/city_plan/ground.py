"""From the drawing board to the ground: plan metres to WGS-84 degrees."""

from collections.abc import Iterable
from math import cos, radians, sin

from vocabulary.geometry import metres_per_degree

CENTRE_LON = 111.0
"""Degrees east of the sample city's centre."""

CENTRE_LAT = 35.02
"""Degrees north of the sample city's centre."""

TURN_DEG = 5.0
"""How far the whole plan is turned, so that no street runs due north."""

BEND_M = 13.0
"""How far the ground pushes a point aside, at most, along each axis."""

BEND_LENGTH_M = 620.0
"""Length of one wave of that push."""

DIGITS = 7
"""Decimals of a degree in files: one centimetre."""

Degrees = tuple[float, float]
"""Longitude and latitude, WGS-84, rounded."""


def degrees(x: float, y: float) -> Degrees:
    """Return where a point of the plan lies on the ground."""
    wave = radians(360 / BEND_LENGTH_M)
    bent_x = x + BEND_M * sin(wave * y + 0.7)
    bent_y = y + BEND_M * sin(wave * x - 0.4)
    turn = radians(TURN_DEG)
    east, north = metres_per_degree(CENTRE_LAT)
    lon = CENTRE_LON + (bent_x * cos(turn) - bent_y * sin(turn)) / east
    lat = CENTRE_LAT + (bent_x * sin(turn) + bent_y * cos(turn)) / north
    return round(lon, DIGITS), round(lat, DIGITS)


def all_degrees(points: Iterable[tuple[float, ...]]) -> list[Degrees]:
    """Return where each point of a line lies on the ground."""
    return [degrees(point[0], point[1]) for point in points]
