"""Sources of plans: each piece kept once, dropped together with the journal."""

from datetime import UTC, datetime

import asyncpg
import pytest

from store.journal.entries import Kind, append
from store.rules.plan_sources import (
    KeptSource,
    SourceMark,
    keep_source,
    source_at,
    sources_between,
)

pytestmark = pytest.mark.db

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
RULES, DEVICES = b'{"rules":[1]', b',"devices":"' + b"d" * 5000 + b'"'


def mark(from_seq: int, key: str, *, is_anew: bool = False) -> SourceMark:
    return SourceMark(from_seq=from_seq, at=NOON, key=key, is_anew=is_anew)


async def test_the_source_of_an_entry_is_the_last_one_taken_before_it(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await keep_source(connection, mark(1, "a"), [RULES, DEVICES, b"}"])
        await keep_source(connection, mark(7, "a"), [RULES, DEVICES, b"}"])
        await keep_source(connection, mark(9, "b"), [b'{"rules":[2]', DEVICES, b"}"])
        await keep_source(connection, mark(4, "c"), [b"elsewhere"], shard=1)
        assert await source_at(connection, 0) is None
        whole = RULES + DEVICES + b"}"
        assert await source_at(connection, 8) == KeptSource(mark(1, "a"), whole)
        later = await source_at(connection, 9)
        assert later is not None
        assert later.body == whole.replace(b"[1]", b"[2]")
        assert await sources_between(connection, 0, 8) == [mark(1, "a")]
        assert await sources_between(connection, 8, 20) == [mark(9, "b")]
        assert await sources_between(connection, 3, 9) == [mark(1, "a"), mark(9, "b")]
        assert await sources_between(connection, 0, 3, shard=1) == []
        assert await sources_between(connection, 0, 4, shard=1) == [mark(4, "c")]
        assert await connection.fetchval("SELECT count(*) FROM plan_piece") == 5
        stored = await connection.fetchval("SELECT sum(length(body)) FROM plan_piece")
        assert stored < 200


async def test_an_engine_that_lost_its_state_is_told_of_under_the_same_plan(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await keep_source(connection, mark(1, "a"), [RULES])
        await keep_source(connection, mark(5, "a", is_anew=True), [RULES])
        assert await sources_between(connection, 4, 9) == [mark(5, "a", is_anew=True)]


async def test_sources_go_when_the_journal_has_dropped_what_they_judged(
    pool: asyncpg.Pool,
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        for _ in range(9):
            await append(connection, Kind.TICK, b"", at=NOON)
        for from_seq, key in ((1, "a"), (4, "b"), (6, "c")):
            await keep_source(connection, mark(from_seq, key), [key.encode(), b"}"])
        await connection.execute("DELETE FROM journal WHERE seq < 5")
        await keep_source(connection, mark(9, "d"), [b"d", b"}"])
        kept = await sources_between(connection, 0, 9)
        assert [one.key for one in kept] == ["b", "c", "d"]
        assert await source_at(connection, 3) is None
        pieces = await connection.fetchval("SELECT count(*) FROM plan_piece")
        assert pieces == len({"b", "c", "d", "}"})
