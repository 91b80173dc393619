"""What a codec gives, as the lines of `gezhi decode` (see `docs/protocols.md`)."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import groupby
from typing import TypeAlias

from gezhi.decode.jt808_lines import message_lines
from gezhi.decode.mqtt_lines import notice_line, uplink_line
from gezhi.decode.station_lines import station_line
from ingest.protocols import hj212, jt808, sl651
from ingest.protocols.errors import ProtocolError
from ingest.protocols.gezhi_json import StatusMessage, UpMessage
from ingest.protocols.modbus_frame import ReadRequest, WriteRequest
from ingest.protocols.nmea0183 import Identity
from ingest.protocols.up_message import DoubtfulReadings, Notice, Uplink
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.reading import Reading

Item: TypeAlias = (
    Position
    | Reading
    | ProtocolError
    | Identity
    | ReadRequest
    | WriteRequest
    | UpMessage
    | StatusMessage
    | Uplink
    | Notice
    | jt808.Message
    | sl651.Report
    | sl651.Frame
    | sl651.Missing
    | hj212.Package
)
"""What any of our codecs may give."""

JsonLine: TypeAlias = dict[str, object]
"""One line of output; its times are aware datetimes until it is written."""

_DEGREE_DIGITS = 7  # a centimetre
_DIGITS = 6  # float32 noise is not worth showing


def json_lines(items: Iterable[Item]) -> Iterator[JsonLine]:
    """Return the lines of some items; readings of one device and time are one line."""
    for together in _together(items):
        first = together[0]
        if not isinstance(first, Reading):
            yield from _lines(first)
            continue
        readings = [item for item in together if isinstance(item, Reading)]
        values = {reading.quantity.value: reading.value for reading in readings}
        yield _reading(first.device, first.measured_at, values, first.quality)


def _together(items: Iterable[Item]) -> Iterator[list[Item]]:
    for _, group in groupby(items, key=_key):
        yield list(group)


def _key(item: Item) -> tuple[str, datetime, Quality] | int:
    if isinstance(item, Reading):
        return (item.device, item.measured_at, item.quality)
    return id(item)


def _lines(item: Item) -> Iterator[JsonLine]:
    match item:
        case Position():
            yield _position(item)
        case ProtocolError():
            yield _error(item)
        case Reading():
            values = {item.quantity.value: item.value}
            yield _reading(item.device, item.measured_at, values, item.quality)
        case UpMessage():
            yield from _up(item)
        case jt808.Message():
            yield from message_lines(item)
        case sl651.Report() | sl651.Frame() | sl651.Missing() | hj212.Package():
            yield station_line(item)
        case Uplink():
            yield uplink_line(item)
        case Notice():
            yield notice_line(item)
        case Identity() | ReadRequest() | WriteRequest() | StatusMessage():
            yield _message(item)


def _message(
    item: Identity | ReadRequest | WriteRequest | StatusMessage,
) -> JsonLine:
    match item:
        case Identity():
            return {"kind": "message", "message": "login", "device": item.terminal}
        case ReadRequest():
            return {
                "kind": "message",
                "message": "read-request",
                "device": str(item.unit_id),
                "table": item.table.name.lower(),
                "address": item.address,
                "count": item.count,
            }
        case WriteRequest():
            return {
                "kind": "message",
                "message": "write-request",
                "device": str(item.unit_id),
                "table": item.table.name.lower(),
                "address": item.address,
                "words": list(item.words),
            }
        case StatusMessage():
            return _present(
                {"kind": "message", "message": "status", "up": item.up, "at": item.at}
            )


def _up(message: UpMessage) -> Iterator[JsonLine]:
    yield _present(
        {
            "kind": "message",
            "message": "up",
            "seq": message.seq,
            "sent_at": message.sent_at,
        }
    )
    for one in message.readings:
        quality = one.quality if isinstance(one, DoubtfulReadings) else Quality.GOOD
        yield _reading(one.device, one.measured_at, one.values, quality)
    yield from map(_position, message.positions)
    yield from map(_error, message.errors)


def _error(error: ProtocolError) -> JsonLine:
    line: JsonLine = {
        "kind": "error",
        "reason": error.reason,
        "detail": error.detail,
        "octets": error.octets.hex(),
    }
    text = error.octets.decode("ascii", "replace")
    is_text = error.octets.isascii() and text.isprintable()
    return {**line, "text": text} if is_text else line


def _reading(
    device: str,
    measured_at: datetime,
    values: Mapping[str, float],
    quality: Quality,
) -> JsonLine:
    return {
        "kind": "reading",
        "device": device,
        "measured_at": measured_at,
        **{name: round(float(value), _DIGITS) for name, value in values.items()},
        **_doubts(quality),
    }


def _position(position: Position) -> JsonLine:
    return _present(
        {
            "kind": "position",
            "device": position.device,
            "fixed_at": position.fixed_at,
            "lon": round(position.lon, _DEGREE_DIGITS),
            "lat": round(position.lat, _DEGREE_DIGITS),
            "speed_kmh": _rounded(position.speed_kmh),
            "course_deg": _rounded(position.course_deg),
            "altitude_m": _rounded(position.altitude_m),
            "satellites": position.satellites,
            "hdop": _rounded(position.hdop),
            "inputs": position.inputs or None,
            **_doubts(position.quality),
        }
    )


def _doubts(quality: Quality) -> JsonLine:
    """Return the quality's bits by name; nothing where there is no doubt."""
    names = [str(bit.name).lower() for bit in quality]
    return {"quality": names} if names else {}


def _present(line: JsonLine) -> JsonLine:
    return {name: value for name, value in line.items() if value is not None}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
