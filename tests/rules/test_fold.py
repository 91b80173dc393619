"""The rules worker on a real database: restarts, absences, changes, company."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
import numpy as np
import pytest

from devices.registry.snapshot import Snapshot
from store.journal.body import edge_body
from store.journal.entries import Kind, append
from store.registry.facts import move_version
from store.rules.versions import install_shipped, live_rules, put_live
from store.telemetry.batch import Batch, Writer
from tests.rules.city_feed import NOON, install_city
from tests.rules.workers import fold_all, holds, moved_past, worker
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db

ALARMS = "SELECT rule, measured_at, cleared_at FROM alarm ORDER BY id"


@dataclass
class City:
    """The sample city, its clock at noon, and who says what in it."""

    pool: asyncpg.Pool
    dsn: str
    snapshot: Snapshot
    writer: Writer = field(default_factory=Writer)

    def at(self, second: float) -> datetime:
        return NOON + timedelta(seconds=second)

    async def say(self, second: float, device: str, **values: float) -> None:
        """Write one entry of one device's readings."""
        ids = {d.code: d.id for d in self.snapshot.devices.values()}
        series = [self.snapshot.series_id(ids[device], name) for name in values]
        us, n = us_from_datetime(self.at(second)), len(values)
        readings = Readings(
            np.array(series, np.int32),
            np.full(n, us, np.int64),
            np.array(list(values.values()), np.float64),
            np.zeros(n, np.int32),
            np.full(n, us, np.int64),
        )
        batch = Batch(readings, Positions.empty(), [], self.at(second))
        async with self.pool.acquire() as connection:
            await self.writer.write(connection, batch)

    async def tick(self, start: int, end: int) -> None:
        """Let time pass, a tick each second."""
        async with self.pool.acquire() as connection:
            for second in range(start, end):
                await append(connection, Kind.TICK, b"", at=self.at(second))

    async def edge(self, second: float, name: str, *, up: bool) -> None:
        body = edge_body(edge=name, gateway="", up=up, detail="")
        async with self.pool.acquire() as connection:
            await append(connection, Kind.EDGE, body, at=self.at(second))

    async def fold(self) -> list[tuple[str, float, float | None]]:
        """Run a new worker over all there is; return alarms by their seconds."""
        await fold_all(self.pool, self.dsn)
        return [
            (
                rule,
                (measured_at - NOON).total_seconds(),
                None if cleared_at is None else (cleared_at - NOON).total_seconds(),
            )
            for rule, measured_at, cleared_at in await self.pool.fetch(ALARMS)
        ]


@pytest.fixture
async def city(pool: asyncpg.Pool, database_url: str) -> City:
    async with pool.acquire() as connection:
        return City(pool, database_url, await install_city(connection))


async def test_an_alarm_files_one_case_and_clears_it(city: City) -> None:
    for second, tilt in enumerate([2, 50, 60, 55]):
        await city.say(second, "MH-0001", tilt_deg=tilt)
    await city.say(10, "MH-0001", tilt_deg=2)
    await city.say(20, "MH-0001", tilt_deg=2)
    assert await city.fold() == [("cover-opened", 1, 20)]
    case = await city.pool.fetchrow(
        "SELECT f.*, a.reason_en AS why"
        " FROM case_file f JOIN alarm a ON a.case_id = f.id"
    )
    assert case is not None
    assert case["condition"] == "cover_missing_or_displaced"
    assert case["severity"] == "critical"
    assert case["opened_at"] == city.at(1)
    assert case["recovered_at"] == city.at(20)
    assert case["why"] == (
        "Cover MH-0001 lies 50° off its rest, at or above 30°; the hole may be open"
    )


async def test_two_rules_with_one_problem_share_one_case(city: City) -> None:
    for second, tilt in [(0, 20), (10, 20), (20, 20), (30, 70), (40, 70)]:
        await city.say(second, "MH-0001", tilt_deg=tilt)
    assert [a[0] for a in await city.fold()] == ["cover-tilted", "cover-opened"]
    cases = await city.pool.fetch("SELECT hit_count, severity FROM case_file")
    assert [tuple(case) for case in cases] == [(2, "critical")]


