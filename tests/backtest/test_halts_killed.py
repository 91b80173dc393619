"""Whoever is killed amid a halt has not begun it."""

import asyncpg
import pytest

from rules.worker.work import LOCK_CLASS
from tests.backtest.halting import Workshop, is_reproduced
from tests.rules.workers import holds, start_process

pytestmark = pytest.mark.db

WRITTEN = ("rule_halt", "plan_source", "alarm", "cursor", "case_file")
"""What a worker writes as it halts a rule and takes the entry, in that order."""

DONE = """
SELECT ARRAY[
    EXISTS (SELECT FROM rule_halt WHERE retry_at IS NOT NULL),
    EXISTS (SELECT FROM alarm WHERE rule = 'steep' AND cleared_seq = $1),
    EXISTS (SELECT FROM plan_source WHERE broken IS NOT NULL AND from_seq = $1),
    EXISTS (SELECT FROM cursor WHERE consumer = 'rules' AND seq >= $1)
]
"""

IS_FREE = f"""
SELECT NOT EXISTS (SELECT FROM pg_locks
                   WHERE locktype = 'advisory' AND classid = {LOCK_CLASS})
"""  # noqa: S608 our own number


async def test_a_worker_that_is_killed_amid_a_halt_has_not_begun_it(
    workshop: Workshop, pool: asyncpg.Pool
) -> None:
    await workshop.make_steep()
    workshop.line.terminate()
    await holds(pool, IS_FREE)
    workshop.second += 1
    said = {"PR-0001": {"pressure_kpa": 1e308}, "PR-0002": {"pressure_kpa": 300.0}}
    await workshop.city.say(workshop.second, said)
    broken_at = await pool.fetchval("SELECT seq FROM journal_head")
    for table in WRITTEN:
        await killed_at(pool, workshop.city.dsn, table)
        assert await pool.fetchval(DONE, broken_at) == [False] * 4
        async with pool.acquire() as connection:
            await workshop.close_case(connection)
    await workshop.city.fold()
    assert await pool.fetchval(DONE, broken_at) == [True] * 4
    assert await pool.fetchval("SELECT failures FROM rule_halt") == 1
    await is_reproduced(workshop)


async def killed_at(pool: asyncpg.Pool, dsn: str, table: str) -> None:
    """Let a worker come to where it writes to a table, and kill it there."""
    its = f"NOT granted AND relation = '{table}'::regclass"
    is_there = f"SELECT EXISTS (SELECT FROM pg_locks WHERE {its})"  # noqa: S608 our own words
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        process = await start_process(dsn)
        try:
            await holds(pool, is_there)
        finally:
            process.kill()
            await process.wait()
    await holds(pool, IS_FREE)
