"""Recorded MQTT messages of all formats, as items and lines of `gezhi decode`.

A line is a payload, or its topic and it: what `mosquitto_sub -v` prints for JSON, and
`mosquitto_sub -F '%t %x'` for binary formats, which are hexadecimal. A JSON document
may take a whole file of many lines.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeAlias

import orjson

from ingest.protocols import (
    chirpstack3,
    chirpstack4,
    gezhi_msgpack,
    senml,
    sparkplug,
    thingsboard,
    ttn3,
)
from ingest.protocols.errors import ProtocolError
from ingest.protocols.gezhi_message import StatusMessage
from ingest.protocols.lorawan import Explained, PayloadCodec
from ingest.protocols.up_message import DoubtfulReadings, Notice, Uplink, UpMessage
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

Said: TypeAlias = Notice | UpMessage | Uplink | StatusMessage | ProtocolError
JsonLine: TypeAlias = dict[str, object]
Reader: TypeAlias = Callable[[str, bytes, datetime], Sequence[Said]]
"""Reads one message: its topic, which may be empty, its payload, and when it came."""


class _Lines(ABC):
    """Messages one a line."""

    def __init__(self, read: Reader) -> None:
        self._read = read
        self._rest = b""

    def receive_data(self, data: bytes, now: datetime) -> Sequence[Said]:
        """Take octets as they were recorded; return what they complete."""
        self._rest += data
        items: list[Said] = []
        while b"\n" in self._rest and not self._is_done(self._rest):
            line, self._rest = self._rest.split(b"\n", 1)
            items += self._take_line(line.strip(), now)
        return items

    def receive_frame(self, octets: bytes, now: datetime) -> Sequence[Said]:
        """Take one whole payload."""
        return self._taken("", octets, now)

    def _is_done(self, rest: bytes) -> bool:
        """Return whether what is left is no line."""
        del rest
        return False

    @abstractmethod
    def _take_line(self, line: bytes, now: datetime) -> Sequence[Said]:
        """Take one line; return what it completes."""

    def _taken(self, topic: str, payload: bytes, now: datetime) -> Sequence[Said]:
        if not payload:
            return []
        try:
            return self._read(topic, payload, now)
        except ProtocolError as error:
            return [error]


class JsonRecording(_Lines):
    """Messages in JSON."""

    def __init__(self, read: Reader) -> None:
        """Record messages that a function reads."""
        super().__init__(read)
        self._has_begun = False

    def receive_eof(self, now: datetime) -> Sequence[Said]:
        """Take the end; what is left is one document, or is cut off."""
        topic, payload = _parted(self._rest.strip())
        return self._taken(topic, payload, now)

    def _is_done(self, rest: bytes) -> bool:
        line = rest.split(b"\n", 1)[0].strip()
        return not self._has_begun and bool(line) and not _is_json(_parted(line)[1])

    def _take_line(self, line: bytes, now: datetime) -> Sequence[Said]:
        self._has_begun = self._has_begun or bool(line)
        topic, payload = _parted(line)
        return self._taken(topic, payload, now)


class HexRecording(_Lines):
    """Messages in hexadecimal."""

    def receive_eof(self, now: datetime) -> Sequence[Said]:
        """Take the end; a last line without one may be cut off anywhere."""
        if not self._rest.strip():
            return []
        del now
        detail = "the last line has no end: it may be cut off"
        return [ProtocolError(Reason.BAD_FRAME, detail, self._rest)]

    def _take_line(self, line: bytes, now: datetime) -> Sequence[Said]:
        topic, _, text = line.decode("utf-8", "replace").rpartition(" ")
        try:
            payload = bytes.fromhex(text)
        except ValueError:
            return [ProtocolError(Reason.BAD_FRAME, "the line is not hex", line)]
        return self._taken(topic, payload, now)


def chirpstack4_recording(codec: PayloadCodec | None) -> JsonRecording:
    """Return a recording of ChirpStack 4, frames explained where a codec is given."""

    def read(topic: str, payload: bytes, now: datetime) -> Sequence[Said]:
        kind = topic.rpartition("/")[2]
        known = kind if kind in chirpstack4.KINDS else ""
        return _explained(chirpstack4.decode(payload, known), codec, now)

    return JsonRecording(read)


def chirpstack3_recording(codec: PayloadCodec | None) -> JsonRecording:
    """Return a recording of ChirpStack 3, frames explained where a codec is given."""

    def read(topic: str, payload: bytes, now: datetime) -> Sequence[Said]:
        kind = topic.rpartition("/")[2]
        known = kind if kind in {*chirpstack3.KINDS, "rx"} else ""
        return _explained(chirpstack3.decode(payload, known), codec, now)

    return JsonRecording(read)


def ttn3_recording(codec: PayloadCodec | None) -> JsonRecording:
    """Return a recording of The Things Stack, frames explained by a codec if given."""
    return JsonRecording(
        lambda _, payload, now: _explained(ttn3.decode(payload), codec, now)
    )


def thingsboard_recording() -> JsonRecording:
    """Return a recording of ThingsBoard's gateway API; without a topic telemetry."""

    def read(topic: str, payload: bytes, now: datetime) -> Sequence[Said]:
        kind = topic.rpartition("/")[2] or "telemetry"
        return [thingsboard.decode(payload, kind, now)]

    return JsonRecording(read)


