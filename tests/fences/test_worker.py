"""Geofences through the rules worker and a real database, drawn while it works."""

from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from rules.worker.past_plans import past_source
from store.connection import Connection
from store.journal.entries import Kind, append
from store.registry.facts import lock_registry, move_version
from store.registry.rows import GeofenceRow, Rows
from store.registry.write import remove_geofence, write_rows
from store.telemetry.batch import Batch, Writer
from tests.fences.yard import Fix, box, learned
from tests.rules.city_feed import NOON, install_city
from tests.rules.workers import fold_all
from vocabulary.device import DeviceKind
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db


def at(second: float) -> datetime:
    return NOON + timedelta(seconds=second)


def truck(snapshot: Snapshot) -> int:
    devices = sorted(snapshot.devices.values(), key=lambda device: device.id)
    return next(d.id for d in devices if d.kind is DeviceKind.VEHICLE)


async def draw(connection: Connection, second: float, kind: str) -> None:
    """Draw a fence of 200 m by 100 m at the yard's corner, as the API does."""
    facts = box(0, 200)
    row = GeofenceRow(
        code="bridge",
        name_zh="危桥",
        name_en="Weak bridge",
        shape="polygon",
        geometry=facts.geometry,
        radius_m=None,
        kind=kind,
    )
    async with connection.transaction():
        await lock_registry(connection)
        await write_rows(connection, Rows(geofences={row.code: row}))
        await move_version(connection)
        await append(connection, Kind.REGISTRY, b"{}", at=at(second))


async def fix(
    connection: Connection, device_id: int, second: float, east_m: float
) -> None:
    content = learned(1, Fix(0, east_m), device_id=device_id).content
    assert isinstance(content, Positions)
    us = content.fixed_us * 0 + us_from_datetime(at(second))
    positions = replace(content, fixed_us=us, received_us=us)
    batch = Batch(Readings.empty(), positions, [], at(second))
    await Writer().write(connection, batch)


async def test_a_fence_drawn_while_the_worker_works_is_judged_from_then_on(
    pool: asyncpg.Pool, database_url: str
) -> None:
    async with pool.acquire() as connection:
        device_id = truck(await install_city(connection))
        for second in (0, 3, 6):
            await fix(connection, device_id, second, 100)
        await fold_all(pool, database_url)
        await draw(connection, 10, "no_entry")
        await fold_all(pool, database_url)
        for second in range(12, 60, 3):
            await fix(connection, device_id, second, 100)
        await fold_all(pool, database_url)
        await draw(connection, 60, "site")
        for second in range(63, 100, 3):
            await fix(connection, device_id, second, 100)
    await fold_all(pool, database_url)
    alarms = await pool.fetch(
        "SELECT measured_at, cleared_at, reason_zh, reason_en FROM alarm"
        " WHERE rule = 'vehicle-no-entry'"
    )
    assert len(alarms) == 1
    assert alarms[0]["measured_at"] == at(42)
    # The city has other no-entry areas; it is in none of them, for the off-delay.
    assert alarms[0]["cleared_at"] == at(93)
    assert "Weak bridge for 30 s" in alarms[0]["reason_en"]
    assert "危桥" in alarms[0]["reason_zh"]


async def test_a_fence_removed_while_a_truck_is_inside_is_left_and_still_known(
    pool: asyncpg.Pool, database_url: str
) -> None:
    async with pool.acquire() as connection:
        device_id = truck(await install_city(connection))
        await draw(connection, 1, "no_entry")
        for second in range(3, 60, 3):
            await fix(connection, device_id, second, 100)
        await fold_all(pool, database_url)
        raised = await connection.fetchval(
            "SELECT raised_seq FROM alarm WHERE rule = 'vehicle-no-entry'"
            " AND cleared_at IS NULL"
        )
        async with connection.transaction():
            await lock_registry(connection)
            await remove_geofence(connection, "bridge")
            await move_version(connection)
            await append(connection, Kind.REGISTRY, b"{}", at=at(60))
        for second in range(63, 120, 3):
            await fix(connection, device_id, second, 100)
        await fold_all(pool, database_url)
        cleared = await connection.fetch(
            "SELECT cleared_at FROM alarm WHERE rule = 'vehicle-no-entry'"
        )
        then = await past_source(connection, raised, shard=0)
        head = await connection.fetchval("SELECT seq FROM journal_head")
        now = await past_source(connection, head, shard=0)
    assert [row["cleared_at"] for row in cleared] == [at(93)]
    assert then is not None
    assert "bridge" in {fence.code for fence in then.geofences}
    assert now is not None
    assert "bridge" not in {fence.code for fence in now.geofences}
