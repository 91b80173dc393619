"""Rules workers for the tests: inside this process, or as processes to be killed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from rules.worker.resume import CONSUMER
from rules.worker.work import run_rules
from store.journal.cursor import cursor_of

PROCESS = Path(__file__).with_name("rules_process.py")
PATIENCE_S = 300
"""How long a worker may take for anything, on a machine that does more than this."""

ZONE = "Asia/Shanghai"


async def moved_past(pool: asyncpg.Pool, seq: int) -> int:
    """Wait until the rules' cursor is past `seq`, and return it."""
    cursor = seq
    async with asyncio.timeout(PATIENCE_S), pool.acquire() as connection:
        while cursor <= seq:
            await asyncio.sleep(0.01)  # a poll: another process moves it
            cursor = await cursor_of(connection, CONSUMER)
    return cursor


@asynccontextmanager
async def worker(dsn: str) -> AsyncIterator[asyncio.Task[None]]:
    """Run a worker inside this process."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(run_rules(dsn, time_zone=ZONE), name="rules")
        yield task
        task.cancel()


async def fold_all(pool: asyncpg.Pool, dsn: str) -> None:
    """Run a worker until it has taken all that is in the journal now."""
    head = await pool.fetchval("SELECT seq FROM journal_head")
    async with worker(dsn):
        await moved_past(pool, head - 1)


async def start_process(dsn: str) -> asyncio.subprocess.Process:
    """Start a worker in which what breaks here breaks as well: warnings are errors."""
    strict = "-W", "error::RuntimeWarning"
    return await asyncio.create_subprocess_exec(sys.executable, *strict, PROCESS, dsn)


async def holds(pool: asyncpg.Pool, query: str) -> None:
    """Wait until a query's answer is true."""
    async with asyncio.timeout(PATIENCE_S):
        is_true = False
        while not is_true:
            await asyncio.sleep(0.01)  # a poll: the server has no word for it
            is_true = bool(await pool.fetchval(query))
