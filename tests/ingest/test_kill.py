"""Acknowledged means committed, whatever is killed and when."""

import asyncio
import contextlib
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import IO

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from store.journal.body import readings_from
from store.journal.entries import Kind, read
from store.registry.gateways import gateways
from tests.faults.figures import SHOWN
from tests.faults.sizes import sized
from tests.ingest.publisher import START, Publisher
from tests.ingest.registry import register
from vocabulary.times import us_from_datetime

pytestmark = [pytest.mark.db, pytest.mark.broker]

KILLS = sized(10, 50)
GATEWAYS = 3
EACH = 200
"""Readings that each process stores at least before it is killed."""

Key = tuple[int, int]
"""A series, and microseconds after START."""


@asynccontextmanager
async def ingest_process(
    dsn: str, broker_url: str, client_id: str, *more: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run an ingest process and kill it at the end; ending by itself is an error."""
    with tempfile.TemporaryFile() as told:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.ingest.ingest_process",
            dsn,
            broker_url,
            client_id,
            *more,
            stderr=told,
        )
        async with asyncio.TaskGroup() as beside:
            watch = beside.create_task(must_be_killed(process, told), name="watch")
            try:
                yield process
            finally:
                watch.cancel()
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()


async def must_be_killed(process: asyncio.subprocess.Process, told: IO[bytes]) -> None:
    code = await process.wait()
    if code != -signal.SIGKILL:
        told.seek(0)
        last = told.read()[-2000:].decode(errors="replace")
        pytest.fail(f"ingest ended by itself with {code}:\n{last}")


async def stored(connection: asyncpg.Connection) -> Counter[Key]:
    rows = await connection.fetch("SELECT series_id, measured_at FROM reading")
    zero = us_from_datetime(START)
    return Counter((row[0], us_from_datetime(row[1]) - zero) for row in rows)


async def journaled(connection: asyncpg.Connection) -> Counter[Key]:
    zero = us_from_datetime(START)
    found: Counter[Key] = Counter()
    after = 0
    while entries := await read(connection, after=after, limit=500):
        assert [e.seq for e in entries] == list(
            range(after + 1, after + 1 + len(entries))
        )
        after = entries[-1].seq
        for entry in entries:
            if entry.kind is Kind.READINGS:
                rows = readings_from(entry.body, 0)
                times = (rows.measured_us - zero).tolist()
                found.update(zip(rows.series_id.tolist(), times, strict=True))
    return found


async def until_stored(connection: asyncpg.Connection, count: int) -> None:
    query = "SELECT count(*) FROM reading"
    while await connection.fetchval(query) < count:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)


async def test_of_many_kills_at_random_moments_nothing_is_lost_and_nothing_doubled(
    database_url: str, broker: Broker, unique: str
) -> None:
    codes = [f"{unique}-{n}" for n in range(GATEWAYS)]
    await broker.admit(*codes)
    for gateway in codes:
        await register(database_url, gateway, [f"MH {gateway}"])
    publishers = [Publisher(broker.url(g), g, f"MH {g}") for g in codes]
    connection = await asyncpg.connect(database_url)
    chance = random.Random(7)  # noqa: S311 - a test's own, the same each time
    stop = asyncio.Event()
    async with asyncio.timeout(100 * KILLS), asyncio.TaskGroup() as tasks:
        # Once, so that the broker holds a session that queues for us.
        async with ingest_process(database_url, broker.ingest_url, unique):
            await until_subscribed(connection)
        for publisher in publishers:
            tasks.create_task(publisher.run(stop, at_once=20, pause_s=0.1))
        for _ in range(KILLS):
            before = await connection.fetchval("SELECT count(*) FROM reading")
            async with ingest_process(database_url, broker.ingest_url, unique):
                await until_stored(connection, before + EACH)
                await asyncio.sleep(chance.random() * 0.7)
        stop.set()
    acknowledged = sum(len(publisher.acknowledged) for publisher in publishers)
    # Should some be lost, the comparison below says which.
    with contextlib.suppress(TimeoutError):
        async with (
            asyncio.timeout(300),
            ingest_process(database_url, broker.ingest_url, unique),
        ):
            await until_stored(connection, acknowledged)
    SHOWN.note(
        f"ingest killed {KILLS} times",
        acknowledged=acknowledged,
        stored=(await stored(connection)).total(),
    )
    assert acknowledged >= EACH * KILLS
    expected = await keys_of(connection, publishers)
    assert await stored(connection) == expected
    assert await journaled(connection) == expected
    # The platform's own account comes to the same: all that was numbered came.
    rows = await gateways(connection)
    account = {row.code: (row.epoch, row.first_seq, row.missing) for row in rows}
    assert account == dict.fromkeys(codes, (1, 0, 0))
    assert [row.last_seq for row in rows] == [p.sent - 1 for p in publishers]
    await connection.close()


async def until_subscribed(connection: asyncpg.Connection) -> None:
    query = "SELECT count(*) FROM journal WHERE position($1::bytea IN body) > 0"
    word = b'"mqtt","gateway":"","up":true'
    while not await connection.fetchval(query, word):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.05)


async def keys_of(
    connection: asyncpg.Connection, publishers: list[Publisher]
) -> Counter[Key]:
    """Return what the broker acknowledged, by series and time, each once."""
    rows = await connection.fetch(
        "SELECT d.address, s.id FROM series s JOIN device d ON d.id = s.device_id"
        " WHERE s.quantity = 'tilt_deg'"
    )
    series = dict(map(tuple, rows))
    return Counter(
        (series[publisher.device], seq * 1_000_000)
        for publisher in publishers
        for seq in publisher.acknowledged
    )
