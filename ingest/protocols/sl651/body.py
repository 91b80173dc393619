"""The body of a message: who observed what, and when (6.6).

Layout, station to centre::

    serial 2, time of sending YYMMDDHHmmSS 6,
    { F1 F1 station 5 [class 1]  { F0 F0 observed YYMMDDHHmm 5  element* } }

    element = guide 1 (or FF and one more), definition 1, data

The definition's high five bits are the octets of data, its low three the decimals
(table 26). After the time step 04 18 (uniform reports, 6.6.4.4) one guide and its
definition are followed by value after value to the end.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import IntEnum

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sl651.bcd import BcdError, digits, time_from
from ingest.protocols.sl651.frame import Frame, Function
from vocabulary.refusal import Reason
from vocabulary.times import BEIJING


class Mark(IntEnum):
    """Guides that are no elements (annex C)."""

    STEP = 0x04  # 时间步长码
    OBSERVED = 0xF0  # 观测时间
    STATION = 0xF1  # 测站编码
    MANUAL = 0xF2  # 人工置数: all the rest of a body
    PICTURE = 0xF3  # 图片信息: all the rest
    BULK = 0xFD  # 流速批量数据: all the rest


EXTENDED = 0xFF
"""Begins a guide of two octets, for private elements."""

WITH_CLASS = frozenset(
    {
        Function.TEST,
        Function.UNIFORM,
        Function.TIMED,
        Function.EXTRA,
        Function.HOURLY,
        Function.PICTURE,
        Function.CURRENT,
        Function.PERIOD,
        Function.CHOSEN,
        Function.PUMPS,
    }
)
"""Functions whose station is followed by its class (annex A)."""

WITH_ELEMENTS = WITH_CLASS | {Function.STATUS, Function.MANUAL, Function.LAST_MANUAL}
"""Functions whose body is made of elements; others have parameters, or nothing."""

_HEAD = 8
_MOST_DAYS, _MOST_HOURS, _MOST_MINUTES = 31, 23, 59
_SIZE_BITS = 3
_DECIMALS = 0x07


@dataclass(frozen=True, slots=True)
class Element:
    """One element as it came.

    Attributes:
        guide: 0x01 to 0xFE, or 0xFF00 to 0xFFFF for private ones.
        data: Its octets.
        decimals: How many of its digits are behind the point.
    """

    guide: int
    data: bytes
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """What one station observed at one time.

    Attributes:
        station: Its five octets as ten hex digits.
        station_class: One letter of annex A; empty where none is sent.
        observed_at: When; None where only the time of sending is known.
        elements: What it observed, in its order.
    """

    station: str
    station_class: str
    observed_at: datetime | None
    elements: tuple[Element, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the body of one message says.

    Attributes:
        function: What it is, see `Function`.
        station: The sender's, from the frame.
        serial: 1 to 65535, counted by the station.
        sent_at: When, by the station's clock, aware.
        sections: In their order.
        errors: Parts that could not be read; the others count.
    """

    function: int
    station: str
    serial: int
    sent_at: datetime
    sections: tuple[Section, ...]
    errors: tuple[ProtocolError, ...]


def report_from(frame: Frame, zone: tzinfo = BEIJING) -> Report:
    """Read the body of a message from a station.

    Args:
        frame: One that came up, whole.
        zone: Of the station's clock.

    Raises:
        ProtocolError: If it does not even say when it was sent.
    """
    if frame.is_down or len(frame.body) < _HEAD:
        detail = "no serial and time of sending of a station"
        raise ProtocolError(Reason.BAD_FRAME, detail, frame.body)
    try:
        sent_at = time_from(frame.body[2:_HEAD], zone)
    except BcdError as error:
        detail = f"time of sending {error}"
        raise ProtocolError(Reason.BAD_TIME, detail, frame.body) from error
    parser = _Parser(frame, zone)
    if frame.function in WITH_ELEMENTS:
        parser.parse()
    return Report(
        function=frame.function,
        station=frame.station,
        serial=int.from_bytes(frame.body[:2], "big"),
        sent_at=sent_at,
        sections=tuple(parser.sections),
        errors=tuple(parser.errors),
    )


