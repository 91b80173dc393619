"""Metres on the ground from degrees: WGS-84, for things the size of a city.

Everything here treats the ground around one latitude as flat. Over ten kilometres the
error of a distance is below one part in ten thousand, less than any fix's.
"""

from itertools import pairwise
from math import cos, hypot, radians

SEMI_MAJOR_M = 6_378_137.0
"""Equatorial radius of WGS-84 in metres."""

ECCENTRICITY_SQUARED = 6.694_379_990_141_316e-3
"""First eccentricity of WGS-84, squared."""

Ring = list[tuple[float, float]]
"""A closed line of (lon, lat) pairs in degrees; the first pair is also the last."""


def metres_per_degree(lat: float) -> tuple[float, float]:
    """Return how long one degree of longitude and one of latitude are.

    Args:
        lat: Degrees north.

    Returns:
        Metres per degree east, metres per degree north.
    """
    phi = radians(lat)
    flat = 1 - ECCENTRICITY_SQUARED * (1 - cos(phi) ** 2)
    east = SEMI_MAJOR_M * cos(phi) / flat**0.5
    north = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / flat**1.5
    return radians(east), radians(north)


def distance_m(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Return the distance in metres between two points in degrees, near each other."""
    east, north = metres_per_degree((lat_a + lat_b) / 2)
    return hypot((lon_b - lon_a) * east, (lat_b - lat_a) * north)


def ring_area_m2(ring: Ring) -> float:
    """Return the area inside a closed ring of (lon, lat) degrees, in square metres."""
    lon_0, lat_0 = ring[0]
    east, north = metres_per_degree(sum(lat for _, lat in ring) / len(ring))
    flat = [((lon - lon_0) * east, (lat - lat_0) * north) for lon, lat in ring]
    doubled = sum(x_a * y_b - x_b * y_a for (x_a, y_a), (x_b, y_b) in pairwise(flat))
    return abs(doubled) / 2
