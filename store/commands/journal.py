"""The journal as the command queue reads it: rows only while a command is open."""

from store.connection import Connection
from store.journal.entries import READ_BYTES, Entry, Kind

# Rows are most of the journal. The running sum reads the bodies' lengths, not them.
_READ = f"""
SELECT shard, seq, received_at, kind, row_count, CASE
    WHEN kind IN ({Kind.READINGS:d}, {Kind.POSITIONS:d})
        AND NOT EXISTS (SELECT FROM command WHERE settled_at IS NULL)
    THEN ''::bytea ELSE body END AS body
FROM (
    SELECT shard, seq, received_at, kind, row_count, body,
           sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before
    FROM journal WHERE shard = $1 AND seq > $2 ORDER BY seq LIMIT $3
) AS ahead
WHERE before < $4 ORDER BY seq
"""  # noqa: S608 - put together from constants only


async def read_for_commands(
    connection: Connection, *, after: int, limit: int, shard: int = 0
) -> list[Entry]:
    """Return the entries after number `after`; rows are empty while nothing is open.

    Args:
        connection: Any.
        after: The last number already known; 0 for all.
        limit: Most entries to return; `READ_BYTES` may end the list before.
        shard: Which journal.
    """
    rows = await connection.fetch(_READ, shard, after, limit, READ_BYTES)
    return [
        Entry(shard, seq, received_at, Kind(kind), row_count, body)
        for shard, seq, received_at, kind, row_count, body in rows
    ]
