"""Shapes of every kind, how far from them, and across the 180th meridian."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from devices.registry.areas import geofence_area
from devices.registry.shapes import ShapeError, geojson_text
from rules.fences.ground import Ground, Sets
from tests.rules.town import AREA, EAST_M, LAT, LON
from vocabulary.geometry import metres_per_degree
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

ROW = np.zeros(1, np.intp)


def e7(*degrees: float) -> NDArray[np.int32]:
    return np.array([round(d * 1e7) for d in degrees], np.int32)


def fence(
    geometry: str,
    shape: GeofenceShape = GeofenceShape.POLYGON,
    radius_m: float | None = None,
    fence_id: int = 1,
) -> GeofenceFacts:
    return GeofenceFacts(
        id=fence_id,
        code=f"F-{fence_id}",
        name_zh="围栏",
        name_en="fence",
        shape=shape,
        geometry=geometry,
        radius_m=radius_m,
    )


def outside_m(area: GeofenceFacts, lon: float, lat: float) -> float:
    sets = Sets.of([(area,)])
    points = sets.ground.plane.points(e7(lon), e7(lat))
    nearest = sets.nearest(ROW, points)
    return float(sets.ground.plane.outside_m(nearest, points)[0])


def is_inside(area: GeofenceFacts, lon: float, lat: float) -> bool:
    return len(Ground.of((area,)).index.hits(e7(lon), e7(lat))[0]) == 1


def test_a_fence_tells_metres_outside_and_nothing_inside() -> None:
    south = LAT - 1000 / 111_000
    assert outside_m(AREA, LON - 0.001, south) == 0
    assert outside_m(AREA, LON + 100 / EAST_M, south) == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize(
    ("shape", "geometry"),
    [
        (GeofenceShape.CIRCLE, '{"type": "Point", "coordinates": [111, 35]}'),
        (
            GeofenceShape.CORRIDOR,
            '{"type": "LineString", "coordinates": [[111, 34.9], [111, 35.1]]}',
        ),
    ],
)
def test_a_circle_and_a_corridor_are_as_wide_as_they_say(
    shape: GeofenceShape, geometry: str
) -> None:
    area = fence(geometry, shape, 200)
    near, far = (111 + metres / metres_per_degree(35)[0] for metres in (150, 250))
    assert outside_m(area, near, 35) == 0
    assert outside_m(area, far, 35) == pytest.approx(50, abs=1)


def test_a_fence_across_the_180th_meridian_is_one_fence() -> None:
    jumping = [[179.99, 51], [-179.99, 51], [-179.99, 51.02], [179.99, 51.02]]
    ring = json.dumps({"type": "Polygon", "coordinates": [[*jumping, jumping[0]]]})
    area = fence(geojson_text(ring))
    assert geofence_area(area).area == pytest.approx(0.02 * 0.02)
    assert is_inside(area, 179.995, 51.01)
    assert is_inside(area, -179.995, 51.01)
    assert not is_inside(area, 0, 51.01)
    assert outside_m(area, -179.989, 51.01) == pytest.approx(
        metres_per_degree(51.01)[0] / 1000, rel=1e-3
    )


def test_a_fence_across_the_180th_meridian_may_have_any_corners() -> None:
    """Its last corner is its first one, whatever is added to it and taken off again."""
    begin = [-179.9994, -17.9995]
    ring = [begin, [-179.9995, -18.0005], [179.9993, -18.0004], begin]
    area = fence(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    south, north = (geofence_area(area).bounds[side] for side in (1, 3))
    assert (south, north) == pytest.approx((-18.0005, -17.9995))
    assert outside_m(area, -179.999, -17.0) > 100_000


def test_a_fence_with_as_much_on_either_side_of_the_180th_meridian_is_one() -> None:
    area = fence(
        '{"type": "Point", "coordinates": [180, 10]}', GeofenceShape.CIRCLE, 500
    )
    plane = Ground.of((area,)).plane
    spots = plane.points(e7(179.9999, -179.9999, 179.99, -179.99), e7(10, 10, 10, 10))
    assert plane.border_m(np.zeros(4, np.intp), spots) == pytest.approx(
        [489, 489, 596, 596], abs=2
    )


def test_a_circle_and_a_corridor_reach_across_the_180th_meridian() -> None:
    point = '{"type": "Point", "coordinates": [179.999, 10]}'
    assert is_inside(fence(point, GeofenceShape.CIRCLE, 500), -179.998, 10)
    line = geojson_text("LINESTRING (179.9 10, -179.9 10)")
    corridor = fence(line, GeofenceShape.CORRIDOR, 100)
    assert is_inside(corridor, -179.95, 10.0005)
    assert not is_inside(corridor, -179.95, 10.0012)


def test_wkt_and_geojson_and_features_say_the_same() -> None:
    wkt = "SRID=4326;POLYGON ((111 35, 111.1 35, 111.1 35.1, 111 35))"
    geometry = shapely.to_geojson(shapely.from_wkt(wkt.split(";")[1]))
    feature = json.dumps({"type": "Feature", "geometry": json.loads(geometry)})
    read = [json.loads(geojson_text(text)) for text in (wkt, geometry, feature)]
    assert read[0] == read[1] == read[2]


@pytest.mark.parametrize("text", ["", "{}", "POLYGON EMPTY", "POINT (1", '{"type": 3}'])
def test_what_is_no_shape_is_refused(text: str) -> None:
    with pytest.raises(ShapeError):
        geojson_text(text)


def test_of_several_fences_the_nearest_counts_and_is_named() -> None:
    boxes = [shapely.box(111 + at, 35, 111.001 + at, 35.001) for at in (0, 0.01, 0.02)]
    fences = tuple(
        fence(shapely.to_geojson(box), fence_id=7 * number)
        for number, box in enumerate(boxes, 1)
    )
    sets = Sets.of([fences, fences[2:]])
    points = sets.ground.plane.points(e7(111.012, 111.012), e7(35.0005, 35.0005))
    nearest = sets.nearest(np.array([0, 1], np.intp), points)
    metres = sets.ground.plane.outside_m(nearest, points)
    assert [sets.ground.fences[place].id for place in nearest] == [14, 21]
    east_m, _ = metres_per_degree(35.0005)
    assert metres.tolist() == pytest.approx([0.001 * east_m, 0.008 * east_m], rel=1e-3)


BOXES = tuple(
    fence(
        shapely.to_geojson(shapely.box(111 + at, 35, 111.003 + at, 35.002)),
        fence_id=number,
    )
    for number, at in enumerate((0, 0.001, 0.002, 0.01), 1)
)
ASKED = Sets.of([BOXES, BOXES[1:], BOXES[:1], BOXES[3:], BOXES[1:]])
"""Rows that ask about all of them, some, or one."""


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-9, 140)), max_size=30))
def test_fixes_are_in_those_fences_of_their_sets_that_hold_them(
    asked: list[tuple[int, int]],
) -> None:
    row = np.array([row for row, _ in asked], np.intp)
    lon = np.array([111 + at / 10_000 for _, at in asked])
    sample, place = ASKED.inside(row, e7(*lon), e7(*np.full(len(asked), 35.001)))
    sets = [BOXES, BOXES[1:], BOXES[:1], BOXES[3:], BOXES[1:]]
    wanted = [
        (number, one.id)
        for number, (row, at) in enumerate(asked)
        for one in sets[row]
        if shapely.from_geojson(one.geometry).intersects(
            shapely.Point(round(1e7 * (111 + at / 10_000)) / 1e7, 35.001)
        )
    ]
    found = [
        (int(s), ASKED.ground.fences[p].id) for s, p in zip(sample, place, strict=True)
    ]
    assert found == wanted
