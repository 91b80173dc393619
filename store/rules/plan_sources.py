"""By what the rules worker judged, and from which entry of the journal on.

A source is a long text of which a change leaves most as it was. It is kept in pieces,
and equal pieces once. Sources go when the journal has dropped all that they judged.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

import asyncpg

from store.connection import Connection

SOURCES_LOCK = int.from_bytes(b"plansrc")
"""Advisory lock held while one is kept: no shard drops what another one refers to."""

_INSERT = """
INSERT INTO plan_source (shard, from_seq, at, key, is_anew, pieces, broken)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (shard, from_seq) DO UPDATE
SET at = excluded.at, key = excluded.key, is_anew = excluded.is_anew,
    pieces = excluded.pieces, broken = excluded.broken
"""

_AT = """
SELECT from_seq, at, key, is_anew, broken IS NOT NULL AS has_broken FROM plan_source
WHERE shard = $1 AND from_seq <= $2 ORDER BY from_seq DESC LIMIT 1
"""

_BETWEEN = """
SELECT from_seq, at, key, is_anew, broken IS NOT NULL AS has_broken FROM plan_source
WHERE shard = $1 AND from_seq <= $3 AND from_seq >= coalesce(
    (SELECT max(from_seq) FROM plan_source WHERE shard = $1 AND from_seq <= $2 + 1), 0)
ORDER BY from_seq
"""

_BODY = """
SELECT p.body FROM plan_source s, unnest(s.pieces) WITH ORDINALITY AS u (key, place)
JOIN plan_piece p ON p.key = u.key
WHERE s.shard = $1 AND s.from_seq = $2 ORDER BY u.place
"""

_BROKEN = """
SELECT p.body FROM plan_source s, unnest(s.broken) WITH ORDINALITY AS u (key, place)
JOIN plan_piece p ON p.key = u.key
WHERE s.shard = $1 AND s.from_seq = $2 ORDER BY u.place
"""

_DROP = """
DELETE FROM plan_source s WHERE s.shard = $1 AND EXISTS (
    SELECT FROM plan_source n WHERE n.shard = s.shard AND n.from_seq > s.from_seq
        AND n.from_seq <= (
            SELECT seq FROM journal WHERE shard = $1 ORDER BY seq LIMIT 1))
"""

_DROP_PIECES = """
DELETE FROM plan_piece p
WHERE NOT EXISTS (
        SELECT FROM plan_source s WHERE p.key = ANY(s.pieces) OR p.key = ANY(s.broken))
    AND NOT EXISTS (SELECT FROM registry_source s WHERE p.key = ANY(s.pieces))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMark:
    """From where on a plan judged.

    Attributes:
        from_seq: The first entry that it judged.
        at: Journal time when it was taken.
        key: Tells it from other plans.
        is_anew: Whether the engine had lost its state and began with what stood.
        has_broken: Whether the plan before broke on that very entry, and this one took
            its place there; `at` is that entry's time then.
    """

    from_seq: int
    at: datetime
    key: str
    is_anew: bool = False
    has_broken: bool = False


@dataclass(frozen=True, slots=True)
class KeptSource:
    """What a plan was compiled from.

    Attributes:
        mark: From where on it judged.
        body: As it was written.
    """

    mark: SourceMark
    body: bytes


async def keep_source(
    connection: Connection,
    mark: SourceMark,
    pieces: Sequence[bytes],
    *,
    broken: Sequence[bytes] | None = None,
    shard: int = 0,
) -> None:
    """Keep a source, unless the latest one is the same; drop those nobody needs.

    Args:
        connection: In the transaction that takes it.
        mark: From where on it judges.
        pieces: Its octets, cut where they change for different reasons.
        broken: The same of the one that broke on its first entry, if one did.
        shard: Which journal.
    """
    before = await connection.fetchrow(_AT, shard, mark.from_seq)
    if before is not None and before["key"] == mark.key and not mark.is_anew:
        return
    await connection.execute("SELECT pg_advisory_xact_lock($1)", SOURCES_LOCK)
    keys = await keep_pieces(connection, pieces)
    gone = None if broken is None else await keep_pieces(connection, broken)
    facts = mark.from_seq, mark.at, mark.key, mark.is_anew
    await connection.execute(_INSERT, shard, *facts, keys, gone)
    if await connection.execute(_DROP, shard) != "DELETE 0":
        await drop_pieces(connection)


async def keep_pieces(connection: Connection, pieces: Sequence[bytes]) -> list[str]:
    """Keep pieces, equal ones once, and return their keys; under `SOURCES_LOCK`."""
    keys = [blake2b(piece, digest_size=16).hexdigest() for piece in pieces]
    known = await connection.fetch(
        "SELECT key FROM plan_piece WHERE key = ANY($1)", keys
    )
    new = dict(zip(keys, pieces, strict=True))
    for row in known:
        new.pop(row["key"], None)
    await connection.executemany(
        "INSERT INTO plan_piece (key, body) VALUES ($1, $2)",
        [(key, zlib.compress(piece)) for key, piece in new.items()],
    )
    return keys


async def drop_pieces(connection: Connection) -> None:
    """Drop the pieces that nothing is made of any more; under `SOURCES_LOCK`."""
    await connection.execute(_DROP_PIECES)


async def source_at(
    connection: Connection, seq: int, *, shard: int = 0
) -> KeptSource | None:
    """Return by what an entry was judged; None if that was not kept."""
    row = await connection.fetchrow(_AT, shard, seq)
    if row is None:
        return None
    parts = await connection.fetch(_BODY, shard, row["from_seq"])
    return KeptSource(SourceMark(**row), _whole(parts))


async def broken_body(
    connection: Connection, from_seq: int, *, shard: int = 0
) -> bytes:
    """Return the source that broke on an entry; empty if none did or it was dropped."""
    return _whole(await connection.fetch(_BROKEN, shard, from_seq))


async def sources_between(
    connection: Connection, after: int, until: int, *, shard: int = 0
) -> list[SourceMark]:
    """Return what judged any of the entries after one number up to another, in order.

    If it is known what judged the first of them, that is the first of the list.
    """
    rows = await connection.fetch(_BETWEEN, shard, after, until)
    return [SourceMark(**row) for row in rows]


def _whole(parts: Sequence[asyncpg.Record]) -> bytes:
    return b"".join(zlib.decompress(part["body"]) for part in parts)
