"""The raster's answers are shapely's, point by point; and it stays small."""

from typing import TypeAlias

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rules.fences.index import Index

many = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)

Area: TypeAlias = shapely.geometry.base.BaseGeometry
WORLD = shapely.box(-180, -90, 180, 90)
PLACES = [(111.0, 35.0), (-0.002, -0.001), (179.98, 51.0), (-180.0, -89.99), (0.0, 0.0)]
SIZES = [2e-4, 3e-3, 0.04, 1.5]


def e7(degrees: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(degrees * 1e7).astype(np.int32)


def star(rng: np.random.Generator, lon: float, lat: float, size: float) -> Area:
    """A polygon with many corners, some of them on round degrees, perhaps a hole."""
    corners = int(rng.integers(3, 40))
    turn = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = size * rng.uniform(0.3, 1, corners)
    ring = np.c_[lon + reach * np.cos(turn), lat + reach * np.sin(turn)]
    if rng.random() < 0.5:
        ring = np.round(ring, int(rng.integers(3, 8)))
    shape: Area = shapely.buffer(shapely.Polygon(ring), 0)
    hole = shapely.buffer(shapely.Point(lon, lat), size / 4, quad_segs=2)
    if rng.random() < 0.5:
        shape = shapely.difference(shape, hole)
    # Once more, for a part that is only a line along the edge of the world.
    return shapely.buffer(shapely.intersection(shape, WORLD), 0)


def town(seed: int) -> tuple[list[Area], NDArray[np.int32], NDArray[np.int32]]:
    """Areas of many sizes at one place, and points on and around their borders."""
    rng = np.random.default_rng(seed)
    lon, lat = PLACES[seed % len(PLACES)]
    shapes = [
        star(rng, lon + rng.normal() * size / 2, lat + rng.normal() * size / 2, size)
        for size in rng.choice(SIZES, 12)
    ]
    areas = [s for s in shapes if shapely.area(s) > 0]
    span = rng.choice(SIZES, 600)
    around = rng.uniform(-1, 1, (600, 2)) * span[:, np.newaxis] + (lon, lat)
    corners = shapely.get_coordinates(areas)
    points = np.concatenate((around, corners, np.round(corners, 4)))
    points = np.clip(points, (-180, -90), (180, 90))
    return areas, e7(points[:, 0]), e7(points[:, 1])


def pairs(found: tuple[NDArray[np.intp], NDArray[np.int32]]) -> list[tuple[int, int]]:
    return sorted(zip(*(column.tolist() for column in found), strict=True))


def brute(
    areas: list[Area], lon: NDArray[np.int32], lat: NDArray[np.int32]
) -> list[tuple[int, int]]:
    return sorted(
        (int(point), place)
        for place, area in enumerate(areas)
        for point in np.flatnonzero(shapely.intersects_xy(area, lon / 1e7, lat / 1e7))
    )


@many
@given(st.integers(0, 2**32))
def test_answers_are_those_of_shapely_one_by_one(seed: int) -> None:
    areas, lon, lat = town(seed)
    assert pairs(Index.of(areas).hits(lon, lat)) == brute(areas, lon, lat)


def test_a_point_in_a_hole_is_outside_and_on_its_rim_inside() -> None:
    ring = shapely.difference(
        shapely.box(111, 35, 111.1, 35.1), shapely.box(111.02, 35.02, 111.08, 35.08)
    )
    lon, lat = e7(np.array([111.05, 111.01, 111.02])), e7(np.full(3, 35.05))
    assert pairs(Index.of([ring]).hits(lon, lat)) == [(1, 0), (2, 0)]


def test_an_index_of_nothing_and_a_question_of_nothing_have_no_answers() -> None:
    none = np.empty(0, np.int32)
    assert pairs(Index.of([]).hits(e7(np.ones(2)), e7(np.ones(2)))) == []
    assert pairs(Index.of([shapely.box(0, 0, 1, 1)]).hits(none, none)) == []


def test_the_whole_world_is_a_few_pages() -> None:
    index = Index.of([shapely.box(-180, -90, 180, 90)] * 10)
    lon, lat = e7(np.array([-180.0, 180, 0])), e7(np.array([-90.0, 90, 0]))
    assert len(index.hits(lon, lat)[0]) == 30
    assert index.octets < 5e6


@pytest.mark.parametrize("n", [100, 2000])
def test_memory_grows_with_borders_only(n: int) -> None:
    rng = np.random.default_rng(5)
    places = rng.uniform((111, 35), (111.5, 35.5), (n, 2))
    shapes = [shapely.Point(place).buffer(0.005) for place in places]
    assert Index.of(shapes).octets < 4e6 + n * 4000
