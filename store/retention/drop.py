"""Dropping what is old: whole chunks where there are any, else rows a few at a time.

Each step is a transaction of its own that waits two seconds for a lock at most, so that
nobody waits long behind it, and a process that is killed amid one has done nothing.
Nothing here touches the heads of the journals, for which all writers wait.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from store.connection import Connection
from store.journal.entries import Kind

READERS_LOCK = int.from_bytes(b"retread")
"""Advisory lock held, shared, while a long look at the past goes on."""

LOCK_WAIT_S = 2
"""How long a drop may wait for a table: others wait behind it for as long. The server's
own housekeeping gives way after one second."""

STATEMENT_S = 30
"""How long one statement of it may run."""

ROWS = 2000
"""Most rows deleted in one transaction."""

_CHUNK = """
SELECT {until} AS until FROM timescaledb_information.chunks
WHERE hypertable_schema = current_schema() AND hypertable_name = $1
ORDER BY {until} LIMIT 1
"""
_JOURNAL_CHUNK = _CHUNK.format(until="range_end_integer")
_TIME_CHUNK = _CHUNK.format(until="range_end")

_KEEP_FACTS = """
INSERT INTO journal_fact (shard, seq, received_at, kind, body)
SELECT shard, seq, received_at, kind, body FROM journal
WHERE seq < $1 AND kind = $2 AND ($3::smallint IS NULL OR shard = $3)
ON CONFLICT DO NOTHING
"""

_PLAIN_JOURNAL = """
DELETE FROM journal WHERE shard = $1 AND seq < least(
    $2, (SELECT seq FROM journal WHERE shard = $1 ORDER BY seq LIMIT 1) + $3)
"""

_PLAIN_READINGS = """
DELETE FROM reading WHERE ctid = ANY(ARRAY(
    SELECT r.ctid FROM reading r
    WHERE r.series_id = ANY($1) AND r.measured_at < $2 LIMIT $3))
"""

_PLAIN_POSITIONS = """
DELETE FROM "position" WHERE ctid = ANY(ARRAY(
    SELECT p.ctid FROM "position" p
    WHERE p.device_id = ANY($1) AND p.fixed_at < $2 LIMIT $3))
"""

_RECORDS = """
DELETE FROM triage_record WHERE ctid = ANY(ARRAY(
    SELECT t.ctid FROM triage_record t WHERE t.shard = $1 AND t.until_seq < (
        SELECT seq FROM journal WHERE shard = $1 ORDER BY seq LIMIT 1)
    ORDER BY t.until_seq LIMIT $2))
"""

_QUARANTINE = """
DELETE FROM quarantine WHERE id IN (
    SELECT id FROM quarantine
    WHERE first_seen < $1 AND last_seen < $1 AND retry_requested_at IS NULL
    ORDER BY first_seen LIMIT $2 FOR UPDATE SKIP LOCKED)
"""

_COMMANDS = """
DELETE FROM command WHERE number IN (
    SELECT number FROM command WHERE settled_at < $1 ORDER BY number LIMIT $2)
"""

# What the queue of commands has handed over goes after the command it is of.
_TERMINAL_COMMANDS = """
DELETE FROM terminal_command WHERE id IN (
    SELECT id FROM terminal_command t WHERE answered_at < $1 AND NOT EXISTS (
        SELECT FROM command_terminal c WHERE c.terminal_command_id = t.id)
    ORDER BY id LIMIT $2)
"""

_BUNDLES = """
DELETE FROM bundle WHERE alarm_id IN (
    SELECT b.alarm_id FROM bundle b JOIN case_file f ON f.id = b.case_id
    WHERE f.closed_at < $1 LIMIT $2)
