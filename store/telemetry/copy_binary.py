r"""Rows for COPY ... WITH (FORMAT binary), laid out by numpy: no Python per row.

PostgreSQL's documentation of COPY, "Binary Format"; everything is big-endian:

    file:  PGCOPY\n\377\r\n\0  FLAGS int32  EXTENSION int32  tuples  -1 int16
    tuple: FIELDS int16  then per field  LENGTH int32  VALUE
    NULL:  LENGTH -1 and no VALUE

Rows with the same fields missing are equally long, so they are one structured array; a
table of which rows lack which fields makes one array for each pattern that occurs.
"""

import struct
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from store.connection import Connection
from vocabulary.position import Positions
from vocabulary.reading import Readings

POSTGRES_EPOCH_US = 946_684_800_000_000
"""PostgreSQL counts microseconds from 2000-01-01, we from 1970-01-01."""

_HEADER = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
_TRAILER = struct.pack(">h", -1)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of what is copied.

    Attributes:
        name: Its name in the table.
        values: Shape (n,); int16, int32, int64, float32 or float64, as in the table.
        missing: Which rows are NULL, shape (n,); None if no row can be.
    """

    name: str
    values: NDArray[np.generic]
    missing: NDArray[np.bool_] | None = None


def copy_octets(columns: Sequence[Column]) -> bytes:
    """Return what COPY reads for rows of these columns, in any order.

    Args:
        columns: At least one, all of the same length.
    """
    return b"".join((_HEADER, *_tuples(columns), _TRAILER))


async def copy_columns(
    connection: Connection, table: str, columns: Sequence[Column]
) -> None:
    """Copy rows into a table.

    Args:
        connection: Any.
        table: Its name, also of a temporary one.
        columns: At least one, all of the same length.
    """
    await connection.copy_to_table(
        table,
        source=_whole(copy_octets(columns)),
        columns=[column.name for column in columns],
        format="binary",
    )


def reading_columns(readings: Readings) -> list[Column]:
    """Return the columns of table `reading`."""
    return [
        Column("series_id", readings.series_id),
        Column("measured_at", readings.measured_us - POSTGRES_EPOCH_US),
        Column("value", readings.value),
        Column("quality", readings.quality),
        Column("received_at", readings.received_us - POSTGRES_EPOCH_US),
    ]


def position_columns(positions: Positions) -> list[Column]:
    """Return the columns of table `position`; what was not sent is NULL."""
    return [
        Column("device_id", positions.device_id),
        Column("fixed_at", positions.fixed_us - POSTGRES_EPOCH_US),
        Column("lon_e7", positions.lon_e7),
        Column("lat_e7", positions.lat_e7),
        _measured("speed_kmh", positions.speed_kmh),
        _measured("course_deg", positions.course_deg),
        _measured("altitude_m", positions.altitude_m),
        Column("satellites", positions.satellites, positions.satellites < 0),
        _measured("hdop", positions.hdop),
        Column("inputs", positions.inputs),
        Column("quality", positions.quality),
        Column("received_at", positions.received_us - POSTGRES_EPOCH_US),
    ]


async def _whole(octets: bytes) -> AsyncIterator[bytes]:
    yield octets


def _measured(name: str, values: NDArray[np.float32]) -> Column:
    return Column(name, values, np.isnan(values))


def _tuples(columns: Sequence[Column]) -> list[bytes]:
    patterns = _patterns(columns)
    if patterns is None:
        return [_same_pattern(columns, slice(None), 0)]
    return [
        _same_pattern(columns, patterns == pattern, int(pattern))
        for pattern in np.unique(patterns)
    ]


def _patterns(columns: Sequence[Column]) -> NDArray[np.int64] | None:
    """Return per row which fields it lacks, one bit a column; None if all have all."""
    patterns = None
    for bit, column in enumerate(columns):
        if column.missing is not None and column.missing.any():
            lacks = column.missing.astype(np.int64) << bit
            patterns = lacks if patterns is None else patterns | lacks
    return patterns


def _same_pattern(
    columns: Sequence[Column], rows: slice | NDArray[np.bool_], pattern: int
) -> bytes:
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    head: list[int] = [len(columns)]
    for bit, column in enumerate(columns):
        fields.append((f"{column.name} length", ">i4"))
        if pattern >> bit & 1:
            head.append(-1)
        else:
            dtype = column.values.dtype
            fields.append((column.name, f">{dtype.kind}{dtype.itemsize}"))
            head.extend((dtype.itemsize, 0))
    template = np.array(tuple(head), dtype=fields)
    tuples = np.full(
        len(columns[0].values[rows]),
        template.view(f"V{template.itemsize}"),
        f"V{template.itemsize}",
    ).view(template.dtype)
    for bit, column in enumerate(columns):
        if not pattern >> bit & 1:
            tuples[column.name] = column.values[rows]
    return tuples.tobytes()
