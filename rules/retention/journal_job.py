"""Drop what is old of the journals, and what goes with them."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import asyncpg

from rules.retention.cut import Cut, cut_of
from rules.retention.needs import holdings_of, needs_of
from rules.retention.policy import What
from store.connection import Connection
from store.edition import Edition, edition_of
from store.journal.kept import Kept, journal_kept, seq_before
from store.retention.drop import (
    delete_entries,
    delete_records,
    drop_journal_chunk,
    dropping,
)
from store.retention.read import journal_shards
from store.retention.state import Holding, note_dropped

MOST_TRIES = 2
"""So often somebody may be in the way of one run."""

PAUSE_S = 0.02
"""Between two steps: everybody else comes first."""


async def cuts_of(
    connection: Connection, at: datetime, lasting: timedelta
) -> list[Cut]:
    """Return where each journal would be cut now.

    Args:
        connection: Any.
        at: What the clock of retention says.
        lasting: For how long entries are kept.
    """
    shards = await journal_shards(connection)
    looked = [(each, await journal_kept(connection, shard=each)) for each in shards]
    journals: list[tuple[int, Kept]] = [
        (shard, kept) for shard, kept in looked if kept is not None
    ]
    needs = await needs_of(connection, journals)
    found = []
    for shard, kept in journals:
        old = await seq_before(connection, kept, at - lasting, shard=shard)
        # However old it is, the newest entry stays: it tells the time.
        found.append(cut_of(shard, min(old + 1, kept.newest_seq), needs))
    return found


async def drop_journals(
    connection: Connection, at: datetime, lasting: timedelta
) -> list[Holding]:
    """Drop what is old and nobody needs; return who holds back what.

    Args:
        connection: In no transaction.
        at: What the clock of retention says.
        lasting: For how long entries are kept.
    """
    step = _delete_some
    if await edition_of(connection) is not Edition.PLAIN:
        step = _drop_chunk

    async def drop() -> bool:
        # Looked at anew in each transaction: somebody may need more by now.
        return await step(connection, at, await cuts_of(connection, at, lasting))

    await repeat(connection, drop)
    for shard in await journal_shards(connection):
        await _drop_records(connection, shard)
    return await holdings_of(connection, await cuts_of(connection, at, lasting))


async def repeat(connection: Connection, drop: Callable[[], Awaitable[bool]]) -> None:
    """Drop in one transaction after the other, until there is nothing left to drop.

    Raises:
        ReadingGoesOnError: If somebody reads the past.
        LockNotAvailableError: If somebody has had a table for too long.
    """
    is_more, tries = True, 0
    while is_more:
        try:
            async with dropping(connection):
                is_more = await drop()
        except asyncpg.LockNotAvailableError:
            tries += 1
            if tries == MOST_TRIES:
                raise
        await asyncio.sleep(PAUSE_S if is_more else 0)


async def _drop_chunk(connection: Connection, at: datetime, cuts: list[Cut]) -> bool:
    """Drop the oldest chunk, which holds entries of all journals."""
    if not cuts:
        return False
    found = await drop_journal_chunk(connection, min(cut.keep_seq for cut in cuts))
    if found:
        await note_dropped(connection, What.JOURNAL, at=at, chunks=1)
    return found


async def _delete_some(connection: Connection, at: datetime, cuts: list[Cut]) -> bool:
    rows = 0
    for cut in cuts:
        rows += await delete_entries(connection, cut.keep_seq, shard=cut.shard)
    if rows:
        await note_dropped(connection, What.JOURNAL, at=at, rows=rows)
    return rows > 0


async def _drop_records(connection: Connection, shard: int) -> None:
    async def drop() -> bool:
        return await delete_records(connection, shard=shard) > 0

    await repeat(connection, drop)