def senml_recording() -> JsonRecording:
    """Return a recording of SenML in JSON."""
    return JsonRecording(lambda _, payload, now: [senml.decode(payload, now)])


def senml_cbor_recording() -> HexRecording:
    """Return a recording of SenML in CBOR."""
    return HexRecording(lambda _, payload, now: [senml.decode(payload, now)])


def msgpack_recording() -> HexRecording:
    """Return a recording of our own messages in MessagePack."""

    def read(topic: str, payload: bytes, now: datetime) -> Sequence[Said]:
        del now
        if topic.endswith("/status"):
            return [gezhi_msgpack.decode_status(payload)]
        return [gezhi_msgpack.decode(payload)]

    return HexRecording(read)


def lorawan_recording(codec: PayloadCodec) -> HexRecording:
    """Return a recording of LoRaWAN payloads of one model."""

    def read(topic: str, payload: bytes, now: datetime) -> Sequence[Said]:
        del topic
        explained = codec.decode(payload, 0)
        return [_readings(explained, "", now, Quality.NO_DEVICE_TIME)]

    return HexRecording(read)


def sparkplug_recording() -> HexRecording:
    """Return a recording of Sparkplug, whose lines need their topics."""
    sessions: dict[tuple[str, str], sparkplug.NodeSession] = {}

    def read(topic: str, payload: bytes, now: datetime) -> Sequence[Said]:
        whose = sparkplug.Topic.parse(topic) or sparkplug.Topic(
            "", sparkplug.Kind.NDATA, ""
        )
        said = sparkplug.decode_payload(payload)
        node = (whose.group, whose.node)
        session = sessions.setdefault(node, sparkplug.NodeSession())
        heard = session.receive(whose, said, octets=payload, now=now)
        items: list[Said] = [Notice(kind=whose.kind, device=whose.device or whose.node)]
        if heard.wants_rebirth:
            items.append(Notice(kind="rebirth-wished", device=whose.node))
        return [*items, UpMessage(readings=heard.readings, errors=heard.errors)]

    return HexRecording(read)


def notice_line(notice: Notice) -> JsonLine:
    """Return the line of a message that carries no readings."""
    line: JsonLine = {"kind": "message", "message": notice.kind}
    if notice.device:
        line["device"] = notice.device
    if notice.at:
        line["at"] = notice.at
    return line | {k: v for k, v in notice.extras.items() if k not in line}


def uplink_line(uplink: Uplink) -> JsonLine:
    """Return the line of a LoRaWAN frame."""
    line: JsonLine = {
        "kind": "message",
        "message": "uplink",
        "device": uplink.device,
        "counter": uplink.counter,
        "port": uplink.port,
        "payload": uplink.payload.hex(),
    }
    if uplink.heard_at:
        line["heard_at"] = uplink.heard_at
    more = {**uplink.values, **uplink.extras}
    return line | {name: value for name, value in more.items() if name not in line}


def _explained(
    said: Uplink | Notice, codec: PayloadCodec | None, now: datetime
) -> Sequence[Said]:
    if codec is None or not isinstance(said, Uplink):
        return [said]
    at = said.heard_at or now
    quality = Quality.GOOD if said.heard_at else Quality.NO_DEVICE_TIME
    explained = codec.decode(said.payload, said.port)
    if said.simulated:
        quality |= Quality.SIMULATED
    return [said, _readings(explained, said.device, at, quality)]


def _readings(
    explained: Explained, device: str, at: datetime, quality: Quality
) -> UpMessage:
    readings = [
        DoubtfulReadings(
            device=device,
            measured_at=sample.measured_at or at,
            values={each.value: value for each, value in sample.values.items()},
            quality=quality if sample.measured_at is None else Quality.GOOD,
        )
        for sample in explained.samples
    ]
    return UpMessage(readings=readings, errors=explained.errors)


def _parted(line: bytes) -> tuple[str, bytes]:
    """Return topic and payload of a line; JSON's payloads begin with a bracket."""
    if line[:1] in {b"{", b"["}:
        return "", line
    starts = [at for at in (line.find(b" {"), line.find(b" [")) if at > 0]
    if not starts:
        return "", line
    return line[: min(starts)].decode("utf-8", "replace"), line[min(starts) + 1 :]


def _is_json(octets: bytes) -> bool:
    try:
        orjson.loads(octets)
    except orjson.JSONDecodeError:
        return False
    return True
