"""What follows the journal ends when it is told to, even as its database goes away."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from devices.lamp_nights import count_nights
from rules.bundle.keep import run_bundles
from rules.correction.work import run_corrections
from rules.worker.work import run_rules
from store.journal.entries import Kind, append
from store.telemetry.latest import fold_latest
from tests.faults.proxy import proxied
from tests.rules.city_feed import NOON, install_city
from tests.rules.workers import PATIENCE_S, ZONE, fold_all, holds

pytestmark = pytest.mark.db

WAITS = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'
    )
"""

WRITES = "IN EXCLUSIVE MODE"

FOLLOWERS: dict[str, tuple[Callable[[str], Awaitable[None]], str]] = {
    "rules": (lambda dsn: run_rules(dsn, time_zone=ZONE), f"cursor {WRITES}"),
    "bundles": (lambda dsn: run_bundles(dsn, time_zone=ZONE), f"bundle_due {WRITES}"),
    "corrections": (lambda dsn: run_corrections(dsn, time_zone=ZONE), "correction_due"),
    "latest": (fold_latest, f"cursor {WRITES}"),
    "nights": (lambda dsn: count_nights(dsn, time_zone=ZONE), f"lamp_night {WRITES}"),
}
"""Who follows, and what it waits for amid a transaction if another has it."""


@pytest.mark.parametrize("name", FOLLOWERS)
async def test_who_is_stopped_amid_a_transaction_as_the_database_goes_is_stopped(
    pool: asyncpg.Pool, database_url: str, name: str
) -> None:
    follow, wanted = FOLLOWERS[name]
    async with pool.acquire() as connection:
        await install_city(connection)
    await fold_all(pool, database_url)
    async with pool.acquire() as connection, proxied(database_url) as (url, proxy):
        await append(connection, Kind.TICK, b"", at=NOON)
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {wanted}")
            task = asyncio.ensure_future(follow(url))
            await holds(pool, WAITS)
            # Its query can neither be taken back nor its transaction be rolled back.
            proxy.host = "127.0.0.1"
            proxy.port = 9
            task.cancel()
            async with asyncio.timeout(PATIENCE_S):
                await asyncio.wait([task])
        assert task.cancelled()
