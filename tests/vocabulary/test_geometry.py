import pytest

from vocabulary.geometry import distance_m, metres_per_degree, ring_area_m2


@pytest.mark.parametrize(
    ("lat", "east_m", "north_m"),
    [
        (0, 111_319.49, 110_574.28),
        (45, 78_846.81, 111_131.78),
        (60, 55_800, 111_412.24),
    ],
)
def test_a_degree_is_as_long_as_the_tables_say(
    lat: float, east_m: float, north_m: float
) -> None:
    assert metres_per_degree(lat) == pytest.approx((east_m, north_m), rel=2e-6)


def test_a_hundred_metres_square_has_a_hectare() -> None:
    east, north = metres_per_degree(35.0)
    lon, lat = 111.0, 35.0
    far_lon, far_lat = lon + 100 / east, lat + 100 / north
    ring = [(lon, lat), (far_lon, lat), (far_lon, far_lat), (lon, far_lat), (lon, lat)]
    assert ring_area_m2(ring) == pytest.approx(10_000, rel=1e-4)
    assert distance_m(lon, lat, far_lon, far_lat) == pytest.approx(141.42, abs=0.01)


def test_the_way_round_a_ring_does_not_matter() -> None:
    ring = [(0.0, 0.0), (0.001, 0.0), (0.001, 0.001), (0.0, 0.0)]
    assert ring_area_m2(ring) == pytest.approx(ring_area_m2(ring[::-1]))
