"""Real processes are told to stop at many moments: each ends by itself and in order."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
import pytest

from gezhi.stack.broker import Broker
from store.journal.entries import Kind, read
from tests.faults.load import ingest, load_of
from tests.faults.sizes import sized
from tests.ingest.far_end import gateway_process, until
from tests.ingest.test_forwarding import Place, hearing

pytestmark = [pytest.mark.db, pytest.mark.broker]

SEED = int(os.environ.get("GEZHI_STOPS_SEED", "3"))
"""Another seed is other moments."""

STOPS = sized(4, 100)
GATEWAY_STOPS = sized(3, 30)
RULES_STOPS = sized(2, 40)

PATIENCE_S = 300
"""A machine that does much else is waited for; who does not end at all is a fault."""

MOST_ROWS = 200
"""Readings after which a process is told to stop at the latest."""

IS_THERE = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
ENTRIES = "SELECT seq FROM journal_head WHERE shard = 0"
ROWS = "SELECT count(*) FROM reading"
FOLDED = "SELECT coalesce(max(seq), 0) FROM cursor WHERE consumer = 'rules'"


class Told(msgspec.Struct):
    """What an EDGE entry says."""

    edge: str
    up: bool


async def until_more(
    connection: asyncpg.Connection,
    query: str,
    than: int,
    process: asyncio.subprocess.Process,
) -> None:
    """Wait until a query returns more; the process must not end before."""
    while await connection.fetchval(query) <= than:
        assert process.returncode is None
        await asyncio.sleep(0.005)


async def end(
    process: asyncio.subprocess.Process, number: signal.Signals, *, times: int = 1
) -> None:
    """Tell a process to stop, maybe more than once; it ends by itself, and well."""
    for _ in range(times):
        process.send_signal(number)
        await asyncio.sleep(0)
    assert await process.wait() == 0


async def until_alone(connection: asyncpg.Connection) -> None:
    """Wait until the server has nobody else in this database: no lock is held there."""
    while await connection.fetchval(IS_THERE):  # noqa: ASYNC110 - there is no such signal
        await asyncio.sleep(0.01)


async def words(connection: asyncpg.Connection, after: int) -> list[Told | None]:
    """Return what the journal says of edges, in its order; None for anything else."""
    found: list[Told | None] = []
    while entries := await read(connection, after=after, limit=500):
        after = entries[-1].seq
        found += [
            msgspec.json.decode(entry.body, type=Told)
            if entry.kind is Kind.EDGE
            else None
            for entry in entries
        ]
    return found


async def check_goodbye(connection: asyncpg.Connection, after: int) -> None:
    """See that each ingest that said it hears said once that it does not, and last."""
    told = await words(connection, after)
    own = [each.up for each in told if each is not None and each.edge == "ingest"]
    assert own == [True, False] * (len(own) // 2)
    if own:
        assert told[-1] == Told(edge="ingest", up=False)


async def test_an_ingest_that_is_told_to_stop_ends_in_order_whenever_that_is(
    database_url: str, broker: Broker, unique: str
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a test's own, the same each time
    load = await load_of(database_url, broker, unique)
    connection = await asyncpg.connect(database_url)
    begun = await connection.fetchval(ENTRIES)  # the one of `load_of` was killed
    async with asyncio.timeout(PATIENCE_S + 10 * STOPS):
        async with load.publishing(at_once=10, pause_s=0.1):
            for _ in range(STOPS):
                await until_alone(connection)
                seen = {
                    query: await connection.fetchval(query)
                    for query in (IS_THERE, ENTRIES, ROWS)
                }
                query = chance.choice([IS_THERE, ENTRIES, ENTRIES, ROWS, ROWS, ROWS])
                more = {IS_THERE: 3, ENTRIES: 12, ROWS: MOST_ROWS}[query]
                than = seen[query] + chance.randrange(more)
                async with ingest(database_url, broker.ingest_url, unique) as process:
                    await until_more(connection, query, than, process)
                    await asyncio.sleep(chance.choice([0, 0, 0.002, 0.01, 0.03]))
                    number = chance.choice([signal.SIGTERM, signal.SIGINT])
                    await end(process, number, times=chance.choice([1, 1, 2]))
                await check_goodbye(connection, begun)
        async with ingest(database_url, broker.ingest_url, unique) as process:
            await load.until_stored(load.acknowledged)
            await end(process, signal.SIGTERM)
        await until_alone(connection)
    await check_goodbye(connection, begun)
    outcome = await load.outcome(within_s=0)
    await connection.close()
    assert outcome.acknowledged > 0
    assert outcome.is_whole


@asynccontextmanager
async def rules_process(dsn: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gezhi", "rules", env={**os.environ, "DATABASE_URL": dsn}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_rules_that_are_told_to_stop_end_and_go_on_behind_where_they_were(
    database_url: str, broker: Broker, unique: str
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - as above
    load = await load_of(database_url, broker, unique)
    connection = await asyncpg.connect(database_url)
    async with (
        asyncio.timeout(PATIENCE_S + 10 * RULES_STOPS),
        ingest(database_url, broker.ingest_url, unique) as hearing_all,
    ):
        async with load.publishing(at_once=5, pause_s=0.05):
            for _ in range(RULES_STOPS):
                before = await connection.fetchval(FOLDED)
                than = before + chance.choice([0, 1, chance.randrange(60)])
                async with rules_process(database_url) as process:
                    await until_more(connection, FOLDED, than, process)
                    number = chance.choice([signal.SIGTERM, signal.SIGINT])
                    await end(process, number, times=chance.choice([1, 1, 2]))
                assert await connection.fetchval(FOLDED) > before
        await load.until_stored(load.acknowledged)
        await end(hearing_all, signal.SIGTERM)
        await until_alone(connection)
        head = await connection.fetchval(ENTRIES)
        async with rules_process(database_url) as process:
            await until_more(connection, FOLDED, head - 1, process)
            await end(process, signal.SIGTERM)
        await until_alone(connection)
    assert await connection.fetchval(FOLDED) == head
    await connection.close()


async def until_answered(place: Place, more_than: int) -> None:
    await until(lambda: place.answered > more_than)


async def test_a_gateway_that_is_told_to_stop_says_so_and_keeps_what_it_answered(
    broker: Broker, unique: str, tmp_path: Path
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - as above
    place = Place(unique, tmp_path)
    stop = asyncio.Event()
    async with (
        asyncio.timeout(PATIENCE_S + 10 * GATEWAY_STOPS),
        hearing(broker, unique) as far_end,
        asyncio.TaskGroup() as tasks,
    ):
        for outfall in place.outfalls:
            tasks.create_task(outfall.run(stop))
        for _ in range(GATEWAY_STOPS):
            enough = place.answered + chance.randrange(100)
            async with gateway_process(
                broker.url(unique), place.file, state=place.state
            ) as process:
                await until_answered(place, enough)
                await asyncio.sleep(chance.choice([0, 0, 0.002, 0.01, 0.03]))
                number = chance.choice([signal.SIGTERM, signal.SIGINT])
                await end(process, number)
            # It never calls itself up after it has gone.
            await until(lambda: far_end.status.get("up") is not True)
        stop.set()
        async with gateway_process(broker.url(unique), place.file, state=place.state):
            await until(lambda: not place.missing(far_end))
    account = far_end.account()
    assert (account.first, account.missing) == (1, 0)
