"""Metres on the ground from degrees: WGS-84, for things the size of a city.

Everything here treats the ground around one latitude as flat. Over ten kilometres the
error of a distance is below one part in ten thousand, less than any fix's.
"""

from itertools import pairwise
from math import cos, hypot, radians

import numpy as np
from numpy.typing import NDArray

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


def mercator(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return degrees on Mercator's conformal map of the ellipsoid (EPSG method 9804).

    It is true to angles everywhere, so distances that are small beside the globe are
    those on the map times the scale there: good to 0.1 % over 10 km at 50 degrees.

    Args:
        lon: Degrees east, shape (n,).
        lat: Degrees north, shape (n,); further than 89.9 from the equator is taken as
            that, for the map has no poles.

    Returns:
        x, y, and metres on the ground per metre on the map; shape (n,) each.
    """
    phi = np.radians(np.clip(lat, -89.9, 89.9))
    sine = np.sin(phi)
    eccentricity = np.sqrt(ECCENTRICITY_SQUARED)
    y = np.arctanh(sine) - eccentricity * np.arctanh(eccentricity * sine)
    scale = np.cos(phi) / np.sqrt(1 - ECCENTRICITY_SQUARED * sine**2)
    return SEMI_MAJOR_M * np.radians(lon), SEMI_MAJOR_M * y, scale


def ring_area_m2(ring: Ring) -> float:
    """Return the area inside a closed ring of (lon, lat) degrees, in square metres."""
    lon_0, lat_0 = ring[0]
    east, north = metres_per_degree(sum(lat for _, lat in ring) / len(ring))
    flat = [((lon - lon_0) * east, (lat - lat_0) * north) for lon, lat in ring]
    doubled = sum(x_a * y_b - x_b * y_a for (x_a, y_a), (x_b, y_b) in pairwise(flat))
    return abs(doubled) / 2
