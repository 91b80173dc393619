"""Whoever asks for another try, the ingest process makes it: NOTIFY, and a look around.

The API knows no wire format, so it only notes in the row that somebody asks.
"""

import asyncio
import contextlib
import logging
import random

import asyncpg

from devices.registry.snapshot import Snapshot, load_snapshot
from ingest.quarantine.retry import Retried, retry
from store.connection import AWAY, IMPATIENT
from store.quarantine.retry import CHANNEL, give_up, requested
from store.registry.facts import registry_version
from store.telemetry.batch import Writer
from tasks.attempt import attempt
from tasks.cancellation import heeding
from vocabulary.times import Clock

log = logging.getLogger(__name__)

LOCK = 4_670_010
"""Advisory lock of the one worker that tries again."""

LOOK_S = 10.0
"""A request is noticed after so long even if its notice was lost."""

RETRY_S = 2.0
"""About how long to leave a lost database alone."""


async def run_retries(dsn: str, *, clock: Clock, look_s: float = LOOK_S) -> None:
    """Make the tries that were asked for until cancelled.

    Args:
        dsn: The database; it may come and go.
        clock: Tells the time of tries.
        look_s: How long to wait for a notice before looking by itself.
    """
    while True:
        with contextlib.suppress(*AWAY):
            await attempt(_follow(dsn, clock, look_s))
        await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load


async def _follow(dsn: str, clock: Clock, look_s: float) -> None:
    connection = await asyncpg.connect(
        dsn, command_timeout=60, server_settings=IMPATIENT
    )
    was_asked = asyncio.Event()
    tries = _Tries(connection, clock)
    try:
        await connection.add_listener(CHANNEL, lambda *_: was_asked.set())
        while True:
            was_asked.clear()
            # One worker at a time; another that is told in vain looks again later.
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                await tries.make_all()
                await connection.execute("SELECT pg_advisory_unlock($1)", LOCK)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look_s):
                    await was_asked.wait()
    finally:
        connection.terminate()


class _Tries:
    """What one connection remembers from one try to the next."""

    def __init__(self, connection: asyncpg.Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock
        self._writer = Writer()
        self._snapshot = Snapshot(version=0)

    async def make_all(self) -> None:
        """Try again whatever somebody asked for."""
        while rows := await requested(self._connection):
            if await registry_version(self._connection) != self._snapshot.version:
                self._snapshot = await load_snapshot(self._connection)
            for row_id in rows:
                await self._make(row_id)

    async def _make(self, row_id: int) -> None:
        at = self._clock()
        trying = retry(
            self._connection, row_id, self._snapshot, writer=self._writer, at=at
        )
        try:
            done = await heeding(trying)
        except AWAY:
            raise
        except Exception:  # a bug of ours, met in one row; the others are tried still
            log.exception("quarantine %d: another try failed", row_id)
            await give_up(self._connection, row_id, at=at)
        else:
            if done is not None:
                log.info("quarantine %d: %s", row_id, _words(done))


def _words(done: Retried) -> str:
    stored = done.written.readings_stored + done.written.positions_stored
    reasons = ", ".join(sorted({refusal.reason for refusal in done.left}))
    return f"{stored} rows stored, still refused: {reasons or 'nothing'}"
