"""Whatever is killed and when: each alarm once, each case once, none lost."""

import asyncio
import random
import sys

import asyncpg
import pytest

from gezhi.stack.postgres import Cluster
from store.migrate import migrate
from tests.rules.city_feed import Feed, install_city, journal_to
from tests.rules.outcome import doubled, outcome_of
from tests.rules.workers import fold_all, moved_past, start_process, worker

pytestmark = pytest.mark.db

KILLS = 8

MOVES = 25
"""Entries that each worker has surely taken when it is killed."""

AHEAD = 100
"""Entries that the stream is ahead of the workers at most: else a slow machine would
have more to fold than a fast one."""

LEFT = """
SELECT h.seq - coalesce(c.seq, 0) FROM journal_head h
LEFT JOIN cursor c ON c.consumer = 'rules' AND c.shard = h.shard WHERE h.shard = 0
"""


async def test_killed_at_any_moment_it_counts_each_entry_exactly_once(
    pool: asyncpg.Pool,
    database_url: str,
    second_pool: asyncpg.Pool,
    second_url: str,
) -> None:
    # The stream has chance of its own: but for its length it is the same each time.
    rng, of_feed = random.Random(17), random.Random(17)  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        feed = Feed(await install_city(connection), of_feed)
        async with asyncio.TaskGroup() as tasks:
            stream = tasks.create_task(keep_writing(feed, pool), name="feed")
            killed_at = [await killed(pool, database_url, rng) for _ in range(KILLS)]
            stream.cancel()
    assert killed_at == sorted(killed_at)
    await fold_all(pool, database_url)

    async with second_pool.acquire() as connection:
        await install_city(connection)
        await connection.execute("TRUNCATE journal")
    await journal_to(pool, second_pool)
    await fold_all(second_pool, second_url)

    got, wanted = await outcome_of(pool), await outcome_of(second_pool)
    assert got == wanted
    assert await doubled(pool) == 0
    assert all(got.values())
    sizes = {name: len(rows) for name, rows in got.items()}
    sys.stdout.write(f"{KILLS} kills after entries {killed_at}: {sizes}\n")


async def keep_writing(feed: Feed, pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        while True:
            if await connection.fetchval(LEFT) < AHEAD:
                await feed.write(connection)
            await asyncio.sleep(0.01)  # a city's pace, not a wait


async def killed(pool: asyncpg.Pool, dsn: str, rng: random.Random) -> int:
    """Start a worker, kill it in the middle of its work, return how far it had got."""
    before = await pool.fetchval(
        "SELECT coalesce(max(seq), 0) FROM cursor WHERE consumer = 'rules'"
    )
    process = await start_process(dsn)
    await moved_past(pool, before + MOVES)
    await asyncio.sleep(rng.uniform(0, 0.3))  # any moment at all
    process.kill()
    assert await process.wait() == -9
    return int(before)


async def test_the_database_may_be_killed_under_it(own_cluster: Cluster) -> None:
    dsn = own_cluster.dsn()
    await migrate(dsn)
    rng = random.Random(5)  # noqa: S311 not a secret
    async with worker(dsn):
        async with asyncpg.create_pool(dsn, min_size=0) as pool:
            async with pool.acquire() as connection:
                feed = Feed(await install_city(connection), rng)
                for _ in range(60):
                    await feed.write(connection)
            await moved_past(pool, 20)
            await own_cluster.kill()
            pool.terminate()
        await own_cluster.start()
        async with asyncpg.create_pool(dsn, min_size=1) as pool:
            head = await pool.fetchval("SELECT seq FROM journal_head")
            await moved_past(pool, head - 1)
    async with asyncpg.create_pool(dsn, min_size=1) as pool:
        got = await outcome_of(pool)
        await pool.execute("TRUNCATE alarm, cursor, checkpoint, case_number CASCADE")
        await pool.execute("TRUNCATE case_file CASCADE")
        await fold_all(pool, dsn)
        assert got["alarms"]
        assert got == await outcome_of(pool)
