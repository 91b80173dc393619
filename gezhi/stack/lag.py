"""Does a consumer of the journal keep up? `python -m gezhi.stack.lag CONSUMER` exits 0.

Measured on the journal's own clock: a stopped ingest leaves nothing to fold, so it
makes no consumer late.
"""

import asyncio
import os
import sys
from datetime import timedelta

import asyncpg

LATE_S = 60.0
"""Seconds of journal a consumer may be behind and still count as alive."""

OLDEST_UNFOLDED = """
SELECT head.received_at - entry.received_at
FROM journal_head head
LEFT JOIN cursor reader ON reader.shard = head.shard AND reader.consumer = $1
JOIN LATERAL (
    SELECT received_at FROM journal
    WHERE shard = head.shard AND seq > coalesce(reader.seq, 0) ORDER BY seq LIMIT 1
) entry ON true
"""


async def behind(dsn: str, consumer: str) -> timedelta:
    """Return how much journal a consumer has yet to fold: all, without a cursor."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(OLDEST_UNFOLDED, consumer)
    finally:
        await connection.close()
    return max((row[0] for row in rows), default=timedelta())


def main() -> None:
    """Exit 0 when the consumer keeps up, else say how far it is behind and exit 1."""
    (consumer,) = sys.argv[1:]
    lag = asyncio.run(behind(os.environ["DATABASE_URL"], consumer))
    if lag > timedelta(seconds=LATE_S):
        raise SystemExit(f"{consumer} is {lag} behind")


if __name__ == "__main__":
    main()