class _CutOffError(Exception):
    """The body ends inside a part."""


class _Parser:
    def __init__(self, frame: Frame, zone: tzinfo) -> None:
        self.sections: list[Section] = []
        self.errors: list[ProtocolError] = []
        self._rest = frame.body[_HEAD:]
        self._has_class = frame.function in WITH_CLASS
        self._zone = zone
        self._station = frame.station
        self._class = ""
        self._observed_at: datetime | None = None
        self._has_time = True  # not after an unreadable one
        self._elements: list[Element] = []

    def parse(self) -> None:
        try:
            while self._rest:
                self._parse_part()
        except _CutOffError:
            self._refuse(Reason.BAD_FRAME, "the body ends inside this", self._rest)
        self._end_section()

    def _parse_part(self) -> None:
        match self._rest[0]:
            case Mark.STATION:
                self._parse_station()
            case Mark.OBSERVED:
                self._parse_time()
            case Mark.STEP:
                self._parse_series()
            case Mark.MANUAL | Mark.PICTURE | Mark.BULK as guide:
                self._put(Element(guide, self._rest[2:], 0))
                self._rest = b""
            case _:
                guide, size, decimals = self._definition()
                self._put(Element(guide, self._take(size), decimals))

    def _parse_station(self) -> None:
        self._end_section()
        octets = self._take(2 + 5)
        self._station = octets[2:].hex().upper()
        self._observed_at, self._has_time = None, True
        if self._has_class and self._rest[:1] != bytes([Mark.OBSERVED]):
            self._class = self._take(1).decode("ascii", "backslashreplace")

    def _parse_time(self) -> None:
        self._end_section()
        octets = self._take(2 + 5)
        try:
            self._observed_at = time_from(octets[2:], self._zone)
            self._has_time = True
        except BcdError as error:
            self._has_time = False
            self._refuse(Reason.BAD_TIME, f"time of observation {error}", octets)

    def _parse_series(self) -> None:
        octets = self._take(2 + 3)
        step = _step(octets[2:])
        guide, size, decimals = self._definition()
        if step is None or not size or self._observed_at is None:
            detail = "a series without a time step, a size or a beginning"
            self._refuse(Reason.BAD_FIELD, detail, octets + self._rest)
            self._rest = b""
            return
        at = self._observed_at
        while self._rest:
            self._put(Element(guide, self._take(size), decimals))
            self._end_section()
            at = self._observed_at = at + step
        self._rest = b""

    def _definition(self) -> tuple[int, int, int]:
        guide = self._take(1)[0]
        if guide == EXTENDED:
            guide = EXTENDED << 8 | self._take(1)[0]
        definition = self._take(1)[0]
        return guide, definition >> _SIZE_BITS, definition & _DECIMALS

    def _take(self, count: int) -> bytes:
        if len(self._rest) < count:
            raise _CutOffError
        octets, self._rest = self._rest[:count], self._rest[count:]
        return octets

    def _put(self, element: Element) -> None:
        if self._has_time:
            self._elements.append(element)

    def _end_section(self) -> None:
        if self._elements:
            self.sections.append(
                Section(
                    station=self._station,
                    station_class=self._class,
                    observed_at=self._observed_at,
                    elements=tuple(self._elements),
                )
            )
        self._elements = []

    def _refuse(self, reason: Reason, detail: str, octets: bytes) -> None:
        self.errors.append(ProtocolError(reason, detail, octets))


def _step(octets: bytes) -> timedelta | None:
    """Return days, hours, minutes as one step (table C.3); none is an hour (note g)."""
    try:
        text = digits(octets)
    except BcdError:
        return None
    days, hours, minutes = int(text[:2]), int(text[2:4]), int(text[4:])
    if days > _MOST_DAYS or hours > _MOST_HOURS or minutes > _MOST_MINUTES:
        return None
    return timedelta(days=days, hours=hours, minutes=minutes) or timedelta(hours=1)
