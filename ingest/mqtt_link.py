"""One connection to the broker: the only file of ingest that knows aiomqtt and paho.

Three things aiomqtt has no word for are done through the paho client inside it, here
and nowhere else: acknowledging by hand, in the order of arrival (MQTT-4.6.0-2); reading
many packets at one wake-up; and not reading while too much waits. Receive Maximum alone
bounds nothing: some brokers heed it only for the first window.
"""

import asyncio
import logging
import math
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self, cast
from urllib.parse import unquote, urlsplit

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt_messages import MqttMessage

log = logging.getLogger(__name__)

SESSION_S = 14 * 24 * 3600
"""How long the broker keeps our session and its queue while we are away."""

KEEPALIVE_S = 30
"""A broker that vanished is noticed after about two of these."""

RECEIVE_MAXIMUM = 10_000
"""Messages the broker may send before the first of them is acknowledged."""

CONNECT_TIMEOUT_S = 10
"""How long the broker may take to let us in."""

MOST_WAITING = 8_000
"""Messages waiting to be taken above which the socket is not read."""

MOST_WAITING_OCTETS = 8 * 1024 * 1024
"""Octets waiting to be taken above which the socket is not read."""

PACKETS_AT_ONCE = 256
"""Packets read at one wake-up; then other tasks get their turn."""

_PORTS = {"mqtt": 1883, "mqtts": 8883}


