"""What is left of a journal, and which of its entries were there before a time."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True)
class Kept:
    """What is left of a journal.

    Attributes:
        oldest_seq: The oldest entry.
        oldest_at: Its time.
        newest_seq: The newest entry.
        newest_at: Its time.
    """

    oldest_seq: int
    oldest_at: datetime
    newest_seq: int
    newest_at: datetime


async def journal_kept(connection: Connection, *, shard: int = 0) -> Kept | None:
    """Return what is left of the journal; None if there is nothing."""
    row = await connection.fetchrow(
        "SELECT j.seq AS oldest_seq, j.received_at AS oldest_at, h.seq AS newest_seq,"
        " h.received_at AS newest_at FROM journal j, journal_head h"
        " WHERE j.shard = $1 AND h.shard = $1 ORDER BY j.seq LIMIT 1",
        shard,
    )
    return None if row is None else Kept(**row)


async def seq_before(
    connection: Connection, kept: Kept, at: datetime, *, shard: int = 0
) -> int:
    """Return the last entry before a time, or the one before the oldest.

    Times never go back along the numbers, which are dense: so it is searched by halves.
    """
    low, high = kept.oldest_seq - 1, kept.newest_seq
    while low < high:
        middle = (low + high + 1) // 2
        found = await connection.fetchval(
            "SELECT received_at FROM journal WHERE shard = $1 AND seq = $2",
            shard,
            middle,
        )
        if found is None or found < at:  # None: dropped since we asked
            low = middle
        else:
            high = middle - 1
    return low
