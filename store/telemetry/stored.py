"""Stored readings and fixes of a stretch, as columns."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from store.connection import Connection
from store.telemetry.copy_binary import POSTGRES_EPOCH_US
from vocabulary.position import Positions
from vocabulary.reading import Readings

ANY_TIME = datetime(9999, 1, 1, tzinfo=UTC)
"""Before this everything came."""

COPY_HEAD_BYTES = 19
"""Octets before the first tuple of what COPY gives in binary."""

_READING = np.dtype(
    [
        ("fields", ">i2"),
        *(("a", ">i4"), ("series_id", ">i4")),
        *(("b", ">i4"), ("measured_us", ">i8")),
        *(("c", ">i4"), ("value", ">f8")),
        *(("d", ">i4"), ("quality", ">i4")),
    ]
)
_READINGS = (
    "SELECT series_id, measured_at, value, quality FROM reading"
    " WHERE measured_at >= $1 AND measured_at < $2 AND received_at < $3"
)
_OF_SERIES = " AND series_id = ANY($4::integer[])"

_POSITION_COLUMNS = (
    ("device_id", ">i4"),
    ("fixed_us", ">i8"),
    ("lon_e7", ">i4"),
    ("lat_e7", ">i4"),
    ("speed_kmh", ">f4"),
    ("course_deg", ">f4"),
    ("altitude_m", ">f4"),
    ("satellites", ">i2"),
    ("hdop", ">f4"),
    ("inputs", ">i4"),
    ("quality", ">i4"),
)
_POSITION = np.dtype(
    [
        ("fields", ">i2"),
        *(
            part
            for name, kind in _POSITION_COLUMNS
            for part in ((f"{name}_octets", ">i4"), (name, kind))
        ),
    ]
)
_POSITIONS = (
    "SELECT device_id, fixed_at, lon_e7, lat_e7, coalesce(speed_kmh, 'NaN'),"
    " coalesce(course_deg, 'NaN'), coalesce(altitude_m, 'NaN'),"
    " coalesce(satellites, (-1)::smallint), coalesce(hdop, 'NaN'), inputs, quality"
    ' FROM "position"'
    " WHERE fixed_at >= $1 AND fixed_at < $2 AND received_at < $3"
)
_OF_DEVICES = " AND device_id = ANY($4::integer[])"


async def stored_readings(
    connection: Connection,
    since: datetime,
    until: datetime,
    heard_before: datetime | None = None,
    *,
    series: Sequence[int] | None = None,
) -> Readings:
    """Return the readings measured in a stretch, by their time and series.

    The time of receipt is their own: when they came is asked only to leave out what
    came at `heard_before` or later.

    Args:
        connection: Only read from.
        since: From when.
        until: Up to when.
        heard_before: What came then or later is left out; None for nothing.
        series: Only those of these series; None for all.
    """
    args = _args(since, until, heard_before, series)
    query = _READINGS if series is None else _READINGS + _OF_SERIES
    rows = await _copied(connection, query, _READING, args)
    rows = rows[np.lexsort((rows["series_id"], rows["measured_us"]))]
    measured_us = rows["measured_us"].astype(np.int64) + POSTGRES_EPOCH_US
    return Readings(
        series_id=rows["series_id"].astype(np.int32),
        measured_us=measured_us,
        value=rows["value"].astype(np.float64),
        quality=rows["quality"].astype(np.int32),
        received_us=measured_us,
    )


async def stored_positions(
    connection: Connection,
    since: datetime,
    until: datetime,
    heard_before: datetime | None = None,
    *,
    devices: Sequence[int] | None = None,
) -> Positions:
    """Return the fixes taken in a stretch, by their time, device and place.

    Args:
        connection: Only read from.
        since: From when.
        until: Up to when.
        heard_before: What came then or later is left out; None for nothing.
        devices: Only those of these devices; None for all.
    """
    args = _args(since, until, heard_before, devices)
    query = _POSITIONS if devices is None else _POSITIONS + _OF_DEVICES
    rows = await _copied(connection, query, _POSITION, args)
    keys = rows["lat_e7"], rows["lon_e7"], rows["device_id"], rows["fixed_us"]
    rows = rows[np.lexsort(keys)]
    fixed_us = rows["fixed_us"].astype(np.int64) + POSTGRES_EPOCH_US
    return Positions(
        device_id=rows["device_id"].astype(np.int32),
        fixed_us=fixed_us,
        lon_e7=rows["lon_e7"].astype(np.int32),
        lat_e7=rows["lat_e7"].astype(np.int32),
        speed_kmh=rows["speed_kmh"].astype(np.float32),
        course_deg=rows["course_deg"].astype(np.float32),
        altitude_m=rows["altitude_m"].astype(np.float32),
        satellites=rows["satellites"].astype(np.int16),
        hdop=rows["hdop"].astype(np.float32),
        inputs=rows["inputs"].astype(np.int32),
        quality=rows["quality"].astype(np.int32),
        received_us=fixed_us,
    )


def _args(
    since: datetime,
    until: datetime,
    heard_before: datetime | None,
    ids: Sequence[int] | None,
) -> Sequence[object]:
    stretch = since, until, heard_before or ANY_TIME
    return stretch if ids is None else (*stretch, list(ids))


async def _copied(
    connection: Connection, query: str, row: np.dtype[np.void], args: Sequence[object]
) -> NDArray[np.void]:
    """Return what a query finds, as rows of equal length without NULLs."""
    parts: list[bytes] = []

    async def keep(part: bytes) -> None:
        parts.append(part)

    await connection.copy_from_query(query, *args, output=keep, format="binary")
    octets = b"".join(parts)
    count = (len(octets) - COPY_HEAD_BYTES) // row.itemsize
    return np.frombuffer(octets, row, count, COPY_HEAD_BYTES)
