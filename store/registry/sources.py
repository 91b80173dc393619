"""The registry by which cases were placed, and from which entry of the journal on.

Kept in pieces beside those of the plans (`store.rules.plan_sources`), and as long as
these.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from store.rules.plan_sources import SOURCES_LOCK, drop_pieces, keep_pieces

_LAST = """
SELECT version FROM registry_source
WHERE shard = $1 AND from_seq <= $2 ORDER BY from_seq DESC LIMIT 1
"""

_INSERT = """
INSERT INTO registry_source (shard, from_seq, at, version, pieces)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (shard, from_seq) DO UPDATE
SET at = excluded.at, version = excluded.version, pieces = excluded.pieces
"""

_BETWEEN = """
SELECT from_seq, at, version FROM registry_source
WHERE shard = $1 AND from_seq <= $3 AND from_seq >= coalesce(
    (SELECT max(from_seq) FROM registry_source
     WHERE shard = $1 AND from_seq <= $2 + 1), 0)
ORDER BY from_seq
"""

_BODY = """
SELECT p.body
FROM registry_source s, unnest(s.pieces) WITH ORDINALITY AS u (key, place)
JOIN plan_piece p ON p.key = u.key
WHERE s.shard = $1 AND s.from_seq = $2 ORDER BY u.place
"""

_DROP = """
DELETE FROM registry_source s WHERE s.shard = $1 AND EXISTS (
    SELECT FROM registry_source n WHERE n.shard = s.shard AND n.from_seq > s.from_seq
        AND n.from_seq <= (
            SELECT seq FROM journal WHERE shard = $1 ORDER BY seq LIMIT 1))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryMark:
    """From where on cases were placed by a registry.

    Attributes:
        from_seq: The first entry whose hits were.
        at: Journal time when it was taken.
        version: The registry's.
    """

    from_seq: int
    at: datetime
    version: int


async def last_registry(
    connection: Connection, seq: int, *, shard: int = 0
) -> int | None:
    """Return the version by which an entry's hits are placed; None if it is unknown."""
    version: int | None = await connection.fetchval(_LAST, shard, seq)
    return version


async def keep_registry(
    connection: Connection,
    mark: RegistryMark,
    pieces: Sequence[bytes],
    *,
    shard: int = 0,
) -> None:
    """Keep a registry; drop those nobody needs.

    Args:
        connection: In the transaction that takes it.
        mark: From where on cases are placed by it.
        pieces: Its octets, cut where they change for different reasons.
        shard: Which journal.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", SOURCES_LOCK)
    keys = await keep_pieces(connection, pieces)
    facts = mark.from_seq, mark.at, mark.version, keys
    await connection.execute(_INSERT, shard, *facts)
    if await connection.execute(_DROP, shard) != "DELETE 0":
        await drop_pieces(connection)


async def registries_between(
    connection: Connection, after: int, until: int, *, shard: int = 0
) -> list[RegistryMark]:
    """Return by what hits of the entries after one number up to another were placed.

    If it is known of the first of them, that is the first of the list.
    """
    rows = await connection.fetch(_BETWEEN, shard, after, until)
    return [RegistryMark(**row) for row in rows]


async def registry_body(
    connection: Connection, from_seq: int, *, shard: int = 0
) -> bytes:
    """Return a registry as it was written; empty if it was dropped meanwhile."""
    parts = await connection.fetch(_BODY, shard, from_seq)
    return b"".join(zlib.decompress(part["body"]) for part in parts)
