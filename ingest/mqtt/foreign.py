"""What gateways say that speak other people's formats, in our words.

The codec of the gateway's format reads the message, the payload codec of the device's
profile explains a LoRaWAN frame, the profile says which values are wanted. Remembered
from message to message: frames that came before, and Sparkplug's nodes. No I/O:
commands to be sent are handed over as messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from devices.registry.snapshot import Snapshot
from ingest.mqtt.frames import SeenFrames
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.native_names import bad_aliases, nothing_ours, ours
from ingest.mqtt.topics import Address
from ingest.protocols import (
    chirpstack3,
    chirpstack4,
    senml,
    sparkplug,
    thingsboard,
    ttn3,
)
from ingest.protocols.errors import ProtocolError
from ingest.protocols.lorawan import UnknownPayloadCodecError, payload_codec
from ingest.protocols.up_message import (
    DeviceReadings,
    DoubtfulReadings,
    Notice,
    Number,
    Said,
    Uplink,
    UpMessage,
)
from ingest.quarantine.unplaced import stranger
from vocabulary.alias import AliasError
from vocabulary.command import CommandAnswer, Outcome
from vocabulary.device import Device, Format, Gateway
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

MAX_NODES = 64
"""Most Sparkplug nodes behind one gateway."""


@dataclass(slots=True)
class Meaning:
    """What one message means.

    Attributes:
        readings: By quantity.
        positions: In its order.
        errors: What of it could not be taken, and whose it is; empty if nobody's.
        is_up: Whether the gateway is, where the message says so.
        commands: What is to be answered.
        answers: To commands of ours.
    """

    readings: list[DeviceReadings] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    errors: list[tuple[ProtocolError, str]] = field(default_factory=list)
    is_up: bool | None = None
    commands: list[MqttMessage] = field(default_factory=list)
    answers: list[CommandAnswer] = field(default_factory=list)


class Interpreter:
    """Reads messages of gateways of all formats but ours."""

    def __init__(self) -> None:
        self._frames = SeenFrames()
        self._nodes: dict[tuple[str, str, str], sparkplug.NodeSession] = {}

    def interpret(
        self,
        gateway: Gateway,
        address: Address,
        payload: bytes,
        *,
        snapshot: Snapshot,
        now: datetime,
    ) -> Meaning:
        """Return what a message means.

        Args:
            gateway: Who says it.
            address: What its topic says.
            payload: Its octets.
            snapshot: The registry.
            now: When it came, aware.

        Raises:
            ProtocolError: If all of it cannot be taken.
        """
        if gateway.format is Format.SPARKPLUG:
            return self._of_node(gateway, address, payload, snapshot, now)
        said = _said(gateway.format, address.native, payload, now)
        meaning = Meaning()
        self._take(meaning, said, gateway, snapshot, payload=payload, now=now)
        if address.native == thingsboard.RPC_TOPIC:
            meaning.answers += _rpc_answers(payload)
        # Kept whole, so that it can be read again once the profile knows better.
        meaning.errors = [
            (ProtocolError(error.reason, error.detail, payload), identity)
            if error.reason is Reason.UNKNOWN_QUANTITY
            else (error, identity)
            for error, identity in meaning.errors
        ]
        return meaning

    def _take(
        self,
        meaning: Meaning,
        said: Said,
        gateway: Gateway,
        snapshot: Snapshot,
        *,
        payload: bytes,
        now: datetime,
    ) -> None:
        match said:
            case UpMessage():
                self._take_up(meaning, said, gateway, snapshot)
            case Uplink():
                self._take_uplink(
                    meaning, said, gateway, snapshot=snapshot, payload=payload, now=now
                )
            case Notice():
                _take_notice(meaning, said, gateway, snapshot)

    def _of_node(
        self,
        gateway: Gateway,
        address: Address,
        payload: bytes,
        snapshot: Snapshot,
        now: datetime,
    ) -> Meaning:
        topic = sparkplug.Topic.parse(address.native)
        if topic is None or topic.kind not in sparkplug.UP:
            detail = f"{address.native!r} is no topic that an edge node speaks on"
            raise ProtocolError(Reason.UNKNOWN_TOPIC, detail, payload)
        session = self._session(gateway.code, topic, payload)
        said = sparkplug.decode_payload(payload)
        heard = session.receive(topic, said, octets=payload, now=now)
        meaning = Meaning(is_up=heard.is_up)
        readings = heard.readings
        if not topic.device and _device(snapshot, gateway, topic.node) is None:
            readings = []  # of a node that is no device of ours, only its gateway
        up = UpMessage(readings=readings, errors=heard.errors)
        self._take_up(meaning, up, gateway, snapshot)
        if heard.wants_rebirth:
            command = sparkplug.Topic(topic.group, sparkplug.Kind.NCMD, topic.node)
            root = f"gezhi/v1/{gateway.code}/down/" if address.is_below_ours else ""
            octets = sparkplug.rebirth_command(now)
            meaning.commands.append(MqttMessage(f"{root}{command}", octets))
        return meaning

    def _session(
        self, gateway: str, topic: sparkplug.Topic, payload: bytes
    ) -> sparkplug.NodeSession:
        name = (gateway, topic.group, topic.node)
        if name not in self._nodes:
            if sum(known[0] == gateway for known in self._nodes) >= MAX_NODES:
                detail = f"over {MAX_NODES} edge nodes behind {gateway}"
                raise ProtocolError(Reason.TOO_LONG, detail, payload)
            self._nodes[name] = sparkplug.NodeSession()
        return self._nodes[name]

    def _take_up(
        self, meaning: Meaning, said: UpMessage, gateway: Gateway, snapshot: Snapshot
    ) -> None:
        meaning.positions += said.positions
        meaning.errors += [(error, "") for error in said.errors]
        for part in said.readings:
            device = _device(snapshot, gateway, part.device)
            if device is None:
                meaning.readings.append(part)  # the intake says why it is a stranger's
                continue
            quality = part.quality if isinstance(part, DoubtfulReadings) else 0
            _take_values(
                meaning,
                device,
                part.values,
                snapshot=snapshot,
                at=part.measured_at,
                quality=Quality(quality),
            )

    def _take_uplink(
        self,
        meaning: Meaning,
        said: Uplink,
        gateway: Gateway,
        *,
        snapshot: Snapshot,
        payload: bytes,
        now: datetime,
    ) -> None:
        device = _device(snapshot, gateway, said.device)
        if device is None:
            reason, detail = stranger(snapshot, gateway.code, said.device)
            error = ProtocolError(reason, detail, payload)
            meaning.errors.append((error, said.device))
            return
        if self._frames.is_repeat(gateway.code, said, now):
            return
        heard_at = said.heard_at or now
        at = self._frames.heard_at(gateway.code, said, heard_at, now)
        quality = Quality.GOOD if said.heard_at else Quality.NO_DEVICE_TIME
        if at < heard_at:
            quality |= Quality.CLOCK_CORRECTED
        if said.simulated:
            quality |= Quality.SIMULATED
        _explain(meaning, device, said, snapshot=snapshot, at=at, quality=quality)
        _take_extras(
            meaning, device, said.extras, snapshot=snapshot, at=at, quality=quality
        )


def _said(format_: Format, native: str, payload: bytes, now: datetime) -> Said:
    """Return what the codec of a format makes of a message."""
    kind = native.rpartition("/")[2]
    match format_:
        case Format.CHIRPSTACK4:
            known = kind if kind in chirpstack4.KINDS else ""
            return chirpstack4.decode(payload, known)
        case Format.CHIRPSTACK3:
            known = kind if kind in {*chirpstack3.KINDS, "rx"} else ""
            return chirpstack3.decode(payload, known)
        case Format.TTN3:
            return ttn3.decode(payload)
        case Format.SENML:
            return senml.decode(payload, now)
        case Format.THINGSBOARD:
            return thingsboard.decode(payload, kind or "telemetry", now)
        case Format.SPARKPLUG | Format.GEZHI:
            raise AssertionError(format_)


def _rpc_answers(payload: bytes) -> list[CommandAnswer]:
    """Return what a device behind a ThingsBoard gateway answers, if it answers us."""
    told = thingsboard.decode_rpc(payload)
    if told is None:
        return []
    outcome = Outcome.DONE if told.is_done else Outcome.REFUSED
    answer = CommandAnswer(
        command=str(told.number), outcome=outcome, detail=told.detail
    )
    return [answer]


def _device(snapshot: Snapshot, gateway: Gateway, address: str) -> Device | None:
    device_id = snapshot.device_id(gateway.code, address)
    return None if device_id is None else snapshot.devices[device_id]


def _explain(
    meaning: Meaning,
    device: Device,
    said: Uplink,
    *,
    snapshot: Snapshot,
    at: datetime,
    quality: Quality,
) -> None:
    """Take what a frame's payload says, by its maker's codec or the server's."""
    if not device.payload_codec:
        values = said.values
        if not values and said.payload:
            detail = (
                f"{device.address}: the network server does not explain the payload, "
                "and its profile names no payload_codec"
            )
            error = ProtocolError(Reason.UNKNOWN_QUANTITY, detail, said.payload)
            meaning.errors.append((error, device.address))
        _take_values(meaning, device, values, snapshot=snapshot, at=at, quality=quality)
        return
    try:
        codec = payload_codec(device.payload_codec)
    except UnknownPayloadCodecError as unknown:
        error = ProtocolError(Reason.UNKNOWN_QUANTITY, str(unknown), said.payload)
        meaning.errors.append((error, device.address))
        return
    explained = codec.decode(said.payload, said.port)
    meaning.errors += [(error, device.address) for error in explained.errors]
    for sample in explained.samples:
        _take_values(
            meaning,
            device,
            {quantity.value: value for quantity, value in sample.values.items()},
            snapshot=snapshot,
            at=sample.measured_at or at,
            quality=quality if sample.measured_at is None else Quality.GOOD,
        )


