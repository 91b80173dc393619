"""What retention looks at: who needs the journal, how large everything is."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.connection import Connection
from store.edition import Edition, edition_of
from store.journal.kept import Kept

LOOKS = 1000
"""Entries looked at to tell how a journal's time went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerNeed:
    """Where a consumer of the journal goes on after a restart.

    Attributes:
        who: Its name.
        shard: Which journal.
        from_seq: The first entry that it needs.
    """

    who: str
    shard: int
    from_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSize:
    """How large a table is on the disk, with its indexes and chunks.

    Attributes:
        table: Its name.
        octets: Its size.
        chunks: Its chunks; None for an ordinary table.
        rows: About how many rows; None where the database has not counted.
    """

    table: str
    octets: int
    chunks: int | None
    rows: int | None


# Explanations find the clock by the cursor's own entry, so that one stays as well.
_CONSUMERS = """
SELECT consumer AS who, shard, seq AS from_seq FROM cursor
UNION ALL
SELECT consumer || ' (its state)', shard, seq + 1 FROM checkpoint
WHERE consumer = ANY($1)
"""

_BUNDLES = """
SELECT min(a.raised_at) FROM bundle_due d JOIN alarm a ON a.id = d.alarm_id
WHERE NOT EXISTS (SELECT FROM bundle b WHERE b.alarm_id = d.alarm_id)
"""

_LOOKED_AT = """
SELECT received_at FROM journal
WHERE shard = $1 AND seq = ANY($2::bigint[]) ORDER BY seq
"""

_SIZES = """
SELECT c.relname AS name, pg_total_relation_size(c.oid)::bigint AS octets,
    CASE WHEN c.reltuples < 0 THEN NULL ELSE c.reltuples::bigint END AS rows
FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
ORDER BY 2 DESC, 1
"""

_CHUNKED = """
SELECT h.hypertable_name AS name, h.num_chunks AS chunks,
    hypertable_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass)
        AS octets,
    approximate_row_count(
        format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) AS rows
FROM timescaledb_information.hypertables h WHERE h.hypertable_schema = current_schema()
"""


async def journal_shards(connection: Connection) -> list[int]:
    """Return the numbers of the journals there are."""
    rows = await connection.fetch("SELECT shard FROM journal_head ORDER BY shard")
    return [row["shard"] for row in rows]


async def consumers_need(
    connection: Connection, folding: list[str]
) -> list[ConsumerNeed]:
    """Return from where each consumer goes on after a restart.

    Args:
        connection: Any.
        folding: Those that fold again from a state they kept.
    """
    rows = await connection.fetch(_CONSUMERS, folding)
    return [ConsumerNeed(**row) for row in rows]


async def bundles_need(connection: Connection) -> datetime | None:
    """Return when the first alarm was raised whose bundle is still to be made."""
    found: datetime | None = await connection.fetchval(_BUNDLES)
    return found


async def looked_at(
    connection: Connection, kept: Kept, *, shard: int = 0
) -> list[datetime]:
    """Return the times of some entries all along a journal, both ends among them."""
    span = kept.newest_seq - kept.oldest_seq
    seqs = {kept.oldest_seq + span * place // LOOKS for place in range(LOOKS + 1)}
    rows = await connection.fetch(_LOOKED_AT, shard, sorted(seqs))
    return [row["received_at"] for row in rows]


async def time_of_entry(
    connection: Connection, seq: int, *, shard: int = 0
) -> datetime | None:
    """Return when an entry was learned; None if it is not kept."""
    found: datetime | None = await connection.fetchval(
        "SELECT received_at FROM journal WHERE shard = $1 AND seq = $2", shard, seq
    )
    return found


async def table_sizes(connection: Connection) -> list[TableSize]:
    """Return how large every table is, the largest first."""
    found = {
        row["name"]: TableSize(
            table=row["name"], octets=row["octets"], chunks=None, rows=row["rows"]
        )
        for row in await connection.fetch(_SIZES)
    }
    if await edition_of(connection) is not Edition.PLAIN:
        for row in await connection.fetch(_CHUNKED):
            found[row["name"]] = _chunked(row)
    return sorted(found.values(), key=lambda size: (-size.octets, size.table))


def _chunked(row: asyncpg.Record) -> TableSize:
    return TableSize(
        table=row["name"], octets=row["octets"], chunks=row["chunks"], rows=row["rows"]
    )
