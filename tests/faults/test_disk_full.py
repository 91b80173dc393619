"""A disk is full: ingest refuses and says so, and goes on by itself after that."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx2
import pytest

from api.app import create_app
from gezhi.clock import utc_now
from gezhi.processes.supervise import keep_started
from gezhi.stack.broker import Broker
from gezhi.stack.home import open_home
from gezhi.stack.postgres import Cluster
from gezhi.up import beside
from store.migrate import migrate
from tests.api.town import WEB_ROOT, served
from tests.conftest import wants_timescaledb
from tests.faults.figures import Note
from tests.faults.load import Load, ingest, load_of
from tests.faults.sizes import IS_SOAK, sized
from tests.faults.small_disk import fill, small_disk
from tests.ingest.far_end import until
from tests.ports import free_port

pytestmark = [pytest.mark.db, pytest.mark.broker]

FULL_S = sized(2.0, 60.0)
"""For how long a disk stays full; after a minute the database's log is full too."""


@dataclass
class Watched:
    """What an operator sees of a platform: its probe, and what ingest counts."""

    api: str
    metrics: str

    async def ready(self) -> httpx2.Response:
        async with httpx2.AsyncClient(timeout=60) as client:
            return await client.get(f"{self.api}/readyz")

    async def metric(self, name: str) -> float:
        async with httpx2.AsyncClient(timeout=60) as client:
            text = (await client.get(f"{self.metrics}/metrics")).text
        found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else -1.0

    async def until_metric(self, name: str, value: float) -> None:
        while await self.metric(name) != value:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)

    async def until_ready(self, status: int) -> httpx2.Response:
        while (answer := await self.ready()).status_code != status:  # noqa: ASYNC110
            await asyncio.sleep(0.2)
        return answer


FULL = 'gezhi_ingest_refusing{reason="disk-full"}'
AWAY = 'gezhi_ingest_refusing{reason="database-away"}'


@asynccontextmanager
async def watched(
    dsn: str, broker: Broker, word: str, disks: Sequence[Path] = ()
) -> AsyncIterator[Watched]:
    """Run ingest and the API."""
    app = create_app(
        database_url=dsn, clock=utc_now, web_root=WEB_ROOT, disks=tuple(disks)
    )
    port = free_port()
    places = [str(place) for place in disks]
    async with (
        ingest(dsn, broker.ingest_url, word, metrics_port=port, disks=places),
        served(app) as url,
    ):
        yield Watched(url, f"http://127.0.0.1:{port}")


async def test_a_database_whose_disk_is_full_is_waited_for_and_said_to_be(
    broker: Broker, unique: str, note: Note
) -> None:
    lines: list[str] = []
    with small_disk(320) as root:
        cluster = Cluster(
            open_home(root), with_timescaledb=wants_timescaledb(), is_durable=False
        )
        await cluster.start()
        try:
            async with beside(keep_started("db", cluster, lines.append), "database"):
                await migrate(cluster.dsn())
                load = await load_of(cluster.dsn(), broker, unique)
                async with (
                    asyncio.timeout(300 + 3 * FULL_S),
                    watched(cluster.dsn(), broker, unique) as platform,
                ):
                    await _fill_and_free(load, platform, root, note, lines)
        finally:
            await cluster.stop()


async def _fill_and_free(
    load: Load, platform: Watched, root: Path, note: Note, lines: Sequence[str]
) -> None:
    async with load.publishing(at_once=20, pause_s=0.05):
        await load.until_stored(1)
        ballast = fill(root, leave_mib=0.5)
        await platform.until_metric(FULL, 1.0)
        refused = await platform.until_ready(503)
        before = load.acknowledged
        await asyncio.sleep(FULL_S)
        await until(lambda: load.acknowledged > before)  # the broker goes on taking
        ballast.unlink()
        back_s = await load.catch_up_s()
    await platform.until_metric(FULL, 0.0)
    await platform.until_ready(200)
    outcome = await load.outcome(within_s=120)
    note(
        f"database's disk full for {FULL_S:g} s or more",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
        s_to_catch_up=back_s,
        starts_of_the_server=sum("starting it again" in line for line in lines),
    )
    (fault, *_) = refused.json()["errors"]
    assert refused.headers["content-type"] == "application/problem+json"
    assert fault["where"] in {"disk", "database"}  # the log may have been full first
    if fault["where"] == "disk":
        assert "No space left on device" in fault["wrong"]
    assert outcome.is_whole


