"""How what could be read but not placed lies in quarantine, and how it is read again.

JSON: of readings a list of rows, of a fix one object. Pure.
"""

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec
import numpy as np

from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.reading import NamedReadings
from vocabulary.times import datetime_from_us, us_from_datetime


class _Row(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    device: str
    quantity: str
    measured_at: str  # RFC 3339, but words where no calendar holds it
    value: float | str  # JSON has no NaN
    quality: int = 0


class _Fix(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    device: str
    fixed_at: Annotated[datetime, msgspec.Meta(tz=True)]
    lon: float | None = None  # JSON has no NaN
    lat: float | None = None
    speed_kmh: float | None = None
    course_deg: float | None = None
    altitude_m: float | None = None
    satellites: int | None = None
    hdop: float | None = None
    inputs: int = 0
    quality: int = 0


_ROWS = msgspec.json.Decoder(list[_Row])
_FIX = msgspec.json.Decoder(_Fix)

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def rows_octets(readings: NamedReadings, rows: Iterable[int]) -> bytes:
    """Return some of the readings as they are kept."""
    return msgspec.json.encode(
        [
            _Row(
                readings.device[row],
                readings.quantity[row],
                time_words(int(readings.measured_us[row])),
                _number(float(readings.value[row])),
                int(readings.quality[row]),
            )
            for row in rows
        ]
    )


def fix_octets(fix: Position) -> bytes:
    """Return a fix as it is kept."""
    return msgspec.json.encode(fix)


def kept_readings(octets: bytes) -> NamedReadings | None:
    """Return the readings that were kept; None if these octets are something else."""
    try:
        rows = _ROWS.decode(octets)
        times_us = [_us(row.measured_at) for row in rows]
        values = [float(row.value) for row in rows]
    except (*_UNREADABLE, ValueError):
        return None
    return NamedReadings(
        device=[row.device for row in rows],
        quantity=[row.quantity for row in rows],
        measured_us=np.array(times_us, np.int64),
        value=np.array(values, np.float64),
        quality=np.array([row.quality for row in rows], np.int32),
    )


def kept_fix(octets: bytes) -> Position | None:
    """Return the fix that was kept; None if these octets are something else."""
    try:
        fix = _FIX.decode(octets)
    except _UNREADABLE:
        return None
    return Position(
        device=fix.device,
        fixed_at=fix.fixed_at,
        lon=math.nan if fix.lon is None else fix.lon,
        lat=math.nan if fix.lat is None else fix.lat,
        speed_kmh=fix.speed_kmh,
        course_deg=fix.course_deg,
        altitude_m=fix.altitude_m,
        satellites=fix.satellites,
        hdop=fix.hdop,
        inputs=fix.inputs,
        quality=Quality(fix.quality),
    )


def time_words(us: int) -> str:
    """Return a time for people, also one that no calendar holds."""
    try:
        return datetime_from_us(us).isoformat()
    except OverflowError:
        return f"{us} microseconds after 1970"


def _us(words: str) -> int:
    return us_from_datetime(datetime.fromisoformat(words))


def _number(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)
