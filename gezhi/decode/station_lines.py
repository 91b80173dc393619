"""SL 651 and HJ 212 messages as the lines of `gezhi decode` (`docs/protocols.md`)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeAlias

from ingest.protocols import hj212, sl651
from ingest.protocols.errors import ProtocolError
from vocabulary.reading import Reading

JsonLine: TypeAlias = dict[str, object]

Message: TypeAlias = sl651.Report | sl651.Frame | sl651.Missing | hj212.Package
"""What becomes a line of kind `message`."""

Said: TypeAlias = Message | Reading | ProtocolError


class Sl651Recording:
    """What went over one connection, in either direction."""

    def __init__(self) -> None:
        self._stream = sl651.Sl651Stream()

    def receive_data(self, data: bytes, now: datetime) -> Sequence[Said]:  # noqa: ARG002 (as all decoders)
        """Take octets as they were recorded."""
        return _reported(self._stream.receive_data(data))

    def receive_frame(self, octets: bytes, now: datetime) -> Sequence[Said]:
        """Take one whole frame; a message may need several."""
        items = [*self.receive_data(octets, now)]
        if self._stream.is_amid_frame:
            items += _reported(self._stream.receive_gap())
        return items

    def receive_eof(self, now: datetime) -> Sequence[Said]:  # noqa: ARG002 (as all decoders)
        """Take the end."""
        return _reported(self._stream.receive_eof())


class Hj212Recording:
    """What went over one connection, in either direction."""

    def __init__(self) -> None:
        self._stream = hj212.Hj212Stream()

    def receive_data(self, data: bytes, now: datetime) -> Sequence[Said]:  # noqa: ARG002 (as all decoders)
        """Take octets as they were recorded."""
        return _measured(self._stream.receive_data(data))

    def receive_frame(self, octets: bytes, now: datetime) -> Sequence[Said]:
        """Take one whole frame."""
        items = self.receive_data(octets, now)
        return [*items, *_measured(self._stream.receive_gap())]

    def receive_eof(self, now: datetime) -> Sequence[Said]:  # noqa: ARG002 (as all decoders)
        """Take the end."""
        return _measured(self._stream.receive_eof())


def station_line(message: Message) -> JsonLine:
    """Return the line of a message, its readings apart."""
    line = {"kind": "message"} | _fields(message)
    return {name: value for name, value in line.items() if value not in (None, "", [])}


def _reported(items: Sequence[sl651.Item]) -> list[Said]:
    said: list[Said] = []
    for item in items:
        if not isinstance(item, sl651.Frame) or item.is_down:
            said.append(item)
            continue
        try:
            report = sl651.report_from(item)
        except ProtocolError as error:
            said.append(error)
        else:
            said += [report, *sl651.readings_of(report), *report.errors]
    return said


def _measured(items: Sequence[hj212.Package | ProtocolError]) -> list[Said]:
    said: list[Said] = []
    for item in items:
        said.append(item)
        if isinstance(item, hj212.Package):
            said += [*hj212.readings_of(item), *item.errors]
    return said


def _fields(message: Message) -> JsonLine:
    match message:
        case sl651.Report():
            return _report(message)
        case sl651.Frame():
            return _answer(message)
        case sl651.Missing():
            return _missing(message)
        case hj212.Package():
            return _package(message)


def _report(report: sl651.Report) -> JsonLine:
    return {
        "message": _function(report.function),
        "device": report.station,
        "serial": report.serial,
        "sent_at": report.sent_at,
        "station_class": "".join(s.station_class for s in report.sections)[:1],
        "other": [*_other_elements(report)],
    }


def _other_elements(report: sl651.Report) -> Iterator[JsonLine]:
    for section in report.sections:
        for element in section.elements:
            if not sl651.is_stored(element):
                value = sl651.value_of(element)
                line: JsonLine = {"element": f"{element.guide:02X}"}
                line |= {"octets": element.data.hex()} if value is None else {}
                yield line | ({} if value is None else {"value": value})


def _answer(frame: sl651.Frame) -> JsonLine:
    return {
        "message": f"{_function(frame.function)}-{frame.end.name.lower()}",
        "device": frame.station,
        "serial": int.from_bytes(frame.body[:2], "big"),
    }


def _missing(missing: sl651.Missing) -> JsonLine:
    packet = missing.frame.packet
    return {
        "message": "missing-packet",
        "device": missing.frame.station,
        "packet": packet and packet.number,
        "packets": packet and packet.total,
    }


def _function(function: int) -> str:
    try:
        return sl651.Function(function).name.lower().replace("_", "-")
    except ValueError:
        return f"function-{function:02x}"


def _package(package: hj212.Package) -> JsonLine:
    return {
        "message": str(package.command),
        "device": package.device,
        "qn": package.qn,
        "system": package.system,
        "flag": package.flag,
        "packet": "/".join(package.numbering[::-1]),
        "items": [dict(item.pairs) for item in package.items],
    }
