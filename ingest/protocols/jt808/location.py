"""Location reports (JT/T 808-2019, 8.18), and the positions they make.

Layout::

    AAAA SSSS YYYY XXXX HH VV CC TTTTTT items…

- A: alarms, see `status`
- S: status, see `status`: bit 1 fixed, bit 2 south, bit 3 west
- Y, X: latitude and longitude, 1e-6 degree, without sign
- H: altitude, m
- V: speed, 0.1 km/h
- C: course, degrees clockwise from true north
- T: time, see `beijing_time`
- items: see `items`
"""

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ingest.protocols.jt808.beijing_time import time_from, time_octets
from ingest.protocols.jt808.items import (
    IO_STATUS,
    SATELLITES,
    Item,
    items_from,
    items_octets,
    number_of,
)
from ingest.protocols.jt808.octets import FieldError
from ingest.protocols.jt808.status import Alarm, Status
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

FASTEST_KMH = 400
"""No road vehicle is faster; what says so is kept and flagged."""

ALTITUDES_M = range(-500, 9001)
"""What a road can have; a report from anywhere else has no altitude."""

DEGREES_E6 = 1e6
"""Coordinates on the wire are integers of 1e-6 degree."""

_FIXED = struct.Struct(">IIIIHHH6s")
_MOST_LAT_E6 = 90_000_000
_MOST_LON_E6 = 180_000_000
_FULL_TURN_DEG = 360


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """One location report, as the wire has it.

    Attributes:
        alarms: What the terminal raises the alarm for; reserved bits are kept.
        status: What state the vehicle is in; reserved bits are kept.
        lat_e6: Latitude without its side, 1e-6 degree.
        lon_e6: Longitude without its side, 1e-6 degree.
        altitude_m: Above sea level, as an unsigned number.
        speed_kmh: By satellite.
        course_deg: Clockwise from true north.
        time: The six octets of the time.
        items: Additional items, in their order.
        rest: Octets after the last whole item.
    """

    message_id: ClassVar[int] = 0x0200

    alarms: Alarm
    status: Status
    lat_e6: int
    lon_e6: int
    altitude_m: int
    speed_kmh: float
    course_deg: int
    time: bytes
    items: tuple[Item, ...] = ()
    rest: bytes = b""

    @property
    def lat(self) -> float:
        """Degrees north."""
        degrees = self.lat_e6 / DEGREES_E6
        return -degrees if Status.SOUTH in self.status else degrees

    @property
    def lon(self) -> float:
        """Degrees east."""
        degrees = self.lon_e6 / DEGREES_E6
        return -degrees if Status.WEST in self.status else degrees

    @property
    def is_fix(self) -> bool:
        """Whether it says that the position was measured; (0, 0) never was."""
        return Status.FIXED in self.status and (self.lat_e6, self.lon_e6) != (0, 0)


def location_from(octets: bytes) -> Location:
    """Read a location report.

    Raises:
        FieldError: If it is too short.
    """
    if len(octets) < _FIXED.size:
        detail = f"a location has {_FIXED.size} octets and more, here are {len(octets)}"
        raise FieldError(Reason.BAD_LENGTH, detail)
    alarms, status, lat, lon, altitude, speed, course, time = _FIXED.unpack_from(octets)
    items, rest = items_from(octets[_FIXED.size :])
    return Location(
        alarms=Alarm(alarms),
        status=Status(status),
        lat_e6=lat,
        lon_e6=lon,
        altitude_m=altitude,
        speed_kmh=speed / 10,
        course_deg=course,
        time=time,
        items=items,
        rest=rest,
    )


def location_octets(location: Location) -> bytes:
    """Return a report as it is sent; the inverse of `location_from`."""
    fixed = _FIXED.pack(
        location.alarms,
        location.status,
        location.lat_e6,
        location.lon_e6,
        location.altitude_m,
        round(location.speed_kmh * 10),
        location.course_deg,
        location.time,
    )
    return fixed + items_octets(location.items) + location.rest


def time_of(location: Location) -> datetime:
    """Return when the terminal says it was, aware, UTC.

    Raises:
        FieldError: If that is no time.
    """
    return time_from(location.time)


def position_of(location: Location, terminal: str) -> Position | None:
    """Return the fix of a report; None if it holds none.

    `inputs` has ACC as bit 0, and bit n of item 2A as bit n + 1.

    Args:
        location: The report.
        terminal: Whose it is.

    Raises:
        FieldError: If it says what cannot be.
    """
    if location.lat_e6 > _MOST_LAT_E6 or location.lon_e6 > _MOST_LON_E6:
        detail = f"{location.lon} E, {location.lat} N is not on the globe"
        raise FieldError(Reason.BAD_POSITION, detail)
    if not location.is_fix:
        return None
    if location.course_deg > _FULL_TURN_DEG:
        detail = f"course {location.course_deg} is more than a full turn"
        raise FieldError(Reason.BAD_FIELD, detail)
    is_too_fast = location.speed_kmh > FASTEST_KMH
    inputs = (number_of(location.items, IO_STATUS, 2) or 0) << 1
    return Position(
        device=terminal,
        fixed_at=time_of(location),
        lon=location.lon,
        lat=location.lat,
        speed_kmh=location.speed_kmh,
        course_deg=float(location.course_deg),
        altitude_m=_altitude_m(location.altitude_m),
        satellites=number_of(location.items, SATELLITES, 1),
        inputs=inputs | int(Status.ACC_ON in location.status),
        quality=Quality.OUT_OF_RANGE if is_too_fast else Quality.GOOD,
    )


def location_of(position: Position) -> Location:
    """Return a report of a position, for simulators; the inverse of `position_of`."""
    status = Status.FIXED | Status(position.inputs & Status.ACC_ON)
    status |= Status.SOUTH if position.lat < 0 else Status(0)
    status |= Status.WEST if position.lon < 0 else Status(0)
    items = [Item(IO_STATUS, (position.inputs >> 1).to_bytes(2, "big"))]
    if position.satellites is not None:
        items.append(Item(SATELLITES, bytes([position.satellites])))
    return Location(
        alarms=Alarm(0),
        status=status,
        lat_e6=round(abs(position.lat) * DEGREES_E6),
        lon_e6=round(abs(position.lon) * DEGREES_E6),
        altitude_m=round(position.altitude_m or 0) % 0x10000,
        speed_kmh=round(position.speed_kmh or 0, 1),
        course_deg=round(position.course_deg or 0) % _FULL_TURN_DEG,
        time=time_octets(position.fixed_at),
        items=tuple(items),
    )


def _altitude_m(word: int) -> float | None:
    """Read a WORD that is sent as two's complement where roads are below the sea."""
    signed = word - 0x10000 if word & 0x8000 else word
    return float(signed) if signed in ALTITUDES_M else None
