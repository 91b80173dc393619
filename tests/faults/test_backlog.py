"""After thirteen hours without a line: the newest first, all of it, and no storm."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from ingest.forwarding.queue_file import QueueFile
from ingest.protocols.up_message import DeviceReadings, UpMessage
from store.connection import Connection
from store.journal.body import readings_from
from store.journal.entries import Kind, read
from store.registry.gateways import missing
from tests.faults.figures import Note
from tests.faults.load import ingest, subscribe_once
from tests.faults.sizes import sized
from tests.ingest.far_end import gateway_process
from tests.ports import free_port
from tests.rules.city_feed import install_city
from tests.rules.workers import fold_all
from vocabulary.times import us_from_datetime

pytestmark = [pytest.mark.db, pytest.mark.broker]

OUTAGE = timedelta(hours=13)
EVERY_S = sized(120, 10)
COVERS = 10
LIVE = 5
"""Messages of the last half minute; those up to an hour before are the backlog."""

PER_S = 200
"""Messages of the backlog that the gateway sends each second."""

LIVE_FOR = timedelta(minutes=30)
"""What the gateway calls live: what was kept last, and on a slow machine too."""

PLAN = """
gateway = "{gateway}"
[[nmea]]
code = "GPS"
udp_port = {port}
"""

OPEN_FROM, OPEN_UNTIL = timedelta(hours=3), timedelta(hours=3.5)
"""When the first cover lay open, after the line was lost."""


async def test_after_thirteen_hours_live_comes_first_and_no_storm(
    pool: asyncpg.Pool, database_url: str, broker: Broker, tmp_path: Path, note: Note
) -> None:
    async with pool.acquire() as connection:
        snapshot = await install_city(connection)
        # Its slaves may be somebody's: a demo that runs beside us has the same ports.
        await connection.execute("UPDATE gateway SET port = 1 WHERE port IS NOT NULL")
    gateway, covers = some_covers(snapshot)
    await broker.admit(gateway)
    now = utc_now()
    kept = keep_outage(tmp_path / "state", covers, now)
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.format(gateway=gateway, port=free_port()), "utf-8")
    await subscribe_once(database_url, broker.ingest_url, f"{gateway}-backlog")
    url = broker.url(gateway)
    live_s = str(int(LIVE_FOR.total_seconds()))
    rate = ["--backlog-per-s", str(PER_S), "--live-s", live_s]
    since_s = asyncio.get_running_loop().time()
    async with (
        asyncio.timeout(300),
        ingest(database_url, broker.ingest_url, f"{gateway}-backlog"),
        gateway_process(url, plan, state=tmp_path / "state", options=rate),
    ):
        rows = "SELECT count(*) FROM reading WHERE value < 100"
        while await pool.fetchval(rows) < kept * len(covers):  # noqa: ASYNC110 - theirs
            await asyncio.sleep(0.1)
    took_s = asyncio.get_running_loop().time() - since_s
    async with pool.acquire() as connection:
        times_us = await journaled_times(connection)
        lacking = sum(row.missing for row in await missing(connection))
    await fold_all(pool, database_url)
    alarms = [row["rule"] for row in await pool.fetch("SELECT rule FROM alarm")]
    cases = await pool.fetchval("SELECT count(*) FROM case_file")
    before = old_before_the_last_live(times_us, us_from_datetime(now - LIVE_FOR))
    note(
        "13 h without a line",
        messages=kept,
        readings=len(times_us),
        missing=lacking,
        doubled=len(times_us) - kept * len(covers),
        of_the_backlog_before_the_last_live_one=before,
        alarms=len(alarms),
        cases=cases,
        s_to_catch_up=took_s,
    )
    assert (lacking, len(times_us)) == (0, kept * len(covers))
    assert before < 0.2 * len(times_us)
    assert set(alarms) <= {"cover-opened", "cover-tilted"}
    assert len(alarms) <= len({"cover-opened", "cover-tilted"})
    assert cases <= 1


def some_covers(snapshot: Snapshot) -> tuple[str, list[str]]:
    """Return a gateway of the city and addresses of covers behind it."""
    found = [each for each in snapshot.devices.values() if each.code.startswith("MH-")]
    gateway = min(each.gateway for each in found)
    behind = sorted(each.address for each in found if each.gateway == gateway)
    return gateway, behind[:COVERS]


def keep_outage(state: Path, covers: Sequence[str], now: datetime) -> int:
    """Put into a gateway's queue what it heard in the outage; return how much."""
    state.mkdir()
    queue = QueueFile(state / "queue.db")
    lost = now - OUTAGE
    old_s = range(0, int(OUTAGE.total_seconds()) - 3600, EVERY_S)
    times = [lost + timedelta(seconds=second) for second in old_s]
    for at in times:
        is_open = lost + OPEN_FROM <= at < lost + OPEN_UNTIL
        queue.add([_told(covers, at, is_open=is_open)], at=at)
    for n in range(LIVE, 0, -1):
        at = now - timedelta(seconds=5 * n)
        queue.add([_told(covers, at, is_open=False)], at=at)
    queue.close()
    return len(times) + LIVE


def _told(covers: Sequence[str], at: datetime, *, is_open: bool) -> UpMessage:
    tilts = [70.0 if is_open and n == 0 else 2.0 for n, _ in enumerate(covers)]
    parts = [
        DeviceReadings(device=cover, measured_at=at, values={"tilt_deg": tilt})
        for cover, tilt in zip(covers, tilts, strict=True)
    ]
    return UpMessage(readings=parts)


async def journaled_times(connection: Connection) -> list[int]:
    """Return when each journaled reading was measured, in the journal's order."""
    times_us: list[int] = []
    after = 0
    while entries := await read(connection, after=after, limit=500):
        after = entries[-1].seq
        for entry in entries:
            if entry.kind is Kind.READINGS:
                times_us += readings_from(entry.body, 0).measured_us.tolist()
    return times_us


def old_before_the_last_live(times_us: Sequence[int], live_us: int) -> int:
    """Return how many old readings stand before the last one that was kept as live."""
    last = max(place for place, at_us in enumerate(times_us) if at_us >= live_us)
    return sum(at_us < live_us for at_us in times_us[:last])
