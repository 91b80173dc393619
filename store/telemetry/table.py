"""The two tables of telemetry: how rows get in, each once, and what is newest there."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from store.connection import Connection
from store.telemetry.copy_binary import (
    Column,
    copy_columns,
    position_columns,
    reading_columns,
)
from store.telemetry.rows import Rows
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US, datetime_from_us, us_from_datetime

COME_TRUE_US = 48 * 3600 * SECOND_US
"""How long before the newest of a batch a row may take the place of one from the
future: none is stored that is a day ahead."""

UNCOMPRESSED_US = 6 * 24 * 3600 * SECOND_US
"""How old a row may be, when it comes, to take another's place: chunks are compressed
when they are a week old, and an UPDATE would decompress all of one. The community
edition refuses that above 100,000 rows, however often it is tried."""

_MAY_DECOMPRESS = """
SELECT CASE WHEN current_setting(name, true) IS NULL THEN ''
       ELSE set_config(name, '0', true) END
FROM (VALUES ('timescaledb.max_tuples_decompressed_per_dml_transaction')) AS it (name)
"""
# A row may meet a compressed one of its key: some releases decompress its neighbours to
# see, up to a thousand each. That is little beside a batch that could never be stored.


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(Generic[Rows]):
    """One table and its SQL.

    Attributes:
        name: Its name.
        ids: Column of rows that says whose they are.
        times_us: Column of rows that says when they were taken.
        key: Columns of the primary key.
        columns: All columns as COPY wants them.
        stage: Name of the temporary table that rows wait in.
        make_stage: Makes it, if this connection has none yet.
        insert: Moves what is not stored yet from there; returns which rows that was.
        newest: The newest time of each identity in $1, rows from the future left out.
        come_true: Puts rows in the place of those that a fast clock had stored under
            their time, if that was after $1; returns which rows that was.
    """

    name: str
    ids: Callable[[Rows], NDArray[np.int32]]
    times_us: Callable[[Rows], NDArray[np.int64]]
    key: Callable[[Rows], tuple[NDArray[np.generic], ...]]
    columns: Callable[[Rows], list[Column]]
    stage: str
    make_stage: str
    insert: str
    newest: str
    come_true: str


READING: Table[Readings] = Table(
    name="reading",
    ids=lambda rows: rows.series_id,
    times_us=lambda rows: rows.measured_us,
    key=lambda rows: (rows.series_id, rows.measured_us),
    columns=reading_columns,
    stage="came_reading",
    make_stage="""
        CREATE TEMPORARY TABLE IF NOT EXISTS came_reading (
            n integer, series_id integer, measured_at timestamptz,
            value double precision, quality integer, received_at timestamptz
        ) ON COMMIT DELETE ROWS
    """,
    insert="""
        WITH stored AS (
            INSERT INTO reading (series_id, measured_at, value, quality, received_at)
            SELECT series_id, measured_at, value, quality, received_at
            FROM came_reading ORDER BY series_id, measured_at
            ON CONFLICT DO NOTHING
            RETURNING series_id, measured_at
        )
        SELECT array_agg(n) FROM came_reading JOIN stored USING (series_id, measured_at)
    """,
    newest="""
        SELECT id, (
            SELECT measured_at FROM reading WHERE series_id = id AND quality & 2 = 0
            ORDER BY measured_at DESC LIMIT 1
        ) FROM unnest($1::integer[]) AS id
    """,
    come_true="""
        WITH replaced AS (
            UPDATE reading AS was
            SET value = came.value, quality = came.quality,
                received_at = came.received_at
            FROM came_reading AS came
            WHERE was.series_id = came.series_id AND was.measured_at = came.measured_at
              AND was.measured_at > $1 AND was.quality & 2 <> 0 AND came.quality & 2 = 0
            RETURNING came.n
        )
        SELECT array_agg(n) FROM replaced
    """,
)
"""Readings; their key is (series_id, measured_at)."""

POSITION: Table[Positions] = Table(
    name="position",
    ids=lambda rows: rows.device_id,
    times_us=lambda rows: rows.fixed_us,
    key=lambda rows: (rows.device_id, rows.fixed_us, rows.lon_e7, rows.lat_e7),
    columns=position_columns,
    stage="came_position",
    make_stage="""
        CREATE TEMPORARY TABLE IF NOT EXISTS came_position (
            n integer, device_id integer, fixed_at timestamptz, lon_e7 integer,
            lat_e7 integer, speed_kmh real, course_deg real, altitude_m real,
            satellites smallint, hdop real, inputs integer, quality integer,
            received_at timestamptz
        ) ON COMMIT DELETE ROWS
    """,
    insert="""
        WITH stored AS (
            INSERT INTO "position" (device_id, fixed_at, lon_e7, lat_e7, speed_kmh,
                course_deg, altitude_m, satellites, hdop, inputs, quality, received_at)
            SELECT device_id, fixed_at, lon_e7, lat_e7, speed_kmh,
                course_deg, altitude_m, satellites, hdop, inputs, quality, received_at
            FROM came_position ORDER BY device_id, fixed_at, lon_e7, lat_e7
            ON CONFLICT DO NOTHING
            RETURNING device_id, fixed_at, lon_e7, lat_e7
        )
        SELECT array_agg(n)
        FROM came_position JOIN stored USING (device_id, fixed_at, lon_e7, lat_e7)
    """,
    newest="""
        SELECT id, (
            SELECT fixed_at FROM "position" WHERE device_id = id AND quality & 2 = 0
            ORDER BY fixed_at DESC LIMIT 1
        ) FROM unnest($1::integer[]) AS id
    """,
    come_true="""
        WITH replaced AS (
            UPDATE "position" AS was
            SET speed_kmh = came.speed_kmh, course_deg = came.course_deg,
                altitude_m = came.altitude_m, satellites = came.satellites,
                hdop = came.hdop, inputs = came.inputs, quality = came.quality,
                received_at = came.received_at
            FROM came_position AS came
            WHERE was.device_id = came.device_id AND was.fixed_at = came.fixed_at
              AND was.lon_e7 = came.lon_e7 AND was.lat_e7 = came.lat_e7
              AND was.fixed_at > $1 AND was.quality & 2 <> 0 AND came.quality & 2 = 0
            RETURNING came.n
        )
        SELECT array_agg(n) FROM replaced
    """,
)
"""Fixes; a terminal may send several in one second, so the place is part of the key."""


async def copy_in(connection: Connection, table: Table[Rows], rows: Rows) -> None:
    """Store rows that are surely new.

    Raises:
        asyncpg.UniqueViolationError: If one was stored before; the transaction is lost.
    """
    await copy_columns(connection, table.name, table.columns(rows))


async def insert_unstored(
    connection: Connection, table: Table[Rows], rows: Rows
) -> NDArray[np.intp]:
    """Store those rows that are not stored yet, and return which ones that was.

    Args:
        connection: In a transaction.
        table: Where to.
        rows: No two with the same key.
    """
    n = Column("n", np.arange(len(rows), dtype=np.int32))
    await connection.execute(f"{table.make_stage}; {_MAY_DECOMPRESS}")
    await copy_columns(connection, table.stage, [n, *table.columns(rows)])
    stored = await connection.fetchval(table.insert) or []
    newest_us = int(table.times_us(rows).max())
    since_us = max(
        newest_us - COME_TRUE_US, int(rows.received_us.max()) - UNCOMPRESSED_US
    )
    if len(stored) < len(rows) and newest_us > since_us:
        since = datetime_from_us(since_us)
        stored += await connection.fetchval(table.come_true, since) or []
    return np.array(stored, dtype=np.intp)


async def newest_us(
    connection: Connection, table: Table[Rows], ids: NDArray[np.int32]
) -> dict[int, int]:
    """Return the newest time of those identities that have rows, microseconds."""
    rows = await connection.fetch(table.newest, ids.tolist())
    return {found: us_from_datetime(at) for found, at in rows if at is not None}
