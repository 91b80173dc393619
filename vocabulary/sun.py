"""Where the sun stands: the astronomical clock (天文钟) that switches street lamps.

The low-precision solar coordinates of J. Meeus, Astronomical Algorithms, chapters 25
and 28, as columns. Good to 0.01 degrees over 1900-2100, which is some seconds of a
sunset. The angle is geometric: the air lifts a sun at the horizon by about half a
degree, so sunrise and sunset are at `HORIZON_DEG`.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vocabulary.local_time import DAY_US
from vocabulary.times import SECOND_US

HORIZON_DEG = -0.833
"""Elevation of the sun's centre when its upper edge is on the horizon: refraction 34',
half the disc 16'."""

_J2000_US = 946_728_000 * SECOND_US  # 2000-01-01T12:00Z, taken as terrestrial time too
_CENTURY_DAYS = 36_525.0


def elevation_deg(
    at_us: ArrayLike, lon_deg: ArrayLike, lat_deg: ArrayLike
) -> NDArray[np.float64]:
    """Return the sun's elevation above the horizon, without refraction.

    Args:
        at_us: Microseconds since 1970, UTC, shape (n,) or one.
        lon_deg: Degrees east, shape (n,) or one.
        lat_deg: Degrees north, shape (n,) or one.

    Returns:
        Degrees, negative below the horizon, shape (n,).
    """
    at = np.atleast_1d(np.asarray(at_us, np.int64))
    century = (at - _J2000_US) / (DAY_US * _CENTURY_DAYS)
    declination, equation_of_time = _apparent(century)
    turned = (at % DAY_US) / DAY_US * 360.0
    hour_angle = np.radians(turned + equation_of_time + np.asarray(lon_deg) - 180.0)
    lat = np.radians(np.asarray(lat_deg, np.float64))
    sine = np.sin(lat) * np.sin(declination)
    sine = sine + np.cos(lat) * np.cos(declination) * np.cos(hour_angle)
    elevation: NDArray[np.float64] = np.degrees(np.arcsin(np.clip(sine, -1.0, 1.0)))
    return elevation


def _apparent(
    century: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the declination in radians and the equation of time in degrees."""
    mean_longitude = np.radians(
        280.46646 + century * (36_000.76983 + century * 0.0003032)
    )
    anomaly = np.radians(357.52911 + century * (35_999.05029 - century * 0.0001537))
    eccentricity = 0.016708634 - century * (0.000042037 + century * 0.0000001267)
    node = np.radians(125.04 - 1934.136 * century)
    longitude = mean_longitude + np.radians(
        _equation_of_centre(century, anomaly) - 0.00569 - 0.00478 * np.sin(node)
    )
    obliquity = np.radians(
        23.439291 - century * (0.013004 + century * 1.64e-7) + 0.00256 * np.cos(node)
    )
    declination = np.arcsin(np.sin(obliquity) * np.sin(longitude))
    return declination, _equation_of_time_deg(
        mean_longitude, anomaly, eccentricity, np.tan(obliquity / 2) ** 2
    )


def _equation_of_centre(
    century: NDArray[np.float64], anomaly: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return how far the true sun is ahead of the mean one, degrees."""
    first = 1.914602 - century * (0.004817 + century * 0.000014)
    second = 0.019993 - century * 0.000101
    return (
        first * np.sin(anomaly)
        + second * np.sin(2 * anomaly)
        + 0.000289 * np.sin(3 * anomaly)
    )


def _equation_of_time_deg(
    longitude: NDArray[np.float64],
    anomaly: NDArray[np.float64],
    eccentricity: NDArray[np.float64],
    y: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how far a sundial is ahead of the clock (Smart's series), degrees."""
    return np.degrees(
        y * np.sin(2 * longitude)
        - 2 * eccentricity * np.sin(anomaly)
        + 4 * eccentricity * y * np.sin(anomaly) * np.cos(2 * longitude)
        - y**2 / 2 * np.sin(4 * longitude)
        - 1.25 * eccentricity**2 * np.sin(2 * anomaly)
    )
