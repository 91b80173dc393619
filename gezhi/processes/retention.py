"""Drop what is old, every few minutes: one process at a time, outlives the database."""

import asyncio
import logging
from datetime import timedelta
from time import monotonic

import asyncpg

from gezhi.clock import utc_now
from rules.retention.job import run_once
from rules.retention.policy import Policy
from store.connection import AWAY, Connection
from tasks.attempt import attempt

log = logging.getLogger(__name__)

FIRST_S = 30.0
"""After a start everything else comes first."""

PAUSE_S = 600.0
"""Between two runs."""

SOON_S = 60.0
"""The same where something was in the way."""

RETRY_S = 5.0
"""Until a lost database is called again."""

RETENTION_LOCK = int.from_bytes(b"retain")
"""Advisory lock of the one process that drops."""


async def run_retention(dsn: str, policy: Policy) -> None:
    """Drop what is old until cancelled.

    Args:
        dsn: The database.
        policy: How many days of what are kept.
    """
    await asyncio.sleep(FIRST_S)
    while True:
        try:
            await attempt(_work(dsn, policy))
        except AWAY as error:
            log.warning("retention: the database is away: %s", error)
        await asyncio.sleep(RETRY_S)


async def _work(dsn: str, policy: Policy) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await _take_turns(connection, policy)
    finally:
        connection.terminate()


async def _take_turns(connection: Connection, policy: Policy) -> None:
    await connection.execute(
        "SELECT pg_advisory_lock($1)", RETENTION_LOCK, timeout=None
    )
    # Time passed in this process alone counts: nobody sets that clock.
    looked_s = monotonic()
    while True:
        now_s = monotonic()
        elapsed, looked_s = timedelta(seconds=now_s - looked_s), now_s
        is_whole = await run_once(connection, policy, elapsed=elapsed, ran_at=utc_now())
        await asyncio.sleep(PAUSE_S if is_whole else SOON_S)