def _take_values(
    meaning: Meaning,
    device: Device,
    values: Mapping[str, Number],
    *,
    snapshot: Snapshot,
    at: datetime,
    quality: Quality,
) -> None:
    """Take values that the profile should have; none at all is a mistake."""
    try:
        found = ours(snapshot, device, values)
    except AliasError as wrong:
        _refuse(meaning, device, values, bad_aliases(wrong))
        return
    if found:
        _add(meaning, device, found, at=at, quality=quality)
    elif values:
        _refuse(meaning, device, values, nothing_ours(device, values))


def _take_extras(
    meaning: Meaning,
    device: Device,
    values: Mapping[str, Number],
    *,
    snapshot: Snapshot,
    at: datetime,
    quality: Quality,
) -> None:
    """Take values that the profile may have."""
    found = {
        name: float(value)
        for name, value in values.items()
        if snapshot.series_id(device.id, name) is not None
    }
    if found:
        _add(meaning, device, found, at=at, quality=quality)


def _take_notice(
    meaning: Meaning, said: Notice, gateway: Gateway, snapshot: Snapshot
) -> None:
    device = _device(snapshot, gateway, said.device)
    if device is not None and said.at is not None:
        _take_extras(
            meaning,
            device,
            said.extras,
            snapshot=snapshot,
            at=said.at,
            quality=Quality.GOOD,
        )


def _add(
    meaning: Meaning,
    device: Device,
    values: Mapping[str, float],
    *,
    at: datetime,
    quality: Quality,
) -> None:
    meaning.readings.append(
        DoubtfulReadings(
            device=device.address, measured_at=at, values=values, quality=quality
        )
    )


def _refuse(
    meaning: Meaning,
    device: Device,
    values: Mapping[str, Number],
    why: tuple[Reason, str],
) -> None:
    reason, detail = why
    octets = repr(dict(values)).encode()[:1000]
    meaning.errors.append((ProtocolError(reason, detail, octets), device.address))
