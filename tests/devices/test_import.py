import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest

from devices.registry.import_result import Change, ImportResult, Outcome
from devices.registry.load import KINDS, import_city
from devices.registry.snapshot import load_snapshot
from store.connection import Connection
from store.journal.entries import Kind, read
from store.registry.facts import CHANNEL
from tests.devices.conftest import NOON, SAMPLE_CITY

pytestmark = [pytest.mark.db, pytest.mark.editions]

Edit = Callable[[str, str, str], int]

ROWS = {
    "units": 22,
    "cells": 70,
    "components": 432,
    "geofences": 36,
    "vehicles": 16,
    "profiles": 9,
    "gateways": 17,
    "programmes": 2,
    "devices": 481,
    "pipes": 43,
}


@pytest.fixture
async def connection(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    async with pool.acquire() as lent:
        yield lent


async def take(connection: Connection, folder: Path) -> ImportResult:
    return await import_city(connection, folder, dry_run=False, at=NOON)


def updates(result: ImportResult) -> dict[str, tuple[Change, ...]]:
    updated = [row for row in result.rows if row.outcome is Outcome.UPDATED]
    return {row.code: row.changes for row in updated}


async def count(connection: Connection, table: str) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 ours


async def test_a_city_comes_in_whole(connection: Connection) -> None:
    result = await take(connection, SAMPLE_CITY)
    assert {kind: dict(result.count(kind)) for kind in KINDS} == {
        kind: {Outcome.CREATED: rows} for kind, rows in ROWS.items()
    }
    assert (result.version_before, result.version_after) == (1, 2)
    snapshot = await load_snapshot(connection)
    assert len(snapshot.devices) == ROWS["devices"]
    assert len(snapshot.series) == result.series_made
    lamp = snapshot.devices[snapshot.device_id("CAB-1", "1/lamp/07") or 0]
    assert snapshot.devices[lamp.upstream_id or 0].code == "CB-0001"
    assert snapshot.series_id(lamp.id, "power_w") in snapshot.series


async def test_every_device_but_a_vehicles_stands_in_the_cell_of_its_point(
    connection: Connection,
) -> None:
    await take(connection, SAMPLE_CITY)
    snapshot = await load_snapshot(connection)
    for device in snapshot.devices.values():
        if device.vehicle_id is None:
            assert device.lon is not None
            assert device.lat is not None
            assert device.cell_id == snapshot.cell_at(device.lon, device.lat)
        else:
            assert (device.lon, device.lat, device.cell_id) == (None, None, None)


async def test_a_dry_run_tells_everything_and_writes_nothing(
    connection: Connection,
) -> None:
    tried = await import_city(connection, SAMPLE_CITY, dry_run=True, at=NOON)
    assert [await count(connection, table) for table in ("unit", "journal")] == [0, 0]
    assert (await load_snapshot(connection)).version == 1
    done = await take(connection, SAMPLE_CITY)
    assert tried.rows == done.rows
    assert tried.version_after == done.version_after
    assert tried.series_made == done.series_made


async def test_a_second_import_finds_everything_unchanged(
    connection: Connection,
) -> None:
    first = await take(connection, SAMPLE_CITY)
    again = await take(connection, SAMPLE_CITY)
    assert {row.outcome for row in again.rows} == {Outcome.UNCHANGED}
    assert again.version_after == first.version_after
    assert again.series_made == 0
    assert await count(connection, "journal") == 1


async def test_a_change_is_told_before_and_after(
    connection: Connection, city: Path, edit: Edit
) -> None:
    await take(connection, city)
    before = await load_snapshot(connection)
    edit("units.csv", "Gezhou Gas Company", "Gezhou Gas Works")
    edit("vehicles.csv", "AREA-S01,40.0", "AREA-S02,")
    result = await take(connection, city)
    assert updates(result) == {
        "gas": (Change("name_en", "Gezhou Gas Company", "Gezhou Gas Works"),),
        "格A001H1": (
            Change("area", "AREA-S01", "AREA-S02"),
            Change("speed_limit_kmh", "40.0", ""),
        ),
    }
    after = await load_snapshot(connection)
    assert after.version == before.version + 1
    assert after.units.keys() == before.units.keys()


async def test_whoever_listens_hears_of_a_new_version_only(
    connection: Connection, pool: asyncpg.Pool
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with pool.acquire() as listener:
        await listener.add_listener(CHANNEL, lambda *told: heard.put_nowait(told[3]))
        await import_city(connection, SAMPLE_CITY, dry_run=True, at=NOON)
        await take(connection, SAMPLE_CITY)
        async with asyncio.timeout(300):
            assert await heard.get() == "2"
        assert heard.empty()
        await listener.reset()
    (entry,) = await read(connection, after=0, limit=10)
    assert (entry.kind, entry.body) == (Kind.REGISTRY, b'{"version":2}')
    assert entry.received_at == NOON


async def test_a_moved_component_takes_its_device_along(
    connection: Connection, city: Path, edit: Edit
) -> None:
    await take(connection, city)
    text = (city / "components.csv").read_text("utf-8")
    line = next(row for row in text.splitlines() if "9901020123000001" in row)
    _, _, _, _, *rest = line.split(",")
    *_, lon, lat = line[: line.index(",,")].split(",")
    assert rest
    edit("components.csv", f"{lon},{lat}", "111.0012345,35.0212345")
    changed = updates(await take(connection, city))
    assert len(changed) == 2
    for changes in changed.values():
        moved = {change.column: change.after for change in changes}
        assert (moved["lon"], moved["lat"]) == ("111.0012345", "35.0212345")
        assert moved["cell"].startswith("990102")


async def test_two_devices_may_swap_their_addresses(
    connection: Connection, city: Path, edit: Edit
) -> None:
    await take(connection, city)
    edit("devices.csv", "GW-GAUGE-1,PD-0006,", "GW-GAUGE-1,aside,")
    edit("devices.csv", "GW-GAUGE-1,PD-0007,", "GW-GAUGE-1,PD-0006,")
    edit("devices.csv", "GW-GAUGE-1,aside,", "GW-GAUGE-1,PD-0007,")
    await take(connection, city)
    snapshot = await load_snapshot(connection)
    swapped = snapshot.devices[snapshot.device_id("GW-GAUGE-1", "PD-0006") or 0]
    assert swapped.code == "PD-0007"


async def test_rows_that_files_do_not_have_are_left_alone_and_told(
    connection: Connection, city: Path, edit: Edit
) -> None:
    await take(connection, city)
    edit("units.csv", "telecom,utility,格州通信公司,Gezhou Telecom Company\n", "")
    result = await take(connection, city)
    assert result.absent["units"] == ("telecom",)
    assert result.version_after == result.version_before
    assert await count(connection, "unit") == ROWS["units"]


async def test_a_folder_with_one_file_may_refer_to_what_is_registered(
    connection: Connection, city: Path, tmp_path: Path
) -> None:
    await take(connection, city)
    part = tmp_path / "part"
    part.mkdir()
    shutil.copy(city / "city.toml", part)
    (part / "devices.csv").write_text(
        "code,profile,gateway,address,component,simulated\n"
        "PD-9001,gauge-simulated,GW-GAUGE-1,PD-9001,9901020207000001,true\n"
    )
    result = await take(connection, part)
    assert [(row.code, row.outcome) for row in result.rows] == [
        ("PD-9001", Outcome.CREATED)
    ]
    assert result.series_made == 5
    assert result.absent.keys() == {"devices"}


async def test_a_quantity_added_to_a_profile_gives_its_devices_a_series(
    connection: Connection, city: Path, edit: Edit
) -> None:
    await take(connection, city)
    edit("profiles.csv", "depth_mm rain_mm", "depth_mm rain_mm temperature_c")
    result = await take(connection, city)
    assert result.series_made == 12


async def test_imports_at_one_time_wait_for_each_other(pool: asyncpg.Pool) -> None:
    async def one() -> ImportResult:
        async with pool.acquire() as connection:
            return await take(connection, SAMPLE_CITY)

    async with asyncio.timeout(300):
        results = await asyncio.gather(one(), one(), one())
    assert sorted(result.version_before for result in results) == [1, 2, 2]
    assert {result.version_after for result in results} == {2}