async def test_a_database_that_ended_on_a_full_disk_is_started_until_it_stays(
    note: Note,
) -> None:
    lines: list[str] = []
    with small_disk(320) as root:
        cluster = Cluster(
            open_home(root), with_timescaledb=wants_timescaledb(), is_durable=False
        )
        await cluster.start()
        async with (
            asyncio.timeout(300),
            beside(keep_started("db", cluster, lines.append), "database"),
        ):
            ballast = fill(root, leave_mib=0)
            first = cluster.child
            await cluster.kill()
            await until(lambda: any("does not start" in line for line in lines))
            ballast.unlink()
            await until(lambda: cluster.child is not first and is_told(cluster))
            connection = await asyncpg.connect(cluster.dsn())
            await connection.close()
        await cluster.stop()
    note(
        "database ended on a full disk",
        starts_in_vain=sum("does not start" in line for line in lines),
    )


def is_told(cluster: Cluster) -> bool:
    """Return whether the server takes connections."""
    return "ready to accept connections" in cluster.child.last_words()


async def test_ingest_stores_no_more_on_a_disk_of_ours_that_has_only_its_reserve(
    database_url: str, broker: Broker, unique: str, note: Note
) -> None:
    load = await load_of(database_url, broker, unique)
    with small_disk(80) as root:
        async with (
            asyncio.timeout(300),
            watched(database_url, broker, unique, [root]) as platform,
        ):
            async with load.publishing(at_once=20, pause_s=0.05):
                await load.until_stored(1)
                assert (await platform.until_ready(200)).json()["warnings"] == []
                ballast = fill(root, leave_mib=2.0)
                await platform.until_metric(FULL, 1.0)
                warned = (await platform.ready()).json()
                ratio = await platform.metric(
                    f'gezhi_disk_free_ratio{{place="{root}"}}'
                )
                await until_still(load, sized(1.0, 15.0))
                if IS_SOAK:
                    refused = (await platform.until_ready(503)).json()
                    assert refused["errors"][-1]["where"] == "disk"
                ballast.unlink()
                back_s = await load.catch_up_s()
            await platform.until_metric(FULL, 0.0)
            outcome = await load.outcome(within_s=120)
    note(
        "only the reserve left on our disk",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
        s_to_catch_up=back_s,
    )
    assert ratio == pytest.approx(2 / 80, abs=0.005)
    assert "2.5% (2 MiB) free" in warned["warnings"][0]
    assert outcome.is_whole


async def until_still(load: Load, still_s: float) -> None:
    """Wait until nothing more is stored: what was in hand has landed."""
    before = -1
    while before != (now := await load.stored()):
        before = now
        await asyncio.sleep(still_s)


async def test_a_broker_that_cannot_save_its_queue_keeps_it_until_it_can(
    database_url: str, unique: str, note: Note
) -> None:
    with small_disk(24) as root:
        broker = Broker(open_home(root))
        if broker.name != "mosquitto":
            pytest.skip("the other broker keeps its queue in memory, and says so")
        await broker.start()
        queue = root / "broker" / "queue.db"
        try:
            async with asyncio.timeout(300):
                load = await load_of(database_url, broker, unique)
                async with load.publishing(at_once=20, pause_s=0.05):
                    await until(lambda: load.acknowledged > 1000)
                    ballast = fill(root, leave_mib=0.1)
                    await until(lambda: b"No space left" in _log(root))
                    before = load.acknowledged
                    await until(lambda: load.acknowledged > before + 1000)
                    ballast.unlink()
                # What it took while the disk was full is saved within seconds.
                saved_at = _saved_at(queue)
                await until(lambda: _saved_at(queue) != saved_at)
                saved_at = _saved_at(queue)
                await until(lambda: _saved_at(queue) != saved_at)
                await broker.kill()
                await broker.start()
                async with ingest(database_url, broker.ingest_url, unique):
                    outcome = await load.outcome(within_s=120)
        finally:
            await broker.kill()
    note(
        "broker's disk full, then killed",
        acknowledged=outcome.acknowledged,
        stored=outcome.stored,
        lost=outcome.lost,
        doubled=outcome.doubled,
    )
    assert outcome.is_whole


def _saved_at(queue: Path) -> int:
    """Return when the broker saved its queue; 0 if it never did."""
    return queue.stat().st_mtime_ns if queue.exists() else 0


def _log(root: Path) -> bytes:
    return (root / "log" / "mosquitto.log").read_bytes()
