"""Areas that the terminal itself watches (JT/T 808-2019, 8.35 to 8.40).

Their octets are in `area_octets`; routes are in `route`.
"""

from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar


class Change(IntEnum):
    """What to do with the areas the terminal has."""

    REPLACE = 0
    ADD = 1
    ALTER = 2


class AreaFlag(IntFlag):
    """When an area counts, and whom to tell."""

    TIMED = 1 << 0
    SPEED_LIMITED = 1 << 1
    TELL_DRIVER_IN = 1 << 2
    TELL_PLATFORM_IN = 1 << 3
    TELL_DRIVER_OUT = 1 << 4
    TELL_PLATFORM_OUT = 1 << 5
    SOUTH = 1 << 6
    WEST = 1 << 7
    DOORS_SHUT = 1 << 8
    RADIO_OFF_INSIDE = 1 << 14
    DETAIL_INSIDE = 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When an area counts.

    Attributes:
        id: Of the area.
        flags: With TIMED, `times` count; with SPEED_LIMITED, the speeds.
        times: Begins and ends, twelve octets; empty without.
        speed_kmh: Speed limit.
        after_s: How long it must be exceeded.
        night_kmh: Speed limit at night; 2019 only.
        name: For people; 2019 only.
    """

    id: int
    flags: AreaFlag
    times: bytes = b""
    speed_kmh: int = 0
    after_s: int = 0
    night_kmh: int = 0
    name: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A point without its sides, 1e-6 degree."""

    lat_e6: int
    lon_e6: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """A round area."""

    terms: Terms
    centre: Point
    radius_m: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectangle:
    """An area between two meridians and two parallels."""

    terms: Terms
    north_west: Point
    south_east: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCircles:
    """Watch these round areas, 0x8600."""

    message_id: ClassVar[int] = 0x8600

    change: int
    circles: tuple[Circle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRectangles:
    """Watch these rectangular areas, 0x8602."""

    message_id: ClassVar[int] = 0x8602

    change: int
    rectangles: tuple[Rectangle, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolygon:
    """Watch this area, 0x8604."""

    message_id: ClassVar[int] = 0x8604

    terms: Terms
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class DropCircles:
    """Forget these round areas, 0x8601; all of them if there are no ids."""

    message_id: ClassVar[int] = 0x8601

    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DropRectangles:
    """Forget these rectangular areas, 0x8603; all of them if there are no ids."""

    message_id: ClassVar[int] = 0x8603

    ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class DropPolygons:
    """Forget these areas, 0x8605; all of them if there are no ids."""

    message_id: ClassVar[int] = 0x8605

    ids: tuple[int, ...] = ()
