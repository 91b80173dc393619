import asyncio
import itertools
from pathlib import Path

import asyncpg
import pytest
import shapely

from devices.registry.areas import Areas, geofence_area
from devices.registry.load import import_city
from devices.registry.snapshot import Snapshot, load_snapshot
from tests.devices.conftest import NOON, SAMPLE_CITY
from vocabulary.geometry import metres_per_degree
from vocabulary.registry_facts import CellFacts, GeofenceFacts, GeofenceShape

IMPORTS = 12


def square(west: float, south: float, side: float = 1.0) -> str:
    return shapely.to_geojson(shapely.box(west, south, west + side, south + side))


def cell(cell_id: int, code: str, polygon: str) -> CellFacts:
    return CellFacts(
        id=cell_id,
        code=code,
        name_zh="格",
        name_en="cell",
        subdistrict_id=1,
        polygon=polygon,
    )


def fence(shape: GeofenceShape, geometry: str, radius_m: float | None) -> GeofenceFacts:
    return GeofenceFacts(
        id=1,
        code="F",
        name_zh="围栏",
        name_en="fence",
        shape=shape,
        geometry=geometry,
        radius_m=radius_m,
    )


def test_an_empty_registry_knows_nothing() -> None:
    nothing = Snapshot(version=1)
    assert nothing.device_id("GW", "1") is None
    assert nothing.gateway_of("1") is None
    assert nothing.series_id(1, "tilt_deg") is None
    assert nothing.cell_at(111.0, 35.0) is None


def test_a_point_on_a_border_belongs_to_the_lesser_code() -> None:
    east, west = cell(1, "2", square(1, 0)), cell(2, "1", square(0, 0))
    snapshot = Snapshot(version=1, cells={1: east, 2: west})
    assert snapshot.cell_at(1.0, 0.5) == 2
    assert snapshot.cell_at(1.1, 0.5) == 1
    assert snapshot.cell_at(2.1, 0.5) is None


def test_distances_to_areas_are_metres() -> None:
    areas = Areas({"here": square(0, 0)})
    east_m, _ = metres_per_degree(0.5)
    place, metres = areas.nearest(1.001, 0.5) or ("", 0.0)
    assert place == "here"
    assert metres == pytest.approx(east_m / 1000, rel=1e-6)
    assert areas.nearest(0.5, 0.5) == ("here", 0)


def test_overlapping_areas_are_found_once_with_the_ground_they_share() -> None:
    areas = Areas({"a": square(0, 0), "b": square(0.5, 0), "c": square(5, 5)})
    (pair,) = areas.overlaps()
    east_m, north_m = metres_per_degree(0.5)
    assert pair[:2] == ("a", "b")
    assert pair[2] == pytest.approx(east_m * north_m / 2, rel=1e-4)


def test_a_circle_is_round_on_the_ground() -> None:
    point = shapely.to_geojson(shapely.Point(111.0, 35.0))
    area = geofence_area(fence(GeofenceShape.CIRCLE, point, 500.0))
    east_m, north_m = metres_per_degree(35.0)
    west, south, east, north = area.bounds
    assert (east - west) * east_m == pytest.approx(1000, rel=1e-6)
    assert (north - south) * north_m == pytest.approx(1000, rel=1e-6)


def test_a_corridor_is_as_wide_as_twice_its_radius() -> None:
    line = shapely.to_geojson(shapely.LineString([(111.0, 35.0), (111.01, 35.0)]))
    area = geofence_area(fence(GeofenceShape.CORRIDOR, line, 20.0))
    _, north_m = metres_per_degree(35.0)
    inside, outside = 19.9 / north_m, 20.1 / north_m
    assert area.contains(shapely.Point(111.005, 35 + inside))
    assert not area.contains(shapely.Point(111.005, 35 + outside))


def test_a_fence_can_be_grown_by_metres() -> None:
    drawn = fence(GeofenceShape.POLYGON, square(111, 35, 0.01), None)
    west_m, _ = metres_per_degree(35.005)
    just_outside = shapely.Point(111 - 9.9 / west_m, 35.005)
    assert not geofence_area(drawn).contains(just_outside)
    assert geofence_area(drawn, grow_m=10).contains(just_outside)


@pytest.mark.db
@pytest.mark.editions
async def test_a_snapshot_belongs_to_one_version(
    pool: asyncpg.Pool, city: Path
) -> None:
    """While imports rename two units at a time, no snapshot mixes two names."""
    units = (city / "units.csv").read_text("utf-8")
    done, seen = asyncio.Event(), dict[int, set[str]]()

    async def rename() -> None:
        async with pool.acquire() as connection:
            for name in itertools.count():
                if name >= IMPORTS and len(seen) > 2:
                    break
                renamed = units.replace("Gezhou", f"Name{name}")
                (city / "units.csv").write_text(renamed, "utf-8")
                await import_city(connection, city, dry_run=False, at=NOON)
        done.set()

    async def look() -> None:
        async with pool.acquire() as connection:
            while not done.is_set():
                snapshot = await load_snapshot(connection)
                names = {unit.name_en.split()[0] for unit in snapshot.units.values()}
                names = {name for name in names if name.startswith("Name")}
                seen.setdefault(snapshot.version, set()).update(names)

    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        group.create_task(rename(), name="rename")
        group.create_task(look(), name="look")
    assert all(names <= {f"Name{version - 2}"} for version, names in seen.items())


@pytest.mark.db
async def test_only_components_that_a_device_watches_are_in_a_snapshot(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await import_city(connection, SAMPLE_CITY, dry_run=False, at=NOON)
        await connection.execute("UPDATE device SET retired_at = $1", NOON)
        snapshot = await load_snapshot(connection)
    assert not snapshot.components
    assert not snapshot.devices
    assert not snapshot.series
    assert snapshot.cells
