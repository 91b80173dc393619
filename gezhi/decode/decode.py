"""`gezhi decode`: what our codecs make of recorded octets, one JSON line each.

A bad part is one more line, of kind `error`; it never ends the output.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson
import typer

from gezhi.clock import utc_now
from gezhi.decode.json_lines import Item, JsonLine, json_lines
from gezhi.decode.jt808_lines import Jt808Recording
from gezhi.decode.mqtt_lines import (
    chirpstack3_recording,
    chirpstack4_recording,
    lorawan_recording,
    msgpack_recording,
    senml_cbor_recording,
    senml_recording,
    sparkplug_recording,
    thingsboard_recording,
    ttn3_recording,
)
from gezhi.decode.station_lines import Hj212Recording, Sl651Recording
from ingest.protocols import gezhi_json
from ingest.protocols.errors import ProtocolError
from ingest.protocols.lorawan import (
    PayloadCodec,
    UnknownPayloadCodecError,
    payload_codec,
    payload_codec_names,
)
from ingest.protocols.modbus_adu import ModbusRecording
from ingest.protocols.nmea0183 import NmeaStream
from ingest.protocols.register_map import UnknownMapError, load_map, map_names
from vocabulary.refusal import Reason

_READ_SIZE = 65536
_USAGE_ERROR = 2


class UnknownProtocolError(LookupError):
    """There is no codec of that name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(protocol_names())
        super().__init__(f"no protocol {name!r}; there are {known}")


class Decoder(Protocol):
    """A codec, fed from a recording; its chunks may be of any size."""

    def receive_data(self, data: bytes, now: datetime) -> Sequence[Item]:
        """Take octets as they were recorded; return what they complete."""

    def receive_frame(self, octets: bytes, now: datetime) -> Sequence[Item]:
        """Take one whole message."""

    def receive_eof(self, now: datetime) -> Sequence[Item]:
        """Take the end; return what it completes."""


def run_decode(
    protocol: str, source: Path, *, hex_lines: bool, received_at: str
) -> int:
    """Print what a codec makes of a recording, and return the exit code.

    Args:
        protocol: Name of the codec.
        source: The file; `-` is standard input.
        hex_lines: Whether each line is one message in hex.
        received_at: When it was received, with a zone; now if empty.
    """
    try:
        at = _received_at(received_at)
        with ExitStack() as stack:
            octets = _opened(source, stack)
            for line in decode(protocol, octets, hex_lines=hex_lines, received_at=at):
                sys.stdout.buffer.write(_written(line))
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever read us has enough (`| head`); Python would complain at exit again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        typer.echo(f"gezhi: {source}: {error.strerror}", err=True)
        return _USAGE_ERROR
    except (UnknownProtocolError, ValueError) as error:
        typer.echo(f"gezhi: {error}", err=True)
        return _USAGE_ERROR
    return 0


def decode(
    protocol: str, source: BinaryIO, *, hex_lines: bool, received_at: datetime
) -> Iterator[JsonLine]:
    """Return the JSON lines of everything in a recording.

    Args:
        protocol: Name of the codec, see `protocol_names`.
        source: The recording.
        hex_lines: Whether each line is one message in hex.
        received_at: When it was received, aware: what roll-overs are judged by.

    Raises:
        UnknownProtocolError: If there is no such codec.
    """
    decoder = decoder_of(protocol)
    chunks = _hex_items if hex_lines else _raw_items
    for items in chunks(decoder, source, received_at):
        yield from json_lines(items)


def decoder_of(protocol: str) -> Decoder:
    """Return a new decoder.

    Raises:
        UnknownProtocolError: If there is no such codec.
    """
    name, _, of = protocol.partition(":")
    try:
        if name == "modbus":
            return ModbusRecording(load_map(of))
        if name == "lorawan":
            return lorawan_recording(payload_codec(of))
        if name in _NETWORK_SERVERS:
            return _NETWORK_SERVERS[name](payload_codec(of) if of else None)
        return _DECODERS[protocol]()
    except (KeyError, UnknownMapError, UnknownPayloadCodecError) as error:
        raise UnknownProtocolError(protocol) from error


