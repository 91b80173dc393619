"""The account in the database is the account in memory, whoever writes it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import asyncpg
import pytest

from ingest.accounting import account
from ingest.sequence import accounted
from store.batch import Batch, Writer
from store.connection import Connection
from store.gateway_read import GapRow, gaps, gateways, missing
from store.sequence import KEPT_EPOCHS, locked_epochs
from tests.store.rows import NOON, NOON_US
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.sequence import HIGHEST_SEQ, Epoch, Gap, Number

pytestmark = [pytest.mark.db, pytest.mark.editions]

LATER = NOON + timedelta(minutes=5)


def made(*seqs: int, from_us: int = NOON_US) -> list[Number]:
    return [Number(seq, from_us + seq) for seq in seqs]


@pytest.fixture
async def gateway_id(pool: asyncpg.Pool) -> int:
    rows = await pool.fetch(
        "INSERT INTO gateway (code, transport, name_zh, name_en)"
        " SELECT 'GW-' || n, 'mqtt', '网关', 'gateway' FROM generate_series(1, 2) AS n"
        " RETURNING id"
    )
    return int(rows[0]["id"])


async def write(
    pool: asyncpg.Pool, gateway_id: int, numbers: Sequence[Number], at: datetime = NOON
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await account(connection, {gateway_id: numbers}, at=at)


async def kept(pool: asyncpg.Pool, gateway_id: int) -> list[Epoch]:
    async with pool.acquire() as connection, connection.transaction():
        return (await locked_epochs(connection, [gateway_id]))[gateway_id]


async def gap_rows(pool: asyncpg.Pool, gateway_id: int) -> list[GapRow]:
    async with pool.acquire() as connection:
        rows = await gaps(connection, gateway_id, is_open=None, before=None, limit=100)
    return sorted(rows, key=lambda row: row.first_seq)


async def test_what_is_kept_is_what_was_decided(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    batches = [made(5, 9, 7), made(2, 5), made(6, 30), made(1, from_us=NOON_US + 100)]
    epochs: Sequence[Epoch] = ()
    for batch in batches:
        await write(pool, gateway_id, batch)
        epochs = accounted(epochs[-2:], batch, at_us=NOON_US).epochs
        assert await kept(pool, gateway_id) == list(epochs)
    assert len(epochs) == 2


async def test_a_backfill_splits_a_gap_and_closes_it(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    await write(pool, gateway_id, made(0, 10))
    await write(pool, gateway_id, made(4, 5, 6), at=LATER)
    assert [
        (row.first_seq, row.last_seq, row.messages, row.opened_at, row.closed_at)
        for row in await gap_rows(pool, gateway_id)
    ] == [
        (1, 3, 3, NOON, None),
        (4, 6, 3, NOON, LATER),
        (7, 9, 3, NOON, None),
    ]
    await write(pool, gateway_id, made(*range(11)), at=LATER)
    assert {row.closed_at for row in await gap_rows(pool, gateway_id)} == {LATER}
    async with pool.acquire() as connection:
        (row, other) = await gateways(connection)
        (gauge,) = await missing(connection)
    assert (row.missing, row.gaps_open, row.repeated) == (0, 0, 5)
    assert (gauge.gateway, gauge.missing) == ("GW-1", 0)
    assert (other.missing, other.epoch) == (None, None)


async def test_the_same_batch_again_leaves_the_account_as_it_was(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    await write(pool, gateway_id, made(1, 2, 5))
    (before,) = await kept(pool, gateway_id)
    await write(pool, gateway_id, made(1, 2, 5))
    (after,) = await kept(pool, gateway_id)
    assert (after.first, after.last, after.gaps) == (1, 5, before.gaps)


async def test_the_highest_number_there_can_be_is_kept(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    await write(pool, gateway_id, made(3, 1))
    await write(pool, gateway_id, [Number(HIGHEST_SEQ, None)])
    assert [epoch.last for epoch in await kept(pool, gateway_id)] == [3, HIGHEST_SEQ]
    async with pool.acquire() as connection:
        (row,) = await gateways(connection, code="GW-1")
    assert (row.missing, row.epoch) == (1, 2)


async def test_a_counter_that_always_starts_again_does_not_fill_the_database(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    starts = [Number(1, NOON_US + n - KEPT_EPOCHS - 10) for n in range(KEPT_EPOCHS + 5)]
    for start in (0, 400, 800):
        await write(pool, gateway_id, starts[start : start + 400])
    count = await pool.fetchval("SELECT count(*) FROM sequence_epoch")
    assert count == KEPT_EPOCHS
    assert (await kept(pool, gateway_id))[-1].epoch == KEPT_EPOCHS + 5


async def test_workers_that_share_a_gateway_lose_none_of_its_numbers(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    numbers = made(*range(400))
    async with asyncio.TaskGroup() as tasks:
        for worker in range(4):
            tasks.create_task(_every_fourth(pool, gateway_id, numbers[worker::4]))
    (epoch,) = await kept(pool, gateway_id)
    assert (epoch.first, epoch.last, epoch.gaps, epoch.repeated) == (0, 399, (), 0)


async def _every_fourth(
    pool: asyncpg.Pool, gateway_id: int, numbers: Sequence[Number]
) -> None:
    for n in range(0, len(numbers), 10):
        await write(pool, gateway_id, numbers[n : n + 10])


async def test_a_batch_that_fails_is_not_accounted_for(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    async def fail(connection: Connection) -> None:
        await account(connection, {gateway_id: made(1, 2)}, at=NOON)
        raise InterruptedError

    nothing = Batch(Readings.empty(), Positions.empty(), [], NOON)
    async with pool.acquire() as connection:
        with pytest.raises(InterruptedError):
            await Writer().write(connection, nothing, beside=fail)
    assert await kept(pool, gateway_id) == []


def test_gaps_have_a_length() -> None:
    assert len(Gap(3, 5, 0)) == 3
