"""The sample city as a city: does the ground hang together, do things stand right?"""

import csv
import json
import re
from collections import Counter
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import Polygon, shape
from shapely.geometry.base import BaseGeometry

from devices.registry.areas import in_metres
from simulators.city_plan.__main__ import draw_city
from tests.devices.conftest import SAMPLE_CITY
from vocabulary.codes import GridCode
from vocabulary.geometry import distance_m, ring_area_m2

Features = list[tuple[dict[str, Any], BaseGeometry]]

LAT = 35.02


def table(name: str) -> list[dict[str, str]]:
    with (SAMPLE_CITY / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def features(name: str) -> Features:
    collection = json.loads((SAMPLE_CITY / name).read_text("utf-8"))
    return [(f["properties"], shape(f["geometry"])) for f in collection["features"]]


@pytest.fixture(scope="module")
def cells() -> Features:
    return features("cells.geojson")


@pytest.fixture(scope="module")
def streets() -> Features:
    return [f for f in features("basemap.geojson") if f[0]["kind"] == "street"]


@pytest.fixture(scope="module")
def components() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in table("components.csv")}


def place(row: dict[str, str]) -> tuple[float, float]:
    return float(row["lon"]), float(row["lat"])


def test_the_files_are_what_the_plan_draws(tmp_path: Path) -> None:
    draw_city(tmp_path)
    for file in tmp_path.iterdir():
        assert file.read_bytes() == (SAMPLE_CITY / file.name).read_bytes(), file.name


def test_cells_leave_no_gap_and_share_no_ground(
    cells: Features,
) -> None:
    grounds = [in_metres(polygon, LAT) for _, polygon in cells]
    town = shapely.union_all(grounds)
    assert isinstance(town, Polygon)
    assert not list(town.interiors)
    assert town.area == pytest.approx(sum(ground.area for ground in grounds), abs=0.01)


def test_cells_cover_the_town(cells: Features) -> None:
    (outline,) = [
        f for props, f in features("basemap.geojson") if props["kind"] == "outline"
    ]
    town = shapely.union_all([polygon for _, polygon in cells])
    off = in_metres(town.symmetric_difference(outline), LAT)
    assert off.area < 0.01


def test_cells_are_of_the_size_of_unit_cells(
    cells: Features,
) -> None:
    areas = [
        ring_area_m2([(lon, lat) for lon, lat, *_ in polygon.exterior.coords])
        for _, polygon in cells
        if isinstance(polygon, Polygon)
    ]
    assert 60 <= len(areas) <= 75
    assert 8_000 < sum(areas) / len(areas) < 15_000
    assert min(areas) > 5_000
    assert max(areas) < 32_000


def test_cells_are_numbered_in_their_community_without_gaps(
    cells: Features,
) -> None:
    codes = [GridCode.parse(facts["code"]) for facts, _ in cells]
    assert {code.county for code in codes} == {"990102"}
    last = Counter((code.street, code.community) for code in codes)
    for code in codes:
        assert 1 <= int(code.sequence) <= last[code.street, code.community]
    assert len({str(code) for code in codes}) == len(codes)


def test_a_cabinet_feeds_fifty_lamps_nearby_on_the_two_streets_it_stands_at(
    components: dict[str, dict[str, str]],
    streets: Features,
) -> None:
    lines = {facts["name_zh"]: in_metres(line, LAT) for facts, line in streets}
    lamps = [row for row in components.values() if row["class_code"] == "0137"]
    assert set(Counter(lamp["upstream"] for lamp in lamps).values()) == {50}
    for lamp in lamps:
        cabinet = components[lamp["upstream"]]
        street = lines[re.split(r"[0-9]", lamp["name_zh"])[0]]
        assert distance_m(*place(lamp), *place(cabinet)) < 400
        for row, farthest_m in ((lamp, 14), (cabinet, 25)):
            point = in_metres(shapely.Point(place(row)), LAT)
            assert street.distance(point) < farthest_m


def test_lamps_stand_beside_their_street_and_not_on_another(
    components: dict[str, dict[str, str]],
    streets: Features,
) -> None:
    roads = shapely.union_all(
        [
            in_metres(line, LAT).buffer(facts["width_m"] / 2 - 1)
            for facts, line in streets
        ]
    )
    lamps = [row for row in components.values() if row["class_code"] == "0137"]
    for lamp in lamps:
        assert not roads.contains(in_metres(shapely.Point(place(lamp)), LAT))


def test_streets_join_to_one_network(
    streets: Features,
) -> None:
    group: dict[tuple[float, ...], tuple[float, ...]] = {}

    def leader(point: tuple[float, ...]) -> tuple[float, ...]:
        while group.setdefault(point, point) != point:
            point = group[point]
        return point

    for _, line in streets:
        for start, end in pairwise(line.coords):
            group[leader(start)] = leader(end)
    assert len({leader(point) for point in list(group)}) == 1


def test_every_way_of_routing_can_be_seen(
    components: dict[str, dict[str, str]],
) -> None:
    asked = ("maintainer", "owner", "authority")
    first = Counter(
        next((who for who in asked if row[who]), "subdistrict")
        for row in components.values()
    )
    assert all(first[who] >= 4 for who in (*asked, "subdistrict"))


def test_no_component_lies_in_the_river(
    components: dict[str, dict[str, str]],
) -> None:
    (river,) = [
        f
        for props, f in features("basemap.geojson")
        if props["name_en"] == "Geshui River"
    ]
    for row in components.values():
        if row["class_code"] != "0137":  # lamps stand on bridges
            assert not river.contains(shapely.Point(place(row)))


def test_a_work_area_is_whole_cells_and_a_street_around_them(
    cells: Features,
) -> None:
    areas = [
        area
        for props, area in features("geofences.geojson")
        if props["kind"] == "work_area"
    ]
    assert len(areas) == 16
    for area in areas:
        assert area.geom_type == "Polygon"
        assert area.is_valid
        inside = [cell for _, cell in cells if area.contains(cell)]
        assert len(inside) >= 4
        beyond = in_metres(area.difference(shapely.union_all(inside)), LAT)
        assert beyond.area < 0.6 * in_metres(area, LAT).area


def test_every_work_area_has_a_depot_and_no_place_lies_on_another() -> None:
    fences = features("geofences.geojson")
    areas = [area for props, area in fences if props["kind"] == "work_area"]
    places = [
        (props["kind"], at) for props, at in fences if props["kind"] != "work_area"
    ]
    assert {kind for kind, _ in places} == {
        "depot",
        "stop_place",
        "no_entry",
        "night_ban",
    }
    depots = [at for kind, at in places if kind == "depot"]
    assert all(any(area.contains(depot.centroid) for depot in depots) for area in areas)
    assert not any(
        one.intersects(other) for (_, one), (_, other) in combinations(places, 2)
    )


def test_every_gateway_speaks_for_as_many_devices_as_announced() -> None:
    spoken = Counter(row["gateway"] for row in table("devices.csv"))
    assert spoken == {
        **{f"CAB-{n}": 51 for n in range(1, 7)},
        **{f"GW-COVER-{n}": 40 for n in range(1, 4)},
        "GW-GAUGE-1": 12,
        "RTU-1": 12,
        "RTU-2": 12,
        "nmea": 12,
        "jt808": 4,
        "sl651": 1,
        "hj212": 1,
        "self": 1,
    }
    real = [
        row["gateway"] for row in table("devices.csv") if row["simulated"] != "true"
    ]
    assert real == ["self"]
