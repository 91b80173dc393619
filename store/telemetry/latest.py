"""The newest believable sample of each series and vehicle: a fold over the journal.

A sample from the future never becomes the latest, and nothing older replaces newer.
"""

import asyncio
import logging
import random
from collections.abc import Sequence

import asyncpg

from store.connection import AWAY, Connection
from store.journal.body import JournalBodyError, positions_from, readings_from
from store.journal.cursor import cursor_of, move_cursor
from store.journal.entries import Entry, Kind
from store.journal.follow import JournalTail
from store.telemetry.copy_binary import (
    Column,
    copy_columns,
    position_columns,
    reading_columns,
)
from store.telemetry.rows import is_believable, joined, newest_of_each
from tasks.attempt import attempt
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

log = logging.getLogger(__name__)

CONSUMER = "latest"
"""Its name in table `cursor`."""

LATEST_LOCK = 0x6C6174657374
"""Advisory lock of the one process that folds ("latest" as octets)."""

RETRY_S = 2.0
"""About how long to leave a lost database alone."""

_LAST_POSITION = frozenset(
    {
        "device_id",
        "fixed_at",
        "lon_e7",
        "lat_e7",
        "speed_kmh",
        "course_deg",
        "quality",
        "received_at",
    }
)

_STAGES = """
CREATE TEMPORARY TABLE IF NOT EXISTS newest_reading
    (LIKE last_reading) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS newest_position
    (LIKE last_position) ON COMMIT DELETE ROWS;
"""

_MERGE_READINGS = """
INSERT INTO last_reading AS last (series_id, measured_at, value, quality, received_at)
SELECT series_id, measured_at, value, quality, received_at FROM newest_reading
ON CONFLICT (series_id) DO UPDATE SET
    measured_at = excluded.measured_at, value = excluded.value,
    quality = excluded.quality, received_at = excluded.received_at
WHERE last.measured_at < excluded.measured_at
"""

_MERGE_POSITIONS = """
INSERT INTO last_position AS last (device_id, fixed_at, lon_e7, lat_e7, speed_kmh,
                                   course_deg, quality, received_at)
SELECT device_id, fixed_at, lon_e7, lat_e7, speed_kmh, course_deg, quality, received_at
FROM newest_position
ON CONFLICT (device_id) DO UPDATE SET
    fixed_at = excluded.fixed_at, lon_e7 = excluded.lon_e7, lat_e7 = excluded.lat_e7,
    speed_kmh = excluded.speed_kmh, course_deg = excluded.course_deg,
    quality = excluded.quality, received_at = excluded.received_at
WHERE last.fixed_at < excluded.fixed_at
"""


async def fold_latest(dsn: str) -> None:
    """Keep `last_reading` and `last_position` up to date until cancelled.

    Several may run; one folds and the others wait to take over.

    Args:
        dsn: The database; it may come and go.
    """
    while True:
        try:
            await attempt(_fold_while_connected(dsn))
        except AWAY as error:
            log.warning("latest: the database is away: %s", error)
        await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret


async def fold_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    """Fold some entries and move the cursor, in one transaction.

    Args:
        connection: Not in a transaction.
        entries: The next ones after the cursor, at least one.
    """
    readings = newest_readings(entries)
    positions = newest_positions(entries)
    async with connection.transaction():
        await connection.execute(_STAGES)
        if len(readings):
            await copy_columns(connection, "newest_reading", reading_columns(readings))
            await connection.execute(_MERGE_READINGS)
        if len(positions):
            columns = _last_columns(positions)
            await copy_columns(connection, "newest_position", columns)
            await connection.execute(_MERGE_POSITIONS)
        await move_cursor(connection, CONSUMER, entries[-1].seq)


def newest_readings(entries: Sequence[Entry]) -> Readings:
    """Return the newest believable reading of each series in these entries."""
    parts = []
    for entry in entries:
        if entry.kind is Kind.READINGS:
            received_us = us_from_datetime(entry.received_at)
            try:
                rows = readings_from(entry.body, received_us)
            except JournalBodyError as error:
                _pass_over(entry, error)
                continue
            times_us = rows.measured_us
            parts.append(rows.take(is_believable(times_us, received_us, rows.quality)))
    rows = joined(Readings, parts)
    return rows.take(newest_of_each(rows.series_id, rows.measured_us))


def newest_positions(entries: Sequence[Entry]) -> Positions:
    """Return the newest believable fix of each vehicle in these entries."""
    parts = []
    for entry in entries:
        if entry.kind is Kind.POSITIONS:
            received_us = us_from_datetime(entry.received_at)
            try:
                rows = positions_from(entry.body, received_us)
            except JournalBodyError as error:
                _pass_over(entry, error)
                continue
            times_us = rows.fixed_us
            parts.append(rows.take(is_believable(times_us, received_us, rows.quality)))
    rows = joined(Positions, parts)
    return rows.take(newest_of_each(rows.device_id, rows.fixed_us))


def _pass_over(entry: Entry, error: JournalBodyError) -> None:
    log.warning("latest: entry %d cannot be read: %s", entry.seq, error)


async def _fold_while_connected(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LATEST_LOCK)
        seq = await cursor_of(connection, CONSUMER)
        async with JournalTail(dsn) as tail:
            while True:
                entries = await tail.entries(seq)
                if entries:
                    await fold_entries(connection, entries)
                    seq = entries[-1].seq
                elif connection.is_closed():
                    return
    finally:
        connection.terminate()


def _last_columns(positions: Positions) -> list[Column]:
    columns = position_columns(positions)
    return [column for column in columns if column.name in _LAST_POSITION]
