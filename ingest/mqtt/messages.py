"""From MQTT messages to arrivals: who says what, one arrival a gateway. Pure.

Which topic is whose says `mqtt_topics`. A gateway of our own format is read here, by
`protocols.gezhi_json` or `gezhi_msgpack`; all others by `foreign`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, EdgeChange
from ingest.mqtt.foreign import Interpreter
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.nmea import nmea_content
from ingest.mqtt.topics import (
    STATE_TOPIC,
    STATUS_FILTER,
    UP_FILTER,
    Address,
    Topics,
)
from ingest.protocols import gezhi_command, gezhi_json, gezhi_msgpack, sparkplug
from ingest.protocols.errors import ProtocolError
from ingest.protocols.up_message import (
    DeviceReadings,
    DoubtfulReadings,
    UpMessage,
)
from ingest.quarantine.refused import refusal_of
from vocabulary.command import CommandAnswer
from vocabulary.device import Format, Transport
from vocabulary.position import Position
from vocabulary.reading import NamedReadings
from vocabulary.refusal import Reason, Refusal
from vocabulary.sequence import Number
from vocabulary.times import us_from_datetime

EDGE = "gateway"
"""What EDGE entries of the journal call a gateway's own connection to the broker."""


def state_message(state: sparkplug.HostState) -> MqttMessage:
    """Return what we publish of ourselves, for nodes of Sparkplug."""
    return MqttMessage(STATE_TOPIC, sparkplug.encode_state(state), retain=True)


class Ear:
    """What is remembered from one message to the next, and of the registry.

    Attributes:
        is_state_heard: Whether the broker has told us, as others, that we are there.
    """

    def __init__(self, snapshot: Snapshot | None = None) -> None:
        """Know nothing but the registry.

        Args:
            snapshot: The registry; without it every gateway speaks our own format.
        """
        self.interpreter = Interpreter()
        self.commands: list[MqttMessage] = []
        self.is_state_heard = False
        self.snapshot = snapshot or Snapshot(version=0)
        self.topics = Topics(self.snapshot)

    def follow(self, snapshot: Snapshot) -> None:
        """Go by this registry from now on."""
        if snapshot is not self.snapshot:
            self.snapshot = snapshot
            self.topics = Topics(snapshot)

    def hear_state(self, payload: bytes, now: datetime) -> None:
        """Take what is said of ourselves: who is said to be away says that it is not.

        The broker says so for a worker that it has lost, while others are there.

        Raises:
            ProtocolError: If it is no state.
        """
        self.is_state_heard = sparkplug.decode_state(payload).is_online
        if not self.is_state_heard:
            state = sparkplug.state_at(now, is_online=True)
            self.commands.append(state_message(state))

    def commands_to_send(self) -> list[MqttMessage]:
        """Take what is to be published in answer."""
        commands, self.commands = self.commands, []
        return commands


def arrivals_of(
    messages: Sequence[MqttMessage],
    *,
    received_at: datetime,
    peer: str,
    committed: Callable[[], None],
    ear: Ear | None = None,
) -> list[Arrival | EdgeChange]:
    """Return what some messages say, one arrival for each gateway.

    Args:
        messages: In the order they came, at least one.
        received_at: When we had them, aware.
        peer: Address of the broker.
        committed: To be called once all of them are stored; the last arrival has it.
        ear: Who hears them; without one, nothing is remembered and no gateway known.
    """
    hearing = _Hearing(ear or Ear(), received_at)
    for message in messages:
        hearing.hear(message)
    last = list(hearing.heard)[-1]
    arrivals = [
        gathered.arrival(
            gateway,
            peer=peer,
            received_at=received_at,
            committed=committed if gateway == last else None,
        )
        for gateway, gathered in hearing.heard.items()
    ]
    return [*hearing.changes, *arrivals]


