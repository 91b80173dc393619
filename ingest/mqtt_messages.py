"""From MQTT messages to arrivals: which topic means what, one arrival a gateway. Pure.

gezhi/v1/{gateway}/up      protocols.gezhi_json, up
gezhi/v1/{gateway}/status  protocols.gezhi_json, status
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from ingest.arrival import Arrival, EdgeChange
from ingest.protocols.errors import ProtocolError
from ingest.protocols.gezhi_json import UpMessage, decode, decode_status
from ingest.refused import refusal_of
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.reading import NamedReadings
from vocabulary.refusal import Reason
from vocabulary.times import us_from_datetime

UP_FILTER = "gezhi/v1/+/up"
"""What gateways say."""

STATUS_FILTER = "gezhi/v1/+/status"
"""Whether they are connected."""

EDGE = "gateway"
"""What EDGE entries of the journal call a gateway's own connection to the broker."""

_LEVELS = 4


@dataclass(frozen=True, slots=True)
class MqttMessage:
    """One PUBLISH.

    Attributes:
        topic: Where it was published.
        payload: Its octets.
    """

    topic: str
    payload: bytes


def arrivals_of(
    messages: Sequence[MqttMessage],
    *,
    received_at: datetime,
    peer: str,
    committed: Callable[[], None],
) -> list[Arrival | EdgeChange]:
    """Return what some messages say, one arrival for each gateway.

    Args:
        messages: In the order they came, at least one.
        received_at: When we had them, aware.
        peer: Address of the broker.
        committed: To be called once all of them are stored; the last arrival has it.
    """
    heard: dict[str, _Heard] = {}
    changes: list[EdgeChange] = []
    for message in messages:
        gateway, kind = _gateway_and_kind(message.topic)
        gathered = heard.get(gateway)
        if gathered is None:
            gathered = heard[gateway] = _Heard()
        try:
            if kind == "up":
                gathered.add(decode(message.payload))
            elif kind == "status":
                changes.append(_change(gateway, message.payload, received_at))
            else:
                gathered.errors.append(_unknown_topic(message))
        except ProtocolError as error:
            gathered.errors.append(error)
    last = list(heard)[-1]
    arrivals = [
        gathered.arrival(
            gateway,
            peer=peer,
            received_at=received_at,
            committed=committed if gateway == last else None,
        )
        for gateway, gathered in heard.items()
    ]
    return [*changes, *arrivals]


@dataclass(slots=True)
class _Heard:
    """What one gateway says in several messages, as columns."""

    device: list[str] = field(default_factory=list)
    quantity: list[str] = field(default_factory=list)
    measured_us: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
    errors: list[ProtocolError] = field(default_factory=list)

    def add(self, message: UpMessage) -> None:
        """Add what one message says."""
        for part in message.readings:
            values = part.values
            self.device += [part.device] * len(values)
            self.quantity += values
            self.measured_us += [us_from_datetime(part.measured_at)] * len(values)
            self.value += values.values()
        self.positions += message.positions
        self.errors += message.errors

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
            refusals=[
                refusal_of(error, transport=Transport.MQTT, gateway=gateway, peer=peer)
                for error in self.errors
            ],
            committed=committed,
        )

    def _readings(self) -> NamedReadings:
        return NamedReadings(
            device=self.device,
            quantity=self.quantity,
            measured_us=np.array(self.measured_us, np.int64),
            value=np.array(self.value, np.float64),
            quality=np.zeros(len(self.device), np.int32),
        )


def _gateway_and_kind(topic: str) -> tuple[str, str]:
    """Return who speaks and of what; of nothing where the topic is not ours."""
    levels = topic.split("/")
    is_ours = len(levels) == _LEVELS and levels[:2] == ["gezhi", "v1"]
    return (levels[2], levels[3]) if is_ours else ("", "")


def _change(gateway: str, payload: bytes, received_at: datetime) -> EdgeChange:
    is_up = decode_status(payload).up
    return EdgeChange(
        edge=EDGE,
        gateway=gateway,
        up=is_up,
        detail="the gateway is connected" if is_up else "the gateway is not connected",
        at=received_at,
    )


def _unknown_topic(message: MqttMessage) -> ProtocolError:
    detail = f"topic {message.topic}; ours are {UP_FILTER} and {STATUS_FILTER}"
    return ProtocolError(Reason.UNKNOWN_TOPIC, detail, message.payload)