def protocol_names() -> list[str]:
    """Return the names of all codecs."""
    return [
        *_DECODERS,
        *_NETWORK_SERVERS,
        *(f"modbus:{name}" for name in map_names()),
        *(f"lorawan:{name}" for name in payload_codec_names()),
    ]


class _Nmea:
    """A receiver's log, whose sender need not say who it is."""

    def __init__(self) -> None:
        self._stream = NmeaStream(terminal="")
        self.receive_data = self._stream.receive_data
        self.receive_eof = self._stream.receive_eof

    def receive_frame(self, octets: bytes, now: datetime) -> Sequence[Item]:
        return self._stream.receive_data(octets + b"\r\n", now)


class _GezhiJson:
    """Payloads of our MQTT topics, one a line, or one spread over all lines."""

    def __init__(self) -> None:
        self._rest = b""
        self._is_one_document = False
        self._has_begun = False

    def receive_data(self, data: bytes, now: datetime) -> Sequence[Item]:
        self._rest += data
        items: list[Item] = []
        while b"\n" in self._rest and not self._is_one_document:
            line, rest = self._rest.split(b"\n", 1)
            if not self._has_begun and line.strip() and not _is_json(line):
                self._is_one_document = True
                break
            self._has_begun = self._has_begun or bool(line.strip())
            items += self.receive_frame(line, now)
            self._rest = rest
        return items

    def receive_frame(self, octets: bytes, now: datetime) -> Sequence[Item]:  # noqa: ARG002 (as all decoders)
        payload = octets.strip()
        if not payload:
            return []
        try:
            return [_payload(payload)]
        except ProtocolError as error:
            return [error]

    def receive_eof(self, now: datetime) -> Sequence[Item]:
        return self.receive_frame(self._rest, now)


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "nmea0183": _Nmea,
    "gezhi-json": _GezhiJson,
    "jt808": Jt808Recording,
    "sl651": Sl651Recording,
    "hj212": Hj212Recording,
    "gezhi-msgpack": msgpack_recording,
    "senml": senml_recording,
    "senml-cbor": senml_cbor_recording,
    "thingsboard": thingsboard_recording,
    "sparkplug": sparkplug_recording,
}

_NETWORK_SERVERS: dict[str, Callable[[PayloadCodec | None], Decoder]] = {
    "chirpstack4": chirpstack4_recording,
    "chirpstack3": chirpstack3_recording,
    "ttn3": ttn3_recording,
}
"""With a payload codec's name behind them they explain the frames, too."""


def _payload(payload: bytes) -> Item:
    if _is_json(payload) and b'"up"' in payload:
        document = orjson.loads(payload)
        if isinstance(document, dict) and "up" in document:
            return gezhi_json.decode_status(payload)
    return gezhi_json.decode(payload)


def _is_json(octets: bytes) -> bool:
    try:
        orjson.loads(octets)
    except orjson.JSONDecodeError:
        return False
    return True


def _raw_items(
    decoder: Decoder, source: BinaryIO, now: datetime
) -> Iterator[Sequence[Item]]:
    for data in iter(partial(source.read, _READ_SIZE), b""):
        yield decoder.receive_data(data, now)
    yield decoder.receive_eof(now)


def _hex_items(
    decoder: Decoder, source: BinaryIO, now: datetime
) -> Iterator[Sequence[Item]]:
    for line in source:
        try:
            octets = bytes.fromhex(line.decode("ascii").strip())
        except ValueError:
            detail = "the line is not hex"
            yield [ProtocolError(Reason.BAD_FRAME, detail, line.rstrip())]
            continue
        if octets:
            yield decoder.receive_frame(octets, now)
    yield decoder.receive_eof(now)


def _received_at(text: str) -> datetime:
    if not text:
        return utc_now()
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time; write 2026-11-21T08:00:00Z"
        raise ValueError(message) from None
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone; write {text}Z or {text}+08:00")
    return at


def _opened(source: Path, stack: ExitStack) -> BinaryIO:
    if source == Path("-"):
        return sys.stdin.buffer
    return stack.enter_context(source.open("rb"))


def _written(line: JsonLine) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE)