class LinkLostError(ConnectionError):
    """The broker is away, refused us, or hung up."""


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where a broker is and who we are to it.

    Attributes:
        host: Name or address.
        port: TCP port.
        username: Our account; None for none.
        password: Its password; None for none.
        has_tls: Whether to speak TLS.
    """

    host: str
    port: int
    username: str | None
    password: str | None
    has_tls: bool

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return what `mqtt[s]://[user[:password]@]host[:port]` says.

        Raises:
            ValueError: If it is no such URL; the message does not show the password.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(
                "a broker's URL is mqtt://user:password@host:port, or mqtts://"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            has_tls=parts.scheme == "mqtts",
        )


class MqttLink:
    """A connection with a session that outlives it.

    Messages are handed over in order and acknowledged only when the caller says so;
    what was not acknowledged comes again on the next connection.

    Args:
        broker: Where to connect.
        client_id: The session's name; no two connections may share it.
    """

    def __init__(self, broker: BrokerAddress, client_id: str) -> None:
        self.peer = f"{broker.host}:{broker.port}"
        self._pile = _Pile()
        self._failure: Exception | None = None
        self._is_reading = True
        self._client = aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=broker.password,
            identifier=client_id,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=False,
            properties=_connect_properties(),
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_TIMEOUT_S,
            tls_context=ssl.create_default_context() if broker.has_tls else None,
            queue_type=cast("type[_Pile]", lambda **_: self._pile),
        )
        self._paho = self._client._client  # noqa: SLF001 - no public way
        self._paho.manual_ack_set(on=True)

    @property
    def waiting(self) -> int:
        """Messages that came and were not taken yet."""
        return self._pile.qsize()

    async def __aenter__(self) -> Self:
        try:
            await self._client.__aenter__()
        except aiomqtt.MqttError as error:
            raise LinkLostError(f"{self.peer}: {error}") from error
        self._start_reading()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self._client.__aexit__(kind, error, trace)
        except aiomqtt.MqttError as lost:
            log.debug("%s: %s", self.peer, lost)

    async def subscribe(self, topics: Sequence[str]) -> None:
        """Ask for messages at QoS 1; returns when the broker has agreed.

        A broker may answer only after all it had queued for us was acknowledged: take
        messages meanwhile.

        Raises:
            LinkLostError: If the link is lost or the broker refuses.
        """
        wanted = [(topic, 1) for topic in topics]
        try:
            codes = await self._client.subscribe(wanted, timeout=math.inf)
        except aiomqtt.MqttError as error:
            raise LinkLostError(f"{self.peer}: {error}") from error
        for topic, code in zip(topics, codes, strict=True):
            if isinstance(code, ReasonCode) and code.is_failure:
                raise LinkLostError(
                    f"{self.peer}: may not subscribe to {topic}: {code}"
                )

    async def receive(self, most: int, most_octets: int) -> "Received":
        """Return what has come, waiting for the first message.

        Args:
            most: Most messages to return.
            most_octets: Stop when their payloads together reach this.

        Raises:
            LinkLostError: If the link is lost and all that came on it was returned.
        """
        if self._pile.empty():
            try:
                await anext(self._client.messages)
            except aiomqtt.MqttError as error:
                raise LinkLostError(f"{self.peer}: {error}") from error
            if self._failure is not None:
                raise LinkLostError(f"{self.peer}: {self._failure}") from self._failure
        received = self._pile.take(most, most_octets)
        if not self._is_reading and not self._pile.is_high(by_half=True):
            self._start_reading()
        return received

    def acknowledge(self, received: "Received") -> None:
        """Tell the broker that it need not send these again.

        Args:
            received: What `receive` returned, in that order.
        """
        for mid, qos in received.acknowledgements:
            self._paho.ack(mid, qos)

    def _start_reading(self) -> None:
        sock = self._paho.socket()
        if sock is None:
            return  # lost meanwhile: whoever waits for messages is told
        self._is_reading = True
        loop = asyncio.get_running_loop()
        loop.add_reader(sock.fileno(), self._on_readable)
        if isinstance(sock, ssl.SSLSocket):
            loop.call_soon(self._on_readable)  # it may hold what is not seen outside

    def _on_readable(self) -> None:
        for _ in range(PACKETS_AT_ONCE):
            known = self._pile.qsize()
            try:
                self._paho.loop_read()
            except Exception as error:  # noqa: BLE001 - told to whoever waits
                self._failure = error
                self._pile.wake()
                return
            sock = self._paho.socket()
            if sock is None:
                return
            if self._pile.is_high():
                asyncio.get_running_loop().remove_reader(sock.fileno())
                self._is_reading = False
                return
            is_more = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
            if self._pile.qsize() == known and not is_more:
                return


@dataclass(frozen=True, slots=True)
class Received:
    """Messages taken together.

    Attributes:
        messages: In the order they came.
        acknowledgements: Packet identifier and QoS of each.
    """

    messages: Sequence[MqttMessage]
    acknowledgements: Sequence[tuple[int, int]]


class _Pile(asyncio.Queue[aiomqtt.Message]):
    """The queue aiomqtt puts messages into, taken by the armful.

    aiomqtt starts a task for each `get`, so `get` only tells that something is there.
    """

    def __init__(self) -> None:
        super().__init__()
        self._messages: deque[aiomqtt.Message] = deque()
        self._octets = 0
        self._is_some = asyncio.Event()

    def put_nowait(self, item: aiomqtt.Message) -> None:
        """Add a message."""
        self._messages.append(item)
        self._octets += len(item.payload)
        self._is_some.set()

    async def get(self) -> aiomqtt.Message:
        """Wait until `take` has something to return, or `wake` was called."""
        await self._is_some.wait()
        return _NOTHING

    def wake(self) -> None:
        """End a wait."""
        self._is_some.set()

    def take(self, most: int, most_octets: int) -> Received:
        """Return the first messages, at least one if there is one."""
        messages: list[MqttMessage] = []
        acknowledgements: list[tuple[int, int]] = []
        octets = 0
        while self._messages and len(messages) < most and octets < most_octets:
            message = self._messages.popleft()
            messages.append(MqttMessage(message.topic.value, message.payload))
            acknowledgements.append((message.mid, message.qos))
            octets += len(message.payload)
        self._octets -= octets
        if not self._messages:
            self._is_some.clear()
        return Received(messages, acknowledgements)

    def is_high(self, *, by_half: bool = False) -> bool:
        """Return whether too much waits, or more than half of too much."""
        part = 2 if by_half else 1
        return (
            len(self._messages) * part > MOST_WAITING
            or self._octets * part > MOST_WAITING_OCTETS
        )

    def qsize(self) -> int:
        """Return how many messages wait."""
        return len(self._messages)

    def empty(self) -> bool:
        """Return whether none waits."""
        return not self._messages


_NOTHING = aiomqtt.Message(
    topic="nothing", payload=b"", qos=0, retain=False, mid=0, properties=None
)


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # it has none
    properties.SessionExpiryInterval = SESSION_S
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties
