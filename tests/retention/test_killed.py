"""A job that is killed amid a drop has done nothing, and the next one does it."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest

from store.journal.entries import Kind, append
from store.retention.state import note_days, retention_rows
from tests.retention.past import DAY, count, oldest, run, two_weeks_and_more
from tests.rules.workers import PATIENCE_S, holds
from tests.store.rows import NOON

pytestmark = [pytest.mark.db, pytest.mark.editions]

PROCESS = Path(__file__).with_name("dropping_process.py")
HUNG_UP_ON = """
SELECT NOT EXISTS (SELECT FROM pg_locks WHERE mode = 'AccessExclusiveLock'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
AND NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()
    AND state LIKE '%in transaction%' AND pid <> pg_backend_pid())
"""


async def test_a_job_that_is_killed_amid_a_drop_has_done_nothing(
    pool: asyncpg.Pool, database_url: str
) -> None:
    async with pool.acquire() as connection:
        await two_weeks_and_more(connection)
        await note_days(connection, "journal", 14)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(PROCESS), database_url, "250"),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert await process.stdout.readline() == b"dropped\n"
    process.kill()
    await process.wait()
    await holds(pool, HUNG_UP_ON)
    async with pool.acquire() as connection:
        assert await oldest(connection) == 1
        assert await count(connection, "journal") == 1001
        (row,) = await retention_rows(connection)
        assert (row.chunks, row.rows) == (0, 0)
        assert await run(connection)
        assert await oldest(connection) in (300, 301)
        seq = await append(connection, Kind.TICK, b"", at=NOON + 21 * DAY)
        assert seq == 1002