async def test_the_grades_of_one_alarm_are_one_alarm_and_one_case(city: City) -> None:
    for second, depth in enumerate([0, 200, 200, 200, 300, 300, 300, 500, 500, 500]):
        await city.say(10 * second, "PD-0006", depth_mm=depth)
    assert await city.fold() == [("ponding", 30, None)]
    assert await city.pool.fetchval("SELECT severity FROM alarm") == "critical"
    assert await city.pool.fetchval("SELECT severity FROM case_file") == "critical"


async def test_a_restart_goes_on_with_a_half_done_delay(city: City) -> None:
    await city.say(0, "MH-0001", tilt_deg=20)
    await city.say(5, "MH-0001", tilt_deg=20)
    assert await city.fold() == []
    await city.say(10, "MH-0001", tilt_deg=20)
    assert await city.fold() == [("cover-tilted", 10, None)]


async def test_a_state_made_again_from_the_journal_goes_on_all_the_same(
    city: City,
) -> None:
    await city.say(0, "MH-0001", tilt_deg=20)
    await city.say(0, "MH-0002", tilt_deg=50)
    await city.say(5, "MH-0001", tilt_deg=20)
    assert await city.fold() == [("cover-opened", 0, None)]
    await city.pool.execute("DELETE FROM checkpoint")
    await city.say(10, "MH-0001", tilt_deg=20)
    await city.say(10, "MH-0002", tilt_deg=2)
    await city.say(20, "MH-0002", tilt_deg=2)
    assert await city.fold() == [("cover-opened", 0, 20), ("cover-tilted", 10, None)]


async def test_with_the_journal_gone_the_standing_alarms_are_believed(
    city: City,
) -> None:
    await city.say(0, "MH-0002", tilt_deg=50)
    assert await city.fold() == [("cover-opened", 0, None)]
    await city.pool.execute("DELETE FROM checkpoint")
    await city.pool.execute("DELETE FROM journal")
    await city.say(10, "MH-0002", tilt_deg=60)
    await city.say(20, "MH-0002", tilt_deg=2)
    await city.say(30, "MH-0002", tilt_deg=2)
    assert await city.fold() == [("cover-opened", 0, 30)]


async def test_a_device_that_falls_silent_is_an_alarm_without_a_value(
    city: City,
) -> None:
    await city.say(0, "MH-0001", tilt_deg=2)
    await city.tick(1, 132)  # so long its case waits for the gateway's other devices
    assert await city.fold() == [("cover-silent", 100, None)]
    row = await city.pool.fetchrow("SELECT value, threshold, reason_en FROM alarm")
    assert row is not None
    assert row["value"] is None
    assert row["threshold"] == 100
    assert "has not been heard for 100 s of our own presence" in row["reason_en"]
    assert (
        await city.pool.fetchval("SELECT condition FROM case_file") == "device_silent"
    )


@pytest.mark.parametrize("how", ["orderly", "killed"])
async def test_our_own_absence_is_nobodys_silence(city: City, how: str) -> None:
    await city.say(0, "MH-0001", tilt_deg=2)
    await city.tick(1, 40)
    assert await city.fold() == []
    if how == "orderly":
        await city.edge(40, "ingest", up=False)
    await city.edge(7000, "ingest", up=True)
    await city.edge(7001, "mqtt", up=True)
    await city.tick(7001, 7060)
    assert await city.fold() == []
    await city.tick(7060, 7064)
    assert [a[0] for a in await city.fold()] == ["cover-silent"]


async def test_an_edge_that_is_down_hears_nobody_and_blames_nobody(city: City) -> None:
    await city.say(0, "MH-0001", tilt_deg=2)
    await city.edge(1, "mqtt", up=False)
    await city.tick(1, 300)
    assert await city.fold() == []


