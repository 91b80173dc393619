"""Messages that came over one connection and were not taken yet."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import aiomqtt

from ingest.mqtt.message import MqttMessage

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


class Pile(asyncio.Queue[aiomqtt.Message]):
    """The queue aiomqtt puts messages into, taken by the armful.

    aiomqtt starts a task for each `get`, so `get` only tells that something is there.
    """

    def __init__(self) -> None:
        super().__init__()
        self._messages: deque[aiomqtt.Message] = deque()
        self._octets = 0
        self._has_rung = asyncio.Event()

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Add a message."""
        self._messages.append(item)
        self._octets += len(item.payload)
        self._has_rung.set()

    async def get(self) -> aiomqtt.Message:
        """Wait until there is a message, or `ring`; what is returned means nothing."""
        await self._has_rung.wait()
        return _NOTHING

    def ring(self) -> None:
        """End the wait."""
        self._has_rung.set()

    def take(self, most: int, most_octets: int) -> Received:
        """Return the first messages, at least one if there is one.

        Args:
            most: Most messages to return.
            most_octets: Stop when their payloads together reach this.
        """
        messages: list[MqttMessage] = []
        packet_ids: list[int] = []
        octets = 0
        while self._messages and len(messages) < most and octets < most_octets:
            message = self._messages.popleft()
            messages.append(MqttMessage(message.topic.value, message.payload))
            if message.qos:
                packet_ids.append(message.mid)
            octets += len(message.payload)
        self._octets -= octets
        if not self._messages:
            self._has_rung.clear()
        return Received(messages, packet_ids)

    def is_high(self, *, by_half: bool = False) -> bool:
        """Return whether too much waits, or more than half of too much."""
        part = 2 if by_half else 1
        return (
            len(self._messages) * part >= MOST_WAITING
            or self._octets * part >= MOST_WAITING_OCTETS
        )

    def qsize(self) -> int:
        """Return how many messages wait."""
        return len(self._messages)

    def empty(self) -> bool:
        """Return whether none waits."""
        return not self._messages


_NOTHING = aiomqtt.Message("nothing", b"", qos=0, retain=False, mid=0, properties=None)
