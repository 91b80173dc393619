"""Vectors: ten public implementations agree on them to the digits given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.coordinates import (
    bd09_from_gcj02,
    bd09_from_wgs84,
    gcj02_from_bd09,
    gcj02_from_wgs84,
    wgs84_from_bd09,
    wgs84_from_gcj02,
)
from vocabulary.geometry import distance_m

VECTORS = [
    # WGS-84, GCJ-02, BD-09
    ((116.3912757, 39.906217), (116.3975167, 39.9076182), (116.4038906, 39.9139619)),
    ((121.4737, 31.2304), (121.4782231, 31.2284577), (121.4847815, 31.2343106)),
    ((111.0035, 35.0228), (111.0092957, 35.0220473), (111.0156875, 35.0283367)),
]

HALF_A_DIGIT = 0.6e-7
DOUBLE_PRECISION_DEG = 1e-12
MICROMETRE_DEG = 1e-11
"""What is left on the meridian of 105 degrees, where GCJ-02's root has a kink."""

lons = st.floats(73, 137) | st.just(105.0)
lats = st.floats(1, 55)


@pytest.mark.parametrize(("wgs84", "gcj02", "bd09"), VECTORS)
def test_known_places_are_where_others_put_them(
    wgs84: tuple[float, float], gcj02: tuple[float, float], bd09: tuple[float, float]
) -> None:
    assert gcj02_from_wgs84(*wgs84) == pytest.approx(gcj02, abs=HALF_A_DIGIT)
    assert bd09_from_gcj02(*gcj02_from_wgs84(*wgs84)) == pytest.approx(
        bd09, abs=HALF_A_DIGIT
    )
    assert bd09_from_wgs84(*wgs84) == pytest.approx(bd09, abs=HALF_A_DIGIT)


@given(lons, lats)
def test_the_way_back_ends_where_it_began(lon: float, lat: float) -> None:
    there_and_back = [
        wgs84_from_gcj02(*gcj02_from_wgs84(lon, lat)),
        gcj02_from_bd09(*bd09_from_gcj02(lon, lat)),
        wgs84_from_bd09(*bd09_from_wgs84(lon, lat)),
    ]
    for back in there_and_back:
        allowed = DOUBLE_PRECISION_DEG if abs(lon - 105) > 1e-6 else MICROMETRE_DEG
        assert back == pytest.approx((lon, lat), abs=allowed, rel=0)


@given(lons, lats)
def test_gcj02_is_off_by_hundreds_of_metres_and_no_more(lon: float, lat: float) -> None:
    assert distance_m(lon, lat, *gcj02_from_wgs84(lon, lat)) < 1100


@pytest.mark.parametrize(
    "place", [(24.9384, 60.1699), (71.9, 35.0), (138.0, 35.0), (110.0, 0.5)]
)
def test_outside_chinas_box_gcj02_is_wgs84(place: tuple[float, float]) -> None:
    assert gcj02_from_wgs84(*place) == place
    assert wgs84_from_gcj02(*place) == place


def test_arrays_agree_with_floats() -> None:
    places = np.array([wgs84 for wgs84, _, _ in VECTORS] + [(24.9384, 60.1699)])
    lon, lat = bd09_from_wgs84(places[:, 0].copy(), places[:, 1].copy())
    back_lon, back_lat = wgs84_from_bd09(lon, lat)
    for row, place in enumerate(places):
        alone = bd09_from_wgs84(float(place[0]), float(place[1]))
        assert (lon[row], lat[row]) == pytest.approx(alone, abs=1e-13)
        assert (back_lon[row], back_lat[row]) == pytest.approx(
            tuple(place), abs=DOUBLE_PRECISION_DEG
        )


def test_floats_come_back_as_floats() -> None:
    lon, lat = gcj02_from_wgs84(111.0035, 35.0228)
    assert type(lon) is float
    assert type(lat) is float
