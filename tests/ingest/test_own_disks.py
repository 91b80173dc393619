"""Our own disks: which are told of, and that it is stored like any reading."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from ingest.inbox import Inbox
from ingest.own_disks import own_disks, tell_own_disks
from store.disk import Disk
from tests.ingest.registry import register, snapshot_of
from tests.ingest.test_intake import clock_from, intake
from tests.rules.workers import holds

pytestmark = pytest.mark.db

DISK = ("disk_used_pct",)


@asynccontextmanager
async def telling(
    inbox: Inbox, snapshots: list[Snapshot], places: list[Path]
) -> AsyncIterator[None]:
    """Tell of disks by the newest of some registries for as long as the block lasts."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(
            tell_own_disks(
                places,
                registry=lambda: snapshots[-1],
                inbox=inbox,
                clock=clock_from(),
                look_s=0.01,
            )
        )
        yield
        task.cancel()


async def test_a_disk_is_told_of_if_it_is_watched_and_registered_as_ours(
    database_url: str, tmp_path: Path
) -> None:
    ours, unregistered, foreign, dumb = (tmp_path / name for name in "abcd")
    elsewhere = tmp_path / "e"
    for code, place, transport, quantities in (
        ("self", [ours, elsewhere], "self", DISK),
        ("GW-1", [foreign], "mqtt", DISK),
        ("self-2", [dumb], "self", ("battery_pct",)),
    ):
        await register(
            database_url,
            code,
            [str(each) for each in place],
            transport=transport,
            quantities=quantities,
        )
    snapshot = await snapshot_of(database_url)
    found = own_disks(snapshot, [ours, unregistered, foreign, dumb])
    assert [(disk.place, disk.device.code) for disk in found] == [
        (ours, f"self {ours}")
    ]


async def test_what_a_disk_says_is_stored_and_what_cannot_be_measured_says_nothing(
    database_url: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    places = [str(gone), str(tmp_path)]
    await register(database_url, "self", places, transport="self", quantities=DISK)
    inbox = Inbox(9)
    told = [await snapshot_of(database_url)]
    async with intake(database_url, inbox), telling(inbox, told, [gone, tmp_path]):
        await holds(pool, "SELECT EXISTS (SELECT FROM reading)")
    rows = await pool.fetch(
        "SELECT d.address, r.value, r.quality, r.received_at - r.measured_at AS lag"
        " FROM reading r JOIN series s ON s.id = r.series_id"
        " JOIN device d ON d.id = s.device_id"
    )
    assert {row["address"] for row in rows} == {str(tmp_path)}
    assert all(0 < row["value"] < 100 and row["quality"] == 0 for row in rows)
    assert all(row["lag"].total_seconds() < 60 for row in rows)


async def test_a_disk_that_is_registered_while_ingest_runs_is_told_of_once_an_interval(
    database_url: str, pool: asyncpg.Pool, tmp_path: Path
) -> None:
    inbox = Inbox(9)
    told = [await snapshot_of(database_url)]
    async with asyncio.timeout(300), telling(inbox, told, [tmp_path]):
        await asyncio.sleep(0)  # it has looked once, in vain
        assert inbox.empty()
        await register(
            database_url, "self", [str(tmp_path)], transport="self", quantities=DISK
        )
        await pool.execute("UPDATE profile SET expected_interval_s = 3600")
        told.append(await snapshot_of(database_url))
        said = await inbox.get()
        for _ in range(20):
            await asyncio.sleep(0.01)  # it looks about as often
        assert inbox.empty()
    assert said.gateway == "self"


def test_what_is_set_aside_for_others_is_neither_used_nor_free() -> None:
    mib = 1 << 20
    disk = Disk(Path("/d"), free_octets=15 * mib, free_share=0.1, used_octets=85 * mib)
    assert disk.used_pct == 85.0
    assert Disk(Path("/d"), 0, 0.0, 0).used_pct == 100.0
