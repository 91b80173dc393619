"""Messages that came over one connection and were not taken yet: pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.mqtt_messages import MqttMessage
from ingest.mqtt_packets import Publish

MOST_WAITING = 8_000
"""Messages waiting to be taken above which the socket is not read."""

MOST_WAITING_OCTETS = 8 * 1024 * 1024
"""Octets waiting to be taken above which the socket is not read."""


@dataclass(frozen=True, slots=True)
class Received:
    """Messages taken together.

    Attributes:
        messages: In the order they came.
        packet_ids: What to acknowledge, in the order it came.
    """

    messages: Sequence[MqttMessage]
    packet_ids: Sequence[int]


class Pile:
    """Messages that came and were not taken yet."""

    def __init__(self) -> None:
        self._messages: deque[Publish] = deque()
        self._octets = 0

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, messages: Sequence[Publish]) -> None:
        """Add messages as they came."""
        self._messages += messages
        self._octets += sum(len(message.payload) for message in messages)

    def take(self, most: int, most_octets: int) -> Received:
        """Return the first messages, at least one if there is one."""
        messages: list[MqttMessage] = []
        packet_ids: list[int] = []
        octets = 0
        while self._messages and len(messages) < most and octets < most_octets:
            topic, payload, packet_id = self._messages.popleft()
            messages.append(MqttMessage(topic, payload))
            if packet_id:
                packet_ids.append(packet_id)
            octets += len(payload)
        self._octets -= octets
        return Received(messages, packet_ids)

    def is_high(self, *, by_half: bool = False) -> bool:
        """Return whether too much waits, or more than half of too much."""
        part = 2 if by_half else 1
        return (
            len(self._messages) * part >= MOST_WAITING
            or self._octets * part >= MOST_WAITING_OCTETS
        )
