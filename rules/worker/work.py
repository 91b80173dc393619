"""The rules worker: journal in; alarms, cases and cursor out, in one transaction.

Every transaction takes some entries whole: the alarms they raise and clear, the cases
these file, and the cursor. So each entry counts exactly once, whatever is killed and
when. One worker at a time holds the shard, by a lock on the very connection it writes
through: who loses the lock cannot write.
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence

import asyncpg

from rules.engine.entry import BARRIERS
from rules.engine.times import NEVER
from rules.worker.fixes import Fixes
from rules.worker.halting import is_away, resume_sound
from rules.worker.taking import Worker, take
from store.connection import Connection
from store.journal.entries import Entry
from store.journal.follow import JournalTail
from store.rules.backtest_read import fixes_before
from store.rules.faults import next_try
from tasks.attempt import attempt
from vocabulary.times import datetime_from_us

log = logging.getLogger(__name__)

BATCH_ENTRIES = 500
"""Most entries in one transaction."""

LOCK_CLASS = int.from_bytes(b"rule")
"""First key of the advisory lock; the second is the shard."""

RETRY_S = 2.0
"""Longest wait before a lost database is called again."""

CONNECT_TIMEOUT_S = 10
"""How long the database may take to let us in."""


async def run_rules(dsn: str, *, time_zone: str, shard: int = 0) -> None:
    """Judge the journal until cancelled; outlives the database.

    Args:
        dsn: The database.
        time_zone: The city's IANA zone: it says which day a case is of.
        shard: Which journal.
    """
    while True:
        try:
            await attempt(_work(dsn, time_zone, shard))
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("rules: the database is away: %s", error)
            # Spread out, so that not all call a starting database at once.
            await asyncio.sleep(RETRY_S * random.uniform(0.2, 1.0))  # noqa: S311 not a secret


async def begun(connection: Connection, *, shard: int, time_zone: str) -> Worker:
    """Return a worker where the one before stood; it has the shard from now on.

    Args:
        connection: It works on this one alone.
        shard: Which journal; waits until nobody else has it.
        time_zone: The city's IANA zone.
    """
    await _take_lock(connection, shard)
    position = await resume_sound(connection, shard=shard, time_zone=time_zone)
    seq, at_us = position.state.seq, position.state.at_us
    log.info("rules: from entry %d on, %d rules", seq, len(position.plan.rules))
    known = await fixes_before(connection, datetime_from_us(max(at_us, 0) + 1))
    return Worker(
        connection=connection,
        shard=shard,
        time_zone=time_zone,
        position=position,
        saved_seq=seq,
        saved_us=at_us,
        collected_us=NEVER,
        retry_at=await next_try(connection),
        fixes=Fixes.of(known),
    )


def parts_of(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in parts that each end with a barrier or at the end."""
    part: list[Entry] = []
    for entry in entries:
        part.append(entry)
        if entry.kind in BARRIERS:
            yield part
            part = []
    if part:
        yield part


async def _work(dsn: str, time_zone: str, shard: int) -> None:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S)
    try:
        worker = await begun(connection, shard=shard, time_zone=time_zone)
        async with JournalTail(dsn, shard=shard) as tail:
            while not connection.is_closed():
                seq = worker.position.state.seq
                for entries in parts_of(await tail.entries(seq, BATCH_ENTRIES)):
                    worker = await take(worker, entries)
    finally:
        connection.terminate()


async def _take_lock(connection: Connection, shard: int) -> None:
    """Wait until no other worker has the shard."""
    lock = "SELECT pg_try_advisory_lock($1, $2)"
    if not await connection.fetchval(lock, LOCK_CLASS, shard):
        log.info("rules: another worker has shard %d; waiting", shard)
        await connection.execute("SELECT pg_advisory_lock($1, $2)", LOCK_CLASS, shard)
