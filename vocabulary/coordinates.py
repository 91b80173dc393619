"""Datums of longitude and latitude: WGS-84, GCJ-02 and BD-09, each way.

Inside this program everything is WGS-84 (CGCS2000 is taken as equal to it). GCJ-02 is
what AMap and Tencent draw on, WGS-84 pushed aside by a few hundred metres inside China;
BD-09 is Baidu's, GCJ-02 pushed once more. No grid is ever asked in either.

Every function takes longitude and latitude in degrees, as floats or as arrays of one
shape, and returns the same. The way back is by iteration, to double precision; the
usual single step errs by up to three metres.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Degrees = TypeVar("Degrees", float, NDArray[np.float64])

SEMI_MAJOR_M = 6_378_245.0
"""Equatorial radius of Krasovsky's ellipsoid, which GCJ-02 computes on."""

ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943_23
"""Its first eccentricity, squared."""

LON_0, LAT_0 = 105.0, 35.0
"""What GCJ-02's polynomials are centred on, degrees."""

WEST, EAST = 72.004, 137.8347
"""Between these GCJ-02 differs from WGS-84, degrees."""

SOUTH, NORTH = 0.8293, 55.8271
"""And between these."""

BD_TURNS = np.pi * 3000 / 180
"""How fast BD-09's waves turn, per degree."""

BD_LON, BD_LAT = 0.0065, 0.006
"""BD-09's constant push, degrees."""

ROUNDS = 10
"""Rounds of iteration: each gains about three digits, so five would do."""


def gcj02_from_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return GCJ-02 degrees of WGS-84 degrees; the same outside China's box."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    return _like(lon, *_gcj02(x, y))


def wgs84_from_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return WGS-84 degrees of GCJ-02 degrees."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    return _like(lon, *_undone(_gcj02, x, y))


def bd09_from_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return BD-09 degrees of GCJ-02 degrees."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    return _like(lon, *_bd09(x, y))


def gcj02_from_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return GCJ-02 degrees of BD-09 degrees."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    return _like(lon, *_undone(_bd09, x, y))


def bd09_from_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return BD-09 degrees of WGS-84 degrees."""
    return bd09_from_gcj02(*gcj02_from_wgs84(lon, lat))


def wgs84_from_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Return WGS-84 degrees of BD-09 degrees."""
    return wgs84_from_gcj02(*gcj02_from_bd09(lon, lat))


_Array = NDArray[np.float64]
_Pair = tuple[_Array, _Array]


def _like(given: Degrees, lon: _Array, lat: _Array) -> tuple[Degrees, Degrees]:
    """Return floats where floats were given."""
    if isinstance(given, np.ndarray):
        return lon, lat
    return float(lon), float(lat)


def _undone(
    forth: Callable[[_Array, _Array], _Pair], lon: _Array, lat: _Array
) -> _Pair:
    """Return what `forth` takes to the given degrees."""
    x, y = lon, lat
    for _ in range(ROUNDS):
        there_x, there_y = forth(x, y)
        x, y = x + (lon - there_x), y + (lat - there_y)
    return x, y


def _gcj02(lon: _Array, lat: _Array) -> _Pair:
    x, y = lon - LON_0, lat - LAT_0
    ripple = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    common = 0.1 * x * y + ripple * 2 / 3
    north_m = -100 + 2 * x + 3 * y + 0.2 * y**2 + 0.2 * np.sqrt(np.abs(x)) + common
    north_m += _waves(y, (20, 40, 160, 320))
    east_m = 300 + x + 2 * y + 0.1 * x**2 + 0.1 * np.sqrt(np.abs(x)) + common
    east_m += _waves(x, (20, 40, 150, 300))
    phi = np.radians(lat)
    flat = 1 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian_m = SEMI_MAJOR_M * (1 - ECCENTRICITY_SQUARED) / flat**1.5
    parallel_m = SEMI_MAJOR_M / np.sqrt(flat) * np.cos(phi)
    inside = (lon >= WEST) & (lon <= EAST) & (lat >= SOUTH) & (lat <= NORTH)
    return (
        np.where(inside, lon + np.degrees(east_m / parallel_m), lon),
        np.where(inside, lat + np.degrees(north_m / meridian_m), lat),
    )


def _waves(at: _Array, heights: tuple[float, float, float, float]) -> _Array:
    """Return the sum of GCJ-02's four waves, of 2, 6, 24 and 60 degrees."""
    one, two, three, four = heights
    waves: _Array = (
        one * np.sin(np.pi * at)
        + two * np.sin(np.pi * at / 3)
        + three * np.sin(np.pi * at / 12)
        + four * np.sin(np.pi * at / 30)
    )
    return waves * 2 / 3


def _bd09(lon: _Array, lat: _Array) -> _Pair:
    radius = np.hypot(lon, lat) + 2e-5 * np.sin(BD_TURNS * lat)
    angle = np.arctan2(lat, lon) + 3e-6 * np.cos(BD_TURNS * lon)
    return radius * np.cos(angle) + BD_LON, radius * np.sin(angle) + BD_LAT
