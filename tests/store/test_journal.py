import asyncio
import contextlib
from datetime import timedelta

import asyncpg
import numpy as np
import pytest

from store.journal.cursor import (
    Checkpoint,
    checkpoint_of,
    cursor_of,
    move_cursor,
    save_checkpoint,
)
from store.journal.entries import READ_BYTES, Kind, NoShardError, append, head, read
from tests.store.rows import NOON

pytestmark = [pytest.mark.db, pytest.mark.editions]

WRITERS = 4
TRIES = 60


class RolledBackError(Exception):
    """Our own reason to roll back."""


def roll_back() -> None:
    raise RolledBackError


async def test_entries_come_back_in_order(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert await head(connection) == 0
        for row_count, body in enumerate([b"", b"a", b"bc"]):
            await append(connection, Kind.TICK, body, at=NOON, row_count=row_count)
        entries = await read(connection, after=1, limit=10)
        assert [(e.seq, e.kind, e.row_count, e.body) for e in entries] == [
            (2, Kind.TICK, 1, b"a"),
            (3, Kind.TICK, 2, b"bc"),
        ]
        assert await head(connection) == 3


async def test_the_journals_time_never_goes_back(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        for seconds in (10, 5, 20):
            at = NOON + timedelta(seconds=seconds)
            await append(connection, Kind.TICK, b"", at=at)
        entries = await read(connection, after=0, limit=10)
    assert [(e.received_at - NOON).seconds for e in entries] == [10, 10, 20]


async def test_a_journal_that_is_not_there_is_an_error(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(NoShardError):
            await append(connection, Kind.TICK, b"", at=NOON, shard=7)
        with pytest.raises(NoShardError):
            await head(connection, shard=7)


async def test_one_read_is_bounded_by_octets_but_never_empty(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        for _ in range(3):
            await append(connection, Kind.CASE, bytes(READ_BYTES), at=NOON)
        assert [e.seq for e in await read(connection, after=0, limit=10)] == [1]
        assert [e.seq for e in await read(connection, after=1, limit=10)] == [2]


async def test_the_journal_is_dense_and_in_commit_order_under_concurrent_writers(
    pool: asyncpg.Pool,
) -> None:
    seen: list[int] = []
    done = asyncio.Event()
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        follower = tasks.create_task(follow(pool, seen, done))
        committed = await asyncio.gather(*(write(pool, n) for n in range(WRITERS)))
        done.set()
        await follower
    total = sum(len(seqs) for seqs in committed)
    assert sorted(seq for seqs in committed for seq in seqs) == list(
        range(1, total + 1)
    )
    # A reader that only ever asks "what is after" has met each entry once, in order.
    assert seen == list(range(1, total + 1))
    assert 0 < total < WRITERS * TRIES


async def write(pool: asyncpg.Pool, seed: int) -> list[int]:
    """Append at random, roll back about every third time; return what was committed."""
    chance = np.random.default_rng(seed)
    committed = []
    for _ in range(TRIES):
        try:
            async with pool.acquire() as connection, connection.transaction():
                await connection.execute("SELECT pg_sleep($1)", chance.random() / 200)
                seq = await append(connection, Kind.TICK, b"", at=NOON)
                await asyncio.sleep(chance.random() / 500)
                if chance.random() < 0.3:
                    roll_back()
        except RolledBackError:
            continue
        committed.append(seq)
    return committed


async def follow(pool: asyncpg.Pool, seen: list[int], done: asyncio.Event) -> None:
    """Read what is after the last one seen, until a read after the end is empty."""
    async with pool.acquire() as connection:
        while True:
            was_done = done.is_set()
            entries = await read(connection, after=seen[-1] if seen else 0, limit=5)
            seen.extend(entry.seq for entry in entries)
            if was_done and not entries:
                return


async def test_a_cursor_moves_with_the_transaction_it_is_in(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert await cursor_of(connection, "rules") == 0
        await move_cursor(connection, "rules", 5)
        with contextlib.suppress(RolledBackError):
            async with connection.transaction():
                await move_cursor(connection, "rules", 9)
                roll_back()
        assert await cursor_of(connection, "rules") == 5
        assert await cursor_of(connection, "latest") == 0


async def test_a_checkpoint_replaces_the_one_before(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        assert await checkpoint_of(connection, "rules") is None
        await save_checkpoint(connection, "rules", 5, "k", b"\0five")
        await save_checkpoint(connection, "rules", 9, "l", b"\0nine")
        assert await checkpoint_of(connection, "rules") == Checkpoint(9, "l", b"\0nine")
