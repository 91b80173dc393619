"""How rows lie in a journal entry: one version octet, then columns, little-endian.

    V000 NNNN  V = version, 1; 0 = padding, to align the columns; N = rows, uint32
    readings:  measured_us int64[N], value float64[N], series_id int32[N],
               quality int32[N]
    positions: fixed_us int64[N], device_id int32[N], lon_e7 int32[N], lat_e7 int32[N],
               speed_kmh float32[N], course_deg float32[N], altitude_m float32[N],
               hdop float32[N], inputs int32[N], quality int32[N], satellites int16[N]

The time of receipt is the entry's own. The other kinds are JSON objects, UTF-8.
"""

import struct
from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import orjson
from numpy.typing import NDArray

from vocabulary.position import Positions
from vocabulary.reading import Readings

VERSION = 1
"""Of the layouts above."""

Scalar = TypeVar("Scalar", bound=np.generic)

_HEAD = struct.Struct("<B3xI")

_READING_BYTES = 8 + 8 + 4 + 4
_POSITION_BYTES = 8 + 9 * 4 + 2


class JournalBodyError(ValueError):
    """A body is not what this release can read."""


def readings_body(readings: Readings) -> bytes:
    """Return the body that holds `readings`, but for their times of receipt."""
    return _body(
        len(readings),
        readings.measured_us,
        readings.value,
        readings.series_id,
        readings.quality,
    )


def readings_from(body: bytes, received_us: int) -> Readings:
    """Return the readings of a body.

    Args:
        body: Of an entry of kind READINGS.
        received_us: The entry's time, microseconds since 1970.

    Raises:
        JournalBodyError: If it is of another version or cut short.
    """
    columns = _Columns(body, _READING_BYTES)
    return Readings(
        measured_us=columns.take(np.int64),
        value=columns.take(np.float64),
        series_id=columns.take(np.int32),
        quality=columns.take(np.int32),
        received_us=np.full(columns.rows, received_us, np.int64),
    )


def positions_body(positions: Positions) -> bytes:
    """Return the body that holds `positions`, but for their times of receipt."""
    return _body(
        len(positions),
        positions.fixed_us,
        positions.device_id,
        positions.lon_e7,
        positions.lat_e7,
        positions.speed_kmh,
        positions.course_deg,
        positions.altitude_m,
        positions.hdop,
        positions.inputs,
        positions.quality,
        positions.satellites,
    )


def positions_from(body: bytes, received_us: int) -> Positions:
    """Return the positions of a body.

    Args:
        body: Of an entry of kind POSITIONS.
        received_us: The entry's time, microseconds since 1970.

    Raises:
        JournalBodyError: If it is of another version or cut short.
    """
    columns = _Columns(body, _POSITION_BYTES)
    return Positions(
        fixed_us=columns.take(np.int64),
        device_id=columns.take(np.int32),
        lon_e7=columns.take(np.int32),
        lat_e7=columns.take(np.int32),
        speed_kmh=columns.take(np.float32),
        course_deg=columns.take(np.float32),
        altitude_m=columns.take(np.float32),
        hdop=columns.take(np.float32),
        inputs=columns.take(np.int32),
        quality=columns.take(np.int32),
        satellites=columns.take(np.int16),
        received_us=np.full(columns.rows, received_us, np.int64),
    )


def edge_body(
    *, edge: str, gateway: str, up: bool, detail: str, worker: str = ""
) -> bytes:
    """Return the body of an EDGE entry.

    Args:
        edge: `ingest`, `mqtt`, `gateway`, `modbus` or `nmea`.
        gateway: The gateway's code; empty where the edge serves many.
        up: Whether we can hear through it.
        detail: Why, for people.
        worker: The ingest worker that says so.
    """
    return json_body(
        {
            "edge": edge,
            "gateway": gateway,
            "up": up,
            "detail": detail,
            "worker": worker,
        }
    )


def json_body(facts: Mapping[str, str | float | bool | None]) -> bytes:
    """Return the body of an entry that is one flat JSON object."""
    return orjson.dumps(dict(facts))


def _body(rows: int, *columns: NDArray[np.generic]) -> bytes:
    return b"".join(
        (
            _HEAD.pack(VERSION, rows),
            *(
                c.astype(c.dtype.newbyteorder("<"), copy=False).tobytes()
                for c in columns
            ),
        )
    )


class _Columns:
    """Takes one column after the other from a body; they are views, read-only."""

    def __init__(self, body: bytes, row_bytes: int) -> None:
        if len(body) < _HEAD.size or body[0] != VERSION:
            raise JournalBodyError(
                f"not a body of version {VERSION}: {body[:8].hex(' ')}"
            )
        self.rows = int(_HEAD.unpack_from(body)[1])
        needed = _HEAD.size + self.rows * row_bytes
        if len(body) != needed:
            raise JournalBodyError(
                f"{self.rows} rows need {needed} octets, not {len(body)}"
            )
        self._body = body
        self._start = _HEAD.size

    def take(self, scalar: type[Scalar]) -> NDArray[Scalar]:
        """Return the next column."""
        dtype = np.dtype(scalar).newbyteorder("<")
        column = np.frombuffer(self._body, dtype, self.rows, self._start)
        self._start += column.nbytes
        return column