async def test_a_changed_rule_starts_anew_and_withdraws_its_old_alarm(
    city: City,
) -> None:
    for second in (0, 5, 10):
        await city.say(second, "MH-0001", tilt_deg=20)
        await city.say(second, "MH-0002", tilt_deg=20 if second else 2)
    assert await city.fold() == [("cover-tilted", 10, None)]
    async with city.pool.acquire() as connection, connection.transaction():
        rules = {rule.code: rule for rule in await live_rules(connection)}
        text = rules["cover-tilted"].source.replace("above: 12", "above: 13")
        await put_live(connection, "cover-tilted", text, author="me", at=city.at(11))
    for second in (15, 20, 25):
        await city.say(second, "MH-0001", tilt_deg=20)
        await city.say(second, "MH-0002", tilt_deg=20)
    assert await city.fold() == [
        ("cover-tilted", 10, 11),
        ("cover-tilted", 25, None),
        ("cover-tilted", 25, None),
    ]
    cases = await city.pool.fetch("SELECT hit_count, recovered_at FROM case_file")
    assert sorted(tuple(case) for case in cases) == [(1, None), (2, None)]


async def test_a_rule_nobody_understands_does_not_stop_the_others(city: City) -> None:
    async with city.pool.acquire() as connection, connection.transaction():
        await put_live(connection, "odd", "code: odd\n", author="me", at=NOON)
    await city.say(0, "MH-0001", tilt_deg=50)
    assert await city.fold() == [("cover-opened", 0, None)]


async def test_a_new_device_is_judged_from_its_first_word(city: City) -> None:
    await city.say(0, "MH-0001", tilt_deg=20)
    await city.say(5, "MH-0001", tilt_deg=20)
    assert await city.fold() == []
    async with city.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO device (code, profile_id, gateway_id, address, cell_id, lon,"
            " lat) SELECT 'MH-NEW', profile_id, gateway_id, 'MH-NEW', cell_id, lon, lat"
            " FROM device WHERE code = 'MH-0001'"
        )
        await connection.execute(
            "INSERT INTO series (id, device_id, quantity)"
            " SELECT 99999, id, 'tilt_deg' FROM device WHERE code = 'MH-NEW'"
        )
        await move_version(connection)
        await append(connection, Kind.REGISTRY, b"{}", at=city.at(6))
    us = us_from_datetime(city.at(7))
    reading = Readings(
        np.array([99999], np.int32),
        np.array([us]),
        np.array([80.0]),
        np.zeros(1, np.int32),
        np.array([us]),
    )
    async with city.pool.acquire() as connection:
        batch = Batch(reading, Positions.empty(), [], city.at(7))
        await city.writer.write(connection, batch)
    await city.say(10, "MH-0001", tilt_deg=20)
    assert await city.fold() == [("cover-opened", 7, None), ("cover-tilted", 10, None)]


async def test_a_second_worker_waits_for_the_first_one_to_go(city: City) -> None:
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    )
    head = await city.pool.fetchval("SELECT seq FROM journal_head")
    async with worker(city.dsn) as first:
        await moved_past(city.pool, head - 1)
        async with worker(city.dsn):
            await holds(city.pool, waiting)
            await city.say(0, "MH-0001", tilt_deg=50)
            await moved_past(city.pool, head)
            first.cancel()
            await asyncio.wait([first])
            await city.say(10, "MH-0002", tilt_deg=50)
            await moved_past(city.pool, head + 2)
    assert [a[:2] for a in await city.fold()] == [
        ("cover-opened", 0),
        ("cover-opened", 10),
    ]


async def test_a_release_does_not_overrule_a_city(city: City) -> None:
    async with city.pool.acquire() as connection:
        assert await install_shipped(connection, NOON) == []
        await put_live(connection, "ponding", "code: ponding\n", author="me", at=NOON)
        assert await install_shipped(connection, NOON) == []
        await connection.execute(
            "UPDATE rule SET source = 'older' WHERE code = 'ponding' AND version = 1"
        )
        assert await install_shipped(connection, NOON) == []
        stages = await connection.fetch(
            "SELECT stage, author FROM rule WHERE code = 'ponding' ORDER BY version"
        )
    assert [tuple(row) for row in stages] == [
        ("retired", "shipped"),
        ("live", "me"),
        ("draft", "shipped"),
    ]
