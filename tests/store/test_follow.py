import asyncio

import asyncpg
import pytest

from gezhi.stack.postgres import Cluster
from store.journal.entries import Entry, Kind, append
from store.journal.follow import JournalTail
from store.migrate import migrate
from tests.store.rows import NOON

pytestmark = pytest.mark.db


async def tick(dsn: str, count: int = 1) -> None:
    connection = await asyncpg.connect(dsn)
    for _ in range(count):
        await append(connection, Kind.TICK, b"", at=NOON)
    await connection.close()


async def test_what_is_there_is_returned_at_once(database_url: str) -> None:
    await tick(database_url, 3)
    async with asyncio.timeout(300), JournalTail(database_url, poll_s=1000) as tail:
        assert [e.seq for e in await tail.entries(0)] == [1, 2, 3]
        assert [e.seq for e in await tail.entries(1, limit=1)] == [2]


async def test_nothing_new_is_an_empty_answer_after_the_poll(database_url: str) -> None:
    async with asyncio.timeout(300), JournalTail(database_url, poll_s=0.05) as tail:
        assert await tail.entries(0) == []


async def test_a_waiting_tail_is_woken_by_the_commit(database_url: str) -> None:
    async with asyncio.timeout(300), JournalTail(database_url, poll_s=1000) as tail:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(tail.entries(0))
            await tick(database_url)
        assert [entry.seq for entry in waiting.result()] == [1]


async def test_the_tail_of_one_shard_is_not_woken_by_another(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO journal_head VALUES (10, 0, 'epoch')")
    async with asyncio.timeout(300), JournalTail(database_url, poll_s=0.2) as tail:
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(tail.entries(0))
            await append(connection, Kind.TICK, b"", at=NOON, shard=10)
        assert waiting.result() == []
    await connection.close()


async def test_the_tail_goes_on_after_the_database_was_restarted(
    own_cluster: Cluster,
) -> None:
    dsn = own_cluster.dsn()
    await migrate(dsn)
    await tick(dsn)
    async with asyncio.timeout(300), JournalTail(dsn, poll_s=0.05) as tail:
        assert [e.seq for e in await tail.entries(0)] == [1]
        await own_cluster.stop()
        assert await tail.entries(1) == []
        assert await tail.entries(1) == []
        await own_cluster.start()
        await tick(dsn, 2)
        found: list[Entry] = []
        while not found:
            found = await tail.entries(1)
        assert [entry.seq for entry in found] == [2, 3]


async def test_a_tail_may_be_opened_before_the_database_is_there(
    own_cluster: Cluster,
) -> None:
    await migrate(own_cluster.dsn())
    await own_cluster.kill()
    async with (
        asyncio.timeout(300),
        JournalTail(own_cluster.dsn(), poll_s=0.05) as tail,
    ):
        assert await tail.entries(0) == []
