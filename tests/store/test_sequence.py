"""The account in the database is the account in memory, whoever writes it."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import pytest

from ingest.accounting import account
from ingest.sequence import accounted
from store.connection import Connection
from store.registry.gateways import GapRow, gaps, gateways, missing
from store.telemetry.batch import Batch, Writer
from store.telemetry.sequence import FOLD_EVERY, KEPT_EPOCHS, locked_epochs
from tests.store.rows import NOON, NOON_US
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.sequence import HIGHEST_SEQ, Epoch, Gap, Number
from vocabulary.times import us_from_datetime

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
        epochs = (await locked_epochs(connection, {gateway_id: []}))[gateway_id]
        rows = await gaps(connection, gateway_id, is_open=True, before=None, limit=None)
    found = [
        (row.epoch, Gap(row.first_seq, row.last_seq, us_from_datetime(row.opened_at)))
        for row in sorted(rows, key=lambda row: row.first_seq)
    ]
    return [
        replace(e, gaps=tuple(gap for epoch, gap in found if epoch == e.epoch))
        for e in epochs
    ]


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


@pytest.mark.parametrize("seed", range(3))
async def test_any_order_by_two_writers_is_accounted_as_sets_say(
    pool: asyncpg.Pool, gateway_id: int, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - an order, no secret
    sent = [seq for seq in range(300) if chance.random() < 0.9]
    order = sorted(sent, key=lambda seq: seq + chance.uniform(0, 3 ** (2 * seed)))
    order += chance.choices(sent, k=30)  # repeats
    numbers = [made(seq)[0] for seq in order]
    async with asyncio.TaskGroup() as tasks:
        for worker in range(2):
            tasks.create_task(_every_fourth(pool, gateway_id, numbers[worker::2]))
    (epoch,) = await kept(pool, gateway_id)
    missing_now = {n for gap in epoch.gaps for n in range(gap.first, gap.last + 1)}
    assert missing_now == set(range(sent[0], sent[-1])) - set(sent)
    assert (epoch.first, epoch.last, epoch.repeated) == (sent[0], sent[-1], 30)


async def test_any_number_of_gaps_is_closed_again(
    pool: asyncpg.Pool, gateway_id: int
) -> None:
    odd = list(range(1, 40_000, 2))
    await write(pool, gateway_id, made(*range(0, 40_001, 2)))
    random.Random(1).shuffle(odd)  # noqa: S311 - an order, no secret
    for n in range(0, len(odd), 4000):
        await write(pool, gateway_id, made(*odd[n : n + 4000]))
    (epoch,) = await kept(pool, gateway_id)
    assert (epoch.gaps, epoch.unlisted, epoch.repeated) == ((), 0, 0)


async def test_of_too_many_gaps_the_lowest_are_only_counted(
    pool: asyncpg.Pool, gateway_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.telemetry.sequence.MOST_GAPS", 5)
    await write(pool, gateway_id, made(*range(0, 21, 2)))
    await write(pool, gateway_id, made(22, FOLD_EVERY))
    (epoch,) = await kept(pool, gateway_id)
    assert [gap.first for gap in epoch.gaps] == [15, 17, 19, 21, 23]
    assert epoch.unlisted == len((1, 3, 5, 7, 9, 11, 13))
    async with pool.acquire() as connection:
        (gauge,) = await missing(connection)
    assert gauge.missing == FOLD_EVERY + 1 - 13


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
