"""What is old of the journal goes, but for what somebody still needs."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from rules.retention.job import READER, believe_clock, look_at_clock
from store.connection import Connection
from store.journal.cursor import move_cursor, save_checkpoint
from store.journal.entries import Kind, append, read
from store.retention.drop import reading_the_past
from store.retention.state import RetentionRow, retention_rows
from store.retention.told import retention_told, retention_wrong
from tests.retention.past import (
    AT_ONCE,
    DAY,
    count,
    in_small_chunks,
    oldest,
    pass_time,
    run,
    two_weeks_and_more,
)
from tests.store.rows import NOON

pytestmark = [pytest.mark.db, pytest.mark.editions]

WHOLE, BY_ROW = 300, 301
"""The oldest of 1,001 entries over 20 days once 14 are kept: with chunks, without."""

YEARS = 730 * DAY


async def row_of(connection: Connection, what: str) -> RetentionRow:
    return next(row for row in await retention_rows(connection) if row.what == what)


async def octets_of(connection: Connection, table: str) -> int:
    told = await retention_told(connection)
    return next(size.octets for size in told.sizes if size.table == table)


async def test_what_is_older_than_its_days_goes_and_the_rest_stays(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        has_chunks = await two_weeks_and_more(connection)
        before = await octets_of(connection, "journal")
        assert await run(connection)
        assert await oldest(connection) == (WHOLE if has_chunks else BY_ROW)
        assert await connection.fetchval("SELECT max(seq) FROM journal") == 1001
        row = await row_of(connection, "journal")
        assert (row.chunks, row.rows) == ((3, 0) if has_chunks else (0, 300))
        if has_chunks:
            chunks = "SELECT count(*) FROM show_chunks('journal')"
            assert await connection.fetchval(chunks) == 8
            assert await octets_of(connection, "journal") < before
        assert await run(connection)
        assert await oldest(connection) == (WHOLE if has_chunks else BY_ROW)


async def test_a_consumer_that_is_behind_holds_its_part_back_and_is_named(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        has_chunks = await two_weeks_and_more(connection)
        await move_cursor(connection, "commands", 150)
        await move_cursor(connection, "latest", 900)
        assert not await run(connection)
        assert await oldest(connection) == (100 if has_chunks else 150)
        (held,) = (await row_of(connection, "journal")).holding
        assert (held.who, held.from_seq) == ("commands", 150)
        assert held.at == NOON + 149 * 20 * DAY / 1000
        wrong = await retention_wrong(connection, now=NOON, jumped=DAY, late=DAY)
        assert ["commands holds back" in each for each in wrong] == [True]
        await move_cursor(connection, "commands", 1001)
        assert await run(connection)
        assert await oldest(connection) == (WHOLE if has_chunks else BY_ROW)
        assert not (await row_of(connection, "journal")).holding


async def test_a_state_that_was_kept_needs_all_that_follows_it(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        has_chunks = await two_weeks_and_more(connection)
        await move_cursor(connection, "rules", 1001)
        await save_checkpoint(connection, "rules", 199, "key", b"")
        await save_checkpoint(connection, "rules.plan", 1, "key", b"")
        assert not await run(connection)
        assert await oldest(connection) == 200
        assert (await row_of(connection, "journal")).holding[0].from_seq == 200
        assert [e.seq for e in await read(connection, after=199, limit=1)] == [200]
        assert has_chunks or await count(connection, "journal") == 802


async def test_whoever_reads_the_past_is_waited_for(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, pool.acquire() as reader:
        await two_weeks_and_more(connection)
        async with reading_the_past(reader):
            assert not await run(connection)
            assert await oldest(connection) == 1
            assert (await row_of(connection, "journal")).holding[0].who == READER
        assert await run(connection)
        assert await oldest(connection) > 1


async def test_a_clock_that_jumps_two_years_ahead_drops_nothing(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await in_small_chunks(connection)
        told = await pass_time(connection, NOON, entries=500, step=DAY / 100)
        assert await run(connection)
        await pass_time(connection, told + YEARS, entries=100, step=DAY / 100)
        for _ in range(3):
            assert await run(connection, elapsed=timedelta(minutes=10))
        assert await oldest(connection) == 1
        wrong = await retention_wrong(connection, now=NOON, jumped=DAY, late=DAY)
        assert ["has jumped" in each for each in wrong] == [True]
        # Somebody looks, and says that it is right: it may go.
        assert await believe_clock(connection)
        await run(connection, elapsed=timedelta())
        assert await oldest(connection) in (500, 501)


async def test_a_jump_before_the_first_look_drops_nothing_either(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await in_small_chunks(connection)
        told = await pass_time(connection, NOON, entries=500, step=DAY / 100)
        await pass_time(connection, told + YEARS, entries=100, step=DAY / 100)
        assert await run(connection, elapsed=AT_ONCE)
        assert await oldest(connection) == 1


async def test_the_newest_entry_stays_however_old_it_is(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        await in_small_chunks(connection)
        await pass_time(connection, NOON, entries=299, step=DAY / 100)
        await run(connection)
        await connection.execute("UPDATE retention_clock SET at = at + $1", YEARS)
        await run(connection)
        assert await connection.fetchval("SELECT max(seq) FROM journal") == 299


async def test_chunks_hold_all_journals_and_go_when_none_needs_them(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        has_chunks = await two_weeks_and_more(connection)
        insert = "INSERT INTO journal_head VALUES (1, 0, '1970-01-01T00:00:00Z')"
        await connection.execute(insert)
        await pass_time(connection, NOON, entries=201, step=DAY / 10, shard=1)
        await run(connection)
        # The second journal has 14 days in its last 140 entries, from 61 on.
        assert await oldest(connection, shard=0) == (1 if has_chunks else BY_ROW)
        assert await oldest(connection, shard=1) == (1 if has_chunks else 61)
        await pass_time(connection, NOON + 20 * DAY, entries=100, step=DAY, shard=1)
        await pass_time(connection, NOON + 119 * DAY, entries=1, step=DAY)
        await run(connection)
        assert await oldest(connection, shard=0) == (200 if has_chunks else 1002)
        assert await oldest(connection, shard=1) == (200 if has_chunks else 287)


async def test_what_is_told_nowhere_else_is_copied_out_first(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection:
        await in_small_chunks(connection)
        await append(connection, Kind.REGISTRY, b'{"geofence": {}}', at=NOON)
        await append(connection, Kind.CASE, b"{}", at=NOON)
        await pass_time(connection, NOON, entries=1001, step=DAY / 50)
        await run(connection)
        assert await oldest(connection) > 2
        facts = await connection.fetch("SELECT seq, kind FROM journal_fact")
        assert [tuple(row) for row in facts] == [(1, int(Kind.REGISTRY))]


async def test_a_drop_waits_for_nobody_and_is_tried_again(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, pool.acquire() as other:
        await two_weeks_and_more(connection)
        async with other.transaction():
            await other.execute("SELECT FROM journal WHERE seq < 50 FOR UPDATE")
            assert not await run(connection)
            assert "tried again" in (await row_of(connection, "journal")).failure
        assert await oldest(connection) == 1
        assert await run(connection)
        assert await oldest(connection) > 1


async def test_writers_go_on_amid_a_drop(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection, pool.acquire() as writer:
        await two_weeks_and_more(connection)
        async with asyncio.timeout(300), writer.transaction():
            # It has the journal's head and has not committed: the drop needs neither.
            seq = await append(writer, Kind.TICK, b"", at=NOON + 21 * DAY)
            assert await run(connection)
        assert await oldest(connection) > 1
        assert [e.seq for e in await read(connection, after=seq - 1, limit=9)] == [seq]


async def test_the_clock_is_kept_over_restarts(pool: asyncpg.Pool) -> None:
    async with pool.acquire() as connection:
        told = await pass_time(connection, NOON, entries=100, step=DAY / 100)
        first = await look_at_clock(connection, elapsed=timedelta(), ran_at=NOON)
        await pass_time(connection, told + DAY / 2, entries=1, step=DAY)
        hour = timedelta(hours=1)
        again = await look_at_clock(connection, elapsed=hour, ran_at=NOON)
        assert first is not None
        assert again is not None
        assert (first.at, again.at) == (told, told + 2 * hour)
