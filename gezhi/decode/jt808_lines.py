"""JT/T 808 messages as the lines of `gezhi decode` (see `docs/protocols.md`)."""

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum, IntFlag
from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.jt808 import (
    MESSAGES,
    BadReport,
    BatchKind,
    Jt808Stream,
    Location,
    LocationBatch,
    Message,
    PositionAnswer,
    positions_of,
)
from ingest.protocols.jt808.beijing_time import time_from
from ingest.protocols.jt808.items import fields_of
from ingest.protocols.jt808.location import location_from
from ingest.protocols.jt808.octets import FieldError
from ingest.protocols.jt808.parameters import Parameter
from ingest.protocols.jt808.status import bit_names
from vocabulary.position import Position

JsonLine: TypeAlias = dict[str, object]

Said: TypeAlias = Message | Position | ProtocolError


class Jt808Recording:
    """What went over one connection, in either direction."""

    def __init__(self) -> None:
        self._stream = Jt808Stream()

    def receive_data(self, data: bytes, now: datetime) -> Sequence[Said]:  # noqa: ARG002 (as all decoders)
        """Take octets as they were recorded."""
        return _with_positions(self._stream.receive_data(data))

    def receive_frame(self, octets: bytes, now: datetime) -> Sequence[Said]:
        """Take one frame; its flags may have been left off."""
        if not octets.startswith(b"\x7e"):
            octets = b"\x7e" + octets + b"\x7e"
        return [*self.receive_data(octets, now), *self.receive_eof(now)]

    def receive_eof(self, now: datetime) -> Sequence[Said]:  # noqa: ARG002 (as all decoders)
        """Take the end."""
        return _with_positions(self._stream.receive_eof())


def message_lines(message: Message) -> Iterator[JsonLine]:
    """Return the lines of a message, its positions apart."""
    header, body = message.header, message.body
    name, _ = MESSAGES.get(header.message_id, (f"{header.message_id:#06x}", None))
    line: JsonLine = {
        "kind": "message",
        "message": name,
        "device": header.terminal,
        "serial": header.serial,
        "edition": header.edition.value,
    }
    match body:
        case Location():
            yield {**line, **_location(body)}
        case PositionAnswer():
            yield {**line, "answered": body.answered, **_location(body.location)}
        case LocationBatch():
            kind = body.kind
            known = BatchKind(kind).name.lower() if kind in list(BatchKind) else kind
            yield {**line, "batch_kind": known, "reports": len(body.reports)}
            yield from map(_report, body.reports)
        case _:
            words = {
                each.name: _plain(getattr(body, each.name)) for each in fields(body)
            }
            yield {**line, **words, "edition": header.edition.value}


def _with_positions(items: Sequence[Message | ProtocolError]) -> list[Said]:
    said: list[Said] = []
    for item in items:
        said.append(item)
        if isinstance(item, Message):
            said += _positions(item)
    return said


def _positions(message: Message) -> Iterator[Position | ProtocolError]:
    body = message.body
    if not isinstance(body, Location | LocationBatch | PositionAnswer):
        return
    for found in positions_of(body, message.header.terminal):
        if isinstance(found, BadReport):
            yield ProtocolError(found.reason, found.detail, found.octets)
        else:
            yield found


def _report(octets: bytes) -> JsonLine:
    line: JsonLine = {"kind": "message", "message": "report"}
    try:
        return {**line, **_location(location_from(octets))}
    except FieldError:
        return {**line, "octets": octets.hex()}  # the error is a line of its own


def _location(location: Location) -> JsonLine:
    said, unread = fields_of(location.items)
    line: JsonLine = {
        "at": _time(location.time),
        "lon": round(location.lon, 6),
        "lat": round(location.lat, 6),
        "altitude_m": location.altitude_m,
        "speed_kmh": location.speed_kmh,
        "course_deg": location.course_deg,
        "status": list(bit_names(location.status)),
        "alarms": list(bit_names(location.alarms)),
        **{name: _plain(value) for name, value in said},
    }
    if unread:
        line["other_items"] = [[f"{i.id:02x}", i.octets.hex()] for i in unread]
    if location.rest:
        line["rest"] = location.rest.hex()
    return line


def _time(octets: bytes) -> object:
    try:
        return time_from(octets)
    except FieldError:
        return octets.hex()


def _plain(value: object) -> object:
    """Return a value as JSON can have it."""
    match value:
        case bytes():
            return value.hex()
        case IntFlag():
            return list(bit_names(value))
        case Enum():
            return value.value
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return _record(value) if is_dataclass(value) else value


def _record(value: object) -> object:
    if isinstance(value, Parameter):
        known = value.octets.hex() if value.value is None else value.value
        return [value.name, known]
    names = getattr(value, "__dataclass_fields__", ())
    return {name: _plain(getattr(value, name)) for name in names}