"""


class ReadingGoesOnError(Exception):
    """Somebody looks at the past at the moment: a backtest, say."""


@asynccontextmanager
async def reading_the_past(connection: Connection) -> AsyncIterator[None]:
    """Keep everything as it is while somebody reads on; ends with the connection."""
    await connection.execute("SELECT pg_advisory_lock_shared($1)", READERS_LOCK)
    try:
        yield
    finally:
        if not connection.is_closed():
            await connection.execute(
                "SELECT pg_advisory_unlock_shared($1)", READERS_LOCK
            )


@asynccontextmanager
async def dropping(connection: Connection) -> AsyncIterator[None]:
    """Be in a transaction that waits for nobody for long.

    Raises:
        ReadingGoesOnError: If somebody reads the past.
    """
    async with connection.transaction():
        await connection.execute(
            f"SET LOCAL lock_timeout = '{LOCK_WAIT_S}s';"
            f"SET LOCAL statement_timeout = '{STATEMENT_S}s';"
            f"SET LOCAL idle_in_transaction_session_timeout = '{LOCK_WAIT_S * 5}s'"
        )
        if not await connection.fetchval(
            "SELECT pg_try_advisory_xact_lock($1)", READERS_LOCK
        ):
            raise ReadingGoesOnError
        yield


async def drop_journal_chunk(connection: Connection, keep_seq: int) -> bool:
    """Drop the oldest chunk if every entry in it is before one; tell whether it was.

    Args:
        connection: In `dropping`.
        keep_seq: The first entry that stays, of whatever shard needs the most.
    """
    until = await connection.fetchval(_JOURNAL_CHUNK, "journal")
    if until is None or until > keep_seq:
        return False
    await connection.execute(_KEEP_FACTS, until, int(Kind.REGISTRY), None)
    query = "SELECT drop_chunks('journal', older_than => $1::bigint)"
    await connection.execute(query, until)
    return True


async def delete_entries(connection: Connection, keep_seq: int, *, shard: int) -> int:
    """Delete some of a journal's oldest entries, where it has no chunks."""
    told = await connection.fetchval(
        "SELECT seq FROM journal WHERE shard = $1 ORDER BY seq LIMIT 1", shard
    )
    if told is None or told >= keep_seq:
        return 0
    until = min(keep_seq, told + ROWS)
    await connection.execute(_KEEP_FACTS, until, int(Kind.REGISTRY), shard)
    return _count(await connection.execute(_PLAIN_JOURNAL, shard, keep_seq, ROWS))


async def drop_time_chunk(
    connection: Connection, table: str, before: datetime
) -> datetime | None:
    """Drop the oldest chunk of samples if all in it is old; return where it ended.

    Args:
        connection: In `dropping`.
        table: `reading` or `position`.
        before: What was measured before this is old.
    """
    until: datetime | None = await connection.fetchval(_TIME_CHUNK, table)
    if until is None or until > before:
        return None
    await connection.execute(
        "SELECT drop_chunks($1::text::regclass, older_than => $2::timestamptz)",
        f'"{table}"',
        until,
    )
    return until


async def sources_of(connection: Connection, table: str) -> list[int]:
    """Return whose samples a table may hold: series or devices."""
    query = "SELECT id FROM series" if table == "reading" else "SELECT id FROM device"
    return [row["id"] for row in await connection.fetch(query)]


async def delete_samples(
    connection: Connection, table: str, of: list[int], before: datetime
) -> int:
    """Delete some old samples of series or devices, where there are no chunks."""
    query = _PLAIN_READINGS if table == "reading" else _PLAIN_POSITIONS
    return _count(await connection.execute(query, of, before, ROWS))


async def delete_records(connection: Connection, *, shard: int) -> int:
    """Delete some of what triage went by, where its entries are gone."""
    return _count(await connection.execute(_RECORDS, shard, ROWS))


async def delete_quarantined(connection: Connection, before: datetime) -> int:
    """Delete some of what could not be taken in and was seen last before a time."""
    return _count(await connection.execute(_QUARANTINE, before, ROWS))


async def delete_commands(connection: Connection, before: datetime) -> int:
    """Delete some commands that nothing was awaited of any more before a time."""
    found = _count(await connection.execute(_COMMANDS, before, ROWS))
    return found + _count(await connection.execute(_TERMINAL_COMMANDS, before, ROWS))


async def delete_bundles(connection: Connection, before: datetime) -> int:
    """Delete some explanations of cases that were closed before a time."""
    return _count(await connection.execute(_BUNDLES, before, ROWS))


def _count(tag: str) -> int:
    """Return how many rows a command says that it touched."""
    return int(tag.rsplit(" ", 1)[-1])
