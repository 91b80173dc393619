"""Through the intake: what is acknowledged is accounted for."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ingest.arrival import Arrival
from ingest.inbox import Inbox
from ingest.intake import run_intake
from store.registry.gateways import GapRow, GatewayRow, gaps, gateways
from tests.ingest.registry import register, snapshot_of
from vocabulary.device import Transport
from vocabulary.sequence import Number
from vocabulary.times import us_from_datetime

pytestmark = pytest.mark.db

START = datetime(2026, 11, 21, 4, tzinfo=UTC)


async def send(
    pool: asyncpg.Pool,
    dsn: str,
    *seqs: int,
    gateway: str = "GW-1",
    at: datetime = START,
) -> None:
    """Let the intake take numbered messages; return when it acknowledges them."""
    snapshot = await snapshot_of(dsn)
    inbox, is_acknowledged = Inbox(1), asyncio.Event()
    us = us_from_datetime(at)
    inbox.put_nowait(
        Arrival(
            transport=Transport.MQTT,
            gateway=gateway,
            peer="127.0.0.1:1883",
            received_at=at,
            readings=None,
            positions=(),
            refusals=(),
            committed=is_acknowledged.set,
            numbers=[Number(seq, us + n) for n, seq in enumerate(seqs)],
        )
    )
    running = asyncio.create_task(
        run_intake(pool, inbox, lambda: snapshot, clock=lambda: at, max_wait_s=0)
    )
    async with asyncio.timeout(300):
        await is_acknowledged.wait()
    running.cancel()
    await asyncio.wait([running])


async def account(pool: asyncpg.Pool) -> tuple[GatewayRow, Sequence[GapRow]]:
    async with pool.acquire() as connection:
        (row,) = await gateways(connection, code="GW-1")
        found = await gaps(connection, row.id, is_open=None, before=None, limit=100)
    return row, found


async def test_a_loss_is_a_gap_as_soon_as_what_came_is_acknowledged(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await register(database_url, "GW-1", [])
    await send(pool, database_url, 1, 2, 5)
    row, found = await account(pool)
    assert (row.missing, row.gaps_open, row.last_seq) == (2, 1, 5)
    assert [(gap.first_seq, gap.last_seq) for gap in found] == [(3, 4)]


async def test_a_backfill_closes_the_gap_and_a_restart_is_none(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await register(database_url, "GW-1", [])
    await send(pool, database_url, 1, 2, 5)
    later = START + timedelta(minutes=1)
    await send(pool, database_url, 3, 4, at=later)
    await send(pool, database_url, 1, 2, at=later + timedelta(minutes=1))
    row, (gap,) = await account(pool)
    assert (row.missing, row.gaps_open, row.epoch) == (0, 0, 2)
    assert (gap.first_seq, gap.last_seq, gap.closed_at) == (3, 4, later)


async def test_a_gateway_that_is_not_registered_has_no_account(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await register(database_url, "GW-1", [])
    await send(pool, database_url, 1, 9, gateway="GW-9")
    row, _ = await account(pool)
    assert row.missing is None
    assert await pool.fetchval("SELECT count(*) FROM sequence_epoch") == 0
