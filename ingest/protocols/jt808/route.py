"""Routes that the terminal itself watches (JT/T 808-2019, 8.41, 8.42).

Layout; t only with flag TIMED of the route, l with TIME_LIMITED and v with
SPEED_LIMITED of the segment, n and name in the edition of 2019 only::

    0x8606   IIII FF t NN (PPPP SSSS YYYY XXXX W f l v n)… name
    0x8607   N IIII…

- I, F: id of the route, `AreaFlag` of it; t: as of areas
- P, S: id of a turning point, and of the segment from it to the next
- Y, X: latitude and longitude without sign, 1e-6 degree
- W, f: width of the segment, m; `SegmentFlag`
- l: longest and shortest time on the segment, s, two octets each
- v, n: as of areas
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar

from ingest.protocols.jt808.area_octets import (
    name_from,
    name_octets,
    point_from,
    point_octets,
    times_from,
)
from ingest.protocols.jt808.areas import AreaFlag, Point
from ingest.protocols.jt808.header import Edition
from ingest.protocols.jt808.octets import BodyReader, dword_octets, word_octets


class SegmentFlag(IntFlag):
    """What counts on a segment."""

    TIME_LIMITED = 1 << 0
    SPEED_LIMITED = 1 << 1
    SOUTH = 1 << 2
    WEST = 1 << 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A turning point, and the segment that begins there.

    Attributes:
        id: Of the point.
        segment_id: Of the segment.
        point: Where.
        width_m: Of the segment.
        flags: What counts on the segment.
        longest_s: Time on the segment above which to raise the alarm.
        shortest_s: Time on the segment below which to raise the alarm.
        speed_kmh: Speed limit.
        after_s: How long it must be exceeded.
        night_kmh: Speed limit at night; 2019 only.
    """

    id: int
    segment_id: int
    point: Point
    width_m: int
    flags: SegmentFlag
    longest_s: int = 0
    shortest_s: int = 0
    speed_kmh: int = 0
    after_s: int = 0
    night_kmh: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRoute:
    """Watch this route, 0x8606.

    Attributes:
        id: Of the route.
        flags: When it counts, and whom to tell.
        times: Begins and ends, twelve octets; empty without TIMED.
        turns: Its points, in their order.
        name: For people; 2019 only.
    """

    message_id: ClassVar[int] = 0x8606

    id: int
    flags: AreaFlag
    times: bytes = b""
    turns: tuple[Turn, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class DropRoutes:
    """Forget these routes, 0x8607; all of them if there are no ids."""

    message_id: ClassVar[int] = 0x8607

    ids: tuple[int, ...] = ()


def route_from(reader: BodyReader, edition: Edition) -> SetRoute:
    """Read a route.

    Raises:
        FieldError: If it is cut off.
    """
    route_id, flags = reader.dword(), AreaFlag(reader.word())
    times = times_from(reader, flags)
    turns = tuple(_turn(reader, edition) for _ in range(reader.word()))
    name = name_from(reader, edition)
    return SetRoute(id=route_id, flags=flags, times=times, turns=turns, name=name)


def route_octets(route: SetRoute, edition: Edition) -> bytes:
    """Return a route as it is sent."""
    return (
        dword_octets(route.id)
        + word_octets(route.flags)
        + (route.times if AreaFlag.TIMED in route.flags else b"")
        + word_octets(len(route.turns))
        + b"".join(_turn_octets(turn, edition) for turn in route.turns)
        + name_octets(route.name, edition)
    )


def _turn(reader: BodyReader, edition: Edition) -> Turn:
    turn_id, segment_id, point = reader.dword(), reader.dword(), point_from(reader)
    width_m, flags = reader.byte(), SegmentFlag(reader.byte())
    is_timed = SegmentFlag.TIME_LIMITED in flags
    is_limited = SegmentFlag.SPEED_LIMITED in flags
    has_night = is_limited and edition is Edition.OF_2019
    return Turn(
        id=turn_id,
        segment_id=segment_id,
        point=point,
        width_m=width_m,
        flags=flags,
        longest_s=reader.word() if is_timed else 0,
        shortest_s=reader.word() if is_timed else 0,
        speed_kmh=reader.word() if is_limited else 0,
        after_s=reader.byte() if is_limited else 0,
        night_kmh=reader.word() if has_night else 0,
    )


def _turn_octets(turn: Turn, edition: Edition) -> bytes:
    octets = dword_octets(turn.id, turn.segment_id) + point_octets(turn.point)
    octets += bytes([turn.width_m, turn.flags])
    if SegmentFlag.TIME_LIMITED in turn.flags:
        octets += word_octets(turn.longest_s, turn.shortest_s)
    if SegmentFlag.SPEED_LIMITED in turn.flags:
        octets += word_octets(turn.speed_kmh) + bytes([turn.after_s])
        if edition is Edition.OF_2019:
            octets += word_octets(turn.night_kmh)
    return octets
