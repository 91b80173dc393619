"""A rules worker that stands still amid a transaction keeps nobody from the journal."""

import asyncio
import random
import signal

import asyncpg
import pytest

from store.connection import STILL_S
from store.journal.entries import Kind, append
from tests.rules.city_feed import Feed, install_city
from tests.rules.workers import holds, moved_past, start_process

pytestmark = pytest.mark.db

BATCHES = 100
"""Said before the worker is started: enough for a case."""

WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
            AND query LIKE '%journal_head%'
    )
"""
WAITER = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND query LIKE '%journal_head%'
"""
HOLDS_HEAD_OR_IS_GONE = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity a JOIN pg_locks l USING (pid)
        WHERE pid = {pid} AND a.state = 'idle in transaction'
            AND l.relation = 'journal_head'::regclass AND l.mode = 'RowExclusiveLock'
    ) OR NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})
"""
IS_GONE = "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = {pid})"


async def test_ingest_goes_on_when_rules_stand_still_amid_a_transaction(
    pool: asyncpg.Pool, database_url: str
) -> None:
    async with pool.acquire() as connection, pool.acquire() as other:
        feed = Feed(await install_city(connection), random.Random(17))  # noqa: S311 not a secret
        for _ in range(BATCHES):
            await feed.write(connection)
        async with other.transaction():  # the first case cannot be told yet
            await other.execute("SELECT FROM journal_head FOR UPDATE")
            process = await start_process(database_url)
            await holds(pool, WAITS)
            pid = await pool.fetchval(WAITER)
            process.send_signal(signal.SIGSTOP)
        try:
            # We may look when the server has already hung up.
            await holds(pool, HOLDS_HEAD_OR_IS_GONE.format(pid=pid))
            async with asyncio.timeout(STILL_S + 120):
                seq = await append(connection, Kind.TICK, b"", at=feed.now)
            await holds(pool, IS_GONE.format(pid=pid))  # that is what let us in
            process.send_signal(signal.SIGCONT)
            await moved_past(pool, seq - 1)  # and it goes on from where it was
        finally:
            process.kill()
            await process.wait()
