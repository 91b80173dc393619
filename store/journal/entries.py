"""The journal: what the platform learned, in the order it learned it.

Sequence order is commit order: a writer takes the shard's head row last, just before
its commit, so a reader's cursor is one number, no entry can appear behind it, and a
writer that rolls back leaves no hole. The entries' times never go back.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from store.connection import Connection

CHANNEL = "journal"
"""NOTIFY channel; the payload is `shard:seq`."""

READ_BYTES = 16 * 1024 * 1024
"""Most octets of bodies that one read returns, but always at least one entry."""


class Kind(IntEnum):
    """What an entry holds; the values are stored and must never be renumbered."""

    READINGS = 1  # columns, see journal_body
    POSITIONS = 2  # columns, see journal_body
    TICK = 3  # nothing: time has passed
    EDGE = 4  # one of our own edges went up or down
    REGISTRY = 5  # devices were added or changed
    CASE = 6  # a case was opened or moved on
    RULES = 7  # a rule was put in or taken out
    COMMAND = 8  # a command came to another state
    UNKNOWN = -1  # never written: what a newer release wrote and this cannot read

    @classmethod
    def _missing_(cls, _: object) -> "Kind":
        """Let readers go past what they do not know."""
        return cls.UNKNOWN


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry.

    Attributes:
        shard: Which journal.
        seq: Its number, dense from 1.
        received_at: The platform's time when it was learned; never goes back.
        kind: What the body holds.
        row_count: Rows in the body; 0 where it is not columns.
        body: Columns or JSON, see `journal_body`.
    """

    shard: int
    seq: int
    received_at: datetime
    kind: Kind
    row_count: int
    body: bytes


_APPEND = """
WITH head AS (
    UPDATE journal_head
    SET seq = seq + 1, received_at = greatest(received_at, $2)
    WHERE shard = $1
    RETURNING seq, received_at
), entry AS (
    INSERT INTO journal (shard, seq, received_at, kind, row_count, body)
    SELECT $1, head.seq, head.received_at, $3, $4, $5 FROM head
    RETURNING seq
)
SELECT seq, pg_notify('journal', $1::text || ':' || seq) FROM entry
"""

# The running sum reads the bodies' lengths, not the bodies.
_READ = """
SELECT shard, seq, received_at, kind, row_count, body
FROM (
    SELECT shard, seq, received_at, kind, row_count, body,
           sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before
    FROM journal
    WHERE shard = $1 AND seq > $2
    ORDER BY seq
    LIMIT $3
) AS ahead
WHERE before < $4
ORDER BY seq
"""


class NoShardError(LookupError):
    """There is no such journal."""

    def __init__(self, shard: int) -> None:
        super().__init__(f"journal_head has no shard {shard}")
        self.shard = shard


async def append(
    connection: Connection,
    kind: Kind,
    body: bytes,
    *,
    at: datetime,
    row_count: int = 0,
    shard: int = 0,
) -> int:
    """Append one entry and return its number.

    Holds up every other writer of the shard until the transaction ends, so it must be
    the last thing before the commit.

    Args:
        connection: In the transaction that stores what the entry tells.
        kind: What the body holds.
        body: Columns or JSON, see `journal_body`.
        at: The platform's time, aware; raised to the latest entry's if it is before it.
        row_count: Rows in the body.
        shard: Which journal.

    Raises:
        NoShardError: If the shard does not exist.
    """
    row = await connection.fetchrow(_APPEND, shard, at, kind, row_count, body)
    if row is None:
        raise NoShardError(shard)
    return int(row["seq"])


async def read(
    connection: Connection, *, after: int, limit: int, shard: int = 0
) -> list[Entry]:
    """Return the entries after number `after`, oldest first.

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


async def head(connection: Connection, *, shard: int = 0) -> int:
    """Return the number of the newest entry; 0 before the first.

    Raises:
        NoShardError: If the shard does not exist.
    """
    seq = await connection.fetchval(
        "SELECT seq FROM journal_head WHERE shard = $1", shard
    )
    if seq is None:
        raise NoShardError(shard)
    return int(seq)