class _Hearing:
    """Gathers what messages that came together say."""

    def __init__(self, ear: Ear, received_at: datetime) -> None:
        self.heard: dict[str, _Heard] = {}
        self.changes: list[EdgeChange] = []
        self._ear = ear
        self._received_at = received_at

    def hear(self, message: MqttMessage) -> None:
        address = self._ear.topics.address(message.topic)
        gathered = self.heard.get(address.gateway)
        if gathered is None:
            gathered = self.heard[address.gateway] = _Heard()
        try:
            self._read(address, message, gathered)
        except ProtocolError as error:
            gathered.refuse(error, message)

    def _read(self, address: Address, message: MqttMessage, gathered: "_Heard") -> None:
        payload = message.payload
        gateway = self._ear.snapshot.gateways.get(address.gateway)
        if address.kind == "status":
            self._change(address.gateway, is_up=_status(payload))
        elif address.kind == "answer":
            gathered.answers.append(gezhi_command.decode_answer(payload))
        elif address.kind == "state":
            self._ear.hear_state(payload, self._received_at)
        elif address.kind == "nmea":
            self._read_nmea(address, message, gathered)
        elif gateway is not None and gateway.format is not Format.GEZHI:
            meaning = self._ear.interpreter.interpret(
                gateway,
                address,
                payload,
                snapshot=self._ear.snapshot,
                now=self._received_at,
            )
            gathered.add(meaning.readings, meaning.positions)
            for error, identity in meaning.errors:
                gathered.refuse(error, message, identity)
            if meaning.is_up is not None:
                self._change(address.gateway, is_up=meaning.is_up)
            self._ear.commands += meaning.commands
            gathered.answers += meaning.answers
        elif address.kind == "up":
            said = _up(payload)
            gathered.add(said.readings, said.positions)
            gathered.number(said)
            for error in said.errors:
                gathered.refuse(error, message)
        else:
            raise _unknown_topic(message)

    def _read_nmea(
        self, address: Address, message: MqttMessage, gathered: "_Heard"
    ) -> None:
        device = address.device
        fixes, errors = nmea_content(message.payload, device, self._received_at)
        gathered.add([], fixes)
        for error in errors:
            gathered.refuse(error, message, device)

    def _change(self, gateway: str, *, is_up: bool) -> None:
        detail = f"the gateway is {'' if is_up else 'not '}connected"
        self.changes.append(
            EdgeChange(
                edge=EDGE,
                gateway=gateway,
                up=is_up,
                detail=detail,
                at=self._received_at,
            )
        )


@dataclass(slots=True)
class _Heard:
    """What one gateway says in several messages, as columns."""

    device: list[str] = field(default_factory=list)
    quantity: list[str] = field(default_factory=list)
    measured_us: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    quality: list[int] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    errors: list[tuple[ProtocolError, str, str]] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    answers: list[CommandAnswer] = field(default_factory=list)

    def add(
        self, readings: Sequence[DeviceReadings], positions: Sequence[Position]
    ) -> None:
        """Add what one message says."""
        for part in readings:
            values = part.values
            n = len(values)
            quality = part.quality if isinstance(part, DoubtfulReadings) else 0
            self.device += [part.device] * n
            self.quantity += values
            self.measured_us += [us_from_datetime(part.measured_at)] * n
            self.value += values.values()
            self.quality += [quality] * n
        self.positions += positions

    def number(self, said: UpMessage) -> None:
        """Note what number one message has, if any, and when it was made."""
        if said.seq is None:
            return
        times = [said.sent_at] if said.sent_at is not None else _times_in(said)
        sent_us = us_from_datetime(max(times)) if times else None
        self.numbers.append(Number(said.seq, sent_us))

    def refuse(
        self, error: ProtocolError, message: MqttMessage, identity: str = ""
    ) -> None:
        """Add what cannot be taken; a whole message is kept with its topic."""
        is_whole = error.octets == message.payload
        self.errors.append((error, identity, message.topic if is_whole else ""))

    def arrival(
        self,
        gateway: str,
        *,
        peer: str,
        received_at: datetime,
        committed: Callable[[], None] | None,
    ) -> Arrival:
        """Return all of it as one arrival."""
        return Arrival(
            transport=Transport.MQTT,
            gateway=gateway,
            peer=peer,
            received_at=received_at,
            readings=self._readings() if self.device else None,
            positions=self.positions,
            refusals=[self._refusal(gateway, peer, *told) for told in self.errors],
            committed=committed,
            numbers=self.numbers,
            answers=self.answers,
        )

    def _refusal(
        self, gateway: str, peer: str, error: ProtocolError, identity: str, topic: str
    ) -> Refusal:
        refusal = refusal_of(
            error,
            transport=Transport.MQTT,
            gateway=gateway,
            peer=peer,
            identity=identity,
        )
        return replace(refusal, topic=topic)

    def _readings(self) -> NamedReadings:
        return NamedReadings(
            device=self.device,
            quantity=self.quantity,
            measured_us=np.array(self.measured_us, np.int64),
            value=np.array(self.value, np.float64),
            quality=np.array(self.quality, np.int32),
        )


def _times_in(said: UpMessage) -> list[datetime]:
    """Return the times of what a message says; the latest is about when it was made."""
    measured = [part.measured_at for part in said.readings]
    return measured + [position.fixed_at for position in said.positions]


def _up(payload: bytes) -> UpMessage:
    if gezhi_msgpack.is_mine(payload):
        return gezhi_msgpack.decode(payload)
    return gezhi_json.decode(payload)


def _status(payload: bytes) -> bool:
    if gezhi_msgpack.is_mine(payload):
        return gezhi_msgpack.decode_status(payload).up
    return gezhi_json.decode_status(payload).up


def _unknown_topic(message: MqttMessage) -> ProtocolError:
    detail = f"topic {message.topic}; ours are {UP_FILTER} and {STATUS_FILTER}"
    return ProtocolError(Reason.UNKNOWN_TOPIC, detail, message.payload)
