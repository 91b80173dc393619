"""The sun against almanacs, and against what must hold anywhere."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.sun import HORIZON_DEG, elevation_deg
from vocabulary.times import us_from_datetime

MINUTE_US = 60_000_000

# Published almanac times, rounded to the minute: place, day, rise, set (UTC).
ALMANAC = (
    ("Beijing", 116.4074, 39.9042, "2024-06-20 20:46", "2024-06-21 11:46"),
    ("Beijing", 116.4074, 39.9042, "2024-12-20 23:32", "2024-12-21 08:52"),
    ("London", -0.1278, 51.5074, "2024-06-20 03:43", "2024-06-20 20:21"),
    ("London", -0.1278, 51.5074, "2024-12-21 08:04", "2024-12-21 15:53"),
    ("Sydney", 151.2093, -33.8688, "2024-06-20 21:00", "2024-06-21 06:54"),
)


def _crossing(lon: float, lat: float, near: datetime, *, rising: bool) -> datetime:
    """Return when the sun's edge crosses the horizon within an hour of `near`."""
    at = us_from_datetime(near) + np.arange(-3600, 3600, 5) * 1_000_000
    up = elevation_deg(at, lon, lat) > HORIZON_DEG
    turned = np.flatnonzero((up[1:] != up[:-1]) & (up[1:] == rising))
    assert len(turned) == 1
    return near + timedelta(seconds=float(turned[0] * 5 - 3600))


@pytest.mark.parametrize(("place", "lon", "lat", "rise", "down"), ALMANAC)
def test_sunrise_and_sunset_are_those_of_the_almanac(
    place: str, lon: float, lat: float, rise: str, down: str
) -> None:
    for text, rising in ((rise, True), (down, False)):
        told = datetime.fromisoformat(text).replace(tzinfo=UTC)
        off = abs(_crossing(lon, lat, told, rising=rising) - told)
        assert off <= timedelta(seconds=90), (place, text)


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    at=st.integers(0, 4_000_000_000_000_000),
)
def test_the_other_side_of_the_earth_sees_the_opposite(
    lon: float, lat: float, at: int
) -> None:
    here = elevation_deg(at, lon, lat)[0]
    there = elevation_deg(at, lon + 180, -lat)[0]
    assert here == pytest.approx(-there, abs=1e-6)


def test_the_sun_does_not_set_in_midsummer_beyond_the_polar_circle() -> None:
    start = us_from_datetime(datetime(2024, 6, 21, tzinfo=UTC))
    day = start + np.arange(1440) * MINUTE_US
    assert (elevation_deg(day, 25.0, 70.0) > HORIZON_DEG).all()
    assert (elevation_deg(day, 25.0, -70.0) < HORIZON_DEG).all()


def test_at_the_equinox_noon_the_sun_is_overhead_at_the_equator() -> None:
    noon = us_from_datetime(datetime(2024, 3, 20, 12, 7, 25, tzinfo=UTC))
    assert elevation_deg(noon, 0.0, 0.0)[0] == pytest.approx(90, abs=0.2)


def test_columns_of_places_are_one_call() -> None:
    at = us_from_datetime(datetime(2024, 6, 21, 4, tzinfo=UTC))
    lon, lat = np.array([111.0, 116.4, 121.5]), np.array([35.0, 39.9, 31.2])
    each = [elevation_deg(at, x, y)[0] for x, y in zip(lon, lat, strict=True)]
    np.testing.assert_allclose(elevation_deg(at, lon, lat), each)
