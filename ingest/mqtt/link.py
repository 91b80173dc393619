"""One connection to the broker; with its pile the only file here that knows aiomqtt.

Three things aiomqtt has no word for are done through the paho client inside it, here
and nowhere else: acknowledging later, in the order of arrival (MQTT-4.6.0-2); reading
many packets at one wake-up; and not reading while too much waits (what Receive Maximum
promises, some brokers heed only for the first window).

We speak MQTT 3.1.1 to the broker, whatever gateways speak to it: paho makes an object
of the properties of each MQTT 5 message, which takes two thirds of the time to receive
it, and we need none of them. A listener that knows only MQTT 5 gets MQTT 5.
"""

import asyncio
import logging
import math
import ssl
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, cast

import aiomqtt
from paho.mqtt.client import MQTT_CLEAN_START_FIRST_ONLY
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.pile import Pile, Received
from tasks.cancellation import end_if_cancelled, heeding, times_cancelled

log = logging.getLogger(__name__)

KEEPALIVE_S = 30
"""A broker that vanished is noticed after about two of these."""

CONNECT_TIMEOUT_S = 5
"""How long the broker may take to let us in."""

SESSION_S = 14 * 24 * 3600
"""How long the broker is asked to keep our session while we are away (MQTT 5 only)."""

RECEIVE_MAXIMUM = 10_000
"""Messages the broker may send before the first is acknowledged (MQTT 5 only)."""

KNOWS_ONLY_MQTT_5 = ("Unsupported protocol version", "Operation timed out")
"""How paho and aiomqtt call it: the broker says so, or (iotcore) says nothing."""

LOOK_S = 1.0
"""How often a socket is read though nothing says that it can be: libuv ends its watch
over a socket with an error (the broker hung up while we stood still), and uvloop tells
nobody."""

PACKETS_AT_ONCE = 500
"""Most packets read at one wake-up; then other tasks get their turn."""


class Socket(Protocol):
    """What paho calls a socket."""

    def fileno(self) -> int:
        """Return its number."""


class LinkLostError(ConnectionError):
    """The broker is away, refused us, or hung up."""


class MqttLink:
    """A connection with a session that outlives it, for as long as the broker keeps it.

    Messages are handed over in order and acknowledged only when the caller says so;
    what was not acknowledged comes again on the next connection.

    Args:
        broker: Where to connect.
        client_id: The session's name; no two connections may share it.
        will: What the broker shall publish when it loses us; None for nothing.
    """

    def __init__(
        self, broker: BrokerAddress, client_id: str, will: MqttMessage | None = None
    ) -> None:
        self.peer = f"{broker.host}:{broker.port}"
        self._pile = Pile()
        self._failure: Exception | None = None
        self._is_reading = False
        self._broker = broker
        self._client_id = client_id
        self._will = will
        self._use(aiomqtt.ProtocolVersion.V311)

    def _use(self, version: aiomqtt.ProtocolVersion) -> None:
        is_v5 = version is aiomqtt.ProtocolVersion.V5
        self._client = aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._broker.password,
            identifier=self._client_id,
            protocol=version,
            clean_session=None if is_v5 else False,
            clean_start=False if is_v5 else MQTT_CLEAN_START_FIRST_ONLY,
            properties=_connect_properties() if is_v5 else None,
            will=_will(self._will),
            keepalive=KEEPALIVE_S,
            timeout=CONNECT_TIMEOUT_S,
            tls_context=ssl.create_default_context() if self._broker.has_tls else None,
            queue_type=cast("type[Pile]", lambda **_: self._pile),
        )
        self._paho = self._client._client  # noqa: SLF001 - no public way
        self._paho.manual_ack_set(on=True)
        # aiomqtt's own forgets that the socket may be closed before its turn comes.
        self._paho.on_socket_register_write = self._on_write_wanted

    @property
    def waiting(self) -> int:
        """Messages that came and were not taken yet."""
        return self._pile.qsize()

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        before = times_cancelled()
        try:
            await self._connect()
        except aiomqtt.MqttError as error:
            raise LinkLostError(f"{self.peer}: {error}") from error
        self._start_reading()
        self._look_later()
        try:
            end_if_cancelled(since=before)
        except asyncio.CancelledError:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def _connect(self) -> None:
        try:
            await self._client.__aenter__()
        except aiomqtt.MqttError as error:
            if not any(words in str(error) for words in KNOWS_ONLY_MQTT_5):
                raise
            self._paho.disconnect()
            self._use(aiomqtt.ProtocolVersion.V5)
            await self._client.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._look.cancel()
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
            asked = self._client.subscribe(wanted, timeout=math.inf)
            codes = await heeding(asked)
        except aiomqtt.MqttError as error:
            raise LinkLostError(f"{self.peer}: {error}") from error
        for topic, code in zip(topics, codes, strict=True):
            if isinstance(code, ReasonCode) and code.is_failure:
                raise LinkLostError(
                    f"{self.peer}: may not subscribe to {topic}: {code}"
                )

    async def receive(self, most: int, most_octets: int) -> Received:
        """Return what has come, waiting for the first message.

        Args:
            most: Most messages to return.
            most_octets: Stop when their payloads together reach this.

        Raises:
            LinkLostError: If the link is lost and all that came on it was returned.
        """
        while self._pile.empty():
            # First, for it may have rung while messages were left to take.
            if self._failure is not None:
                raise LinkLostError(f"{self.peer}: {self._failure}") from self._failure
            try:
                await anext(self._client.messages)
            except aiomqtt.MqttError as error:
                raise LinkLostError(f"{self.peer}: {error}") from error
        received = self._pile.take(most, most_octets)
        if not self._is_reading and not self._pile.is_high(by_half=True):
            self._start_reading()
        return received

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that it need not send these again.

        Args:
            received: What `receive` returned, in that order.
        """
        for packet_id in received.packet_ids:
            self._paho.ack(packet_id, qos=1)

    async def publish(
        self, topic: str, payload: bytes, *, retain: bool = False
    ) -> None:
        """Publish at QoS 1; returns when the broker has it.

        Raises:
            LinkLostError: If the link is lost; the message may or may not have arrived.
        """
        try:
            await heeding(self._client.publish(topic, payload, qos=1, retain=retain))
        except aiomqtt.MqttError as error:
            raise LinkLostError(f"{self.peer}: {error}") from error

    def _start_reading(self) -> None:
        sock = self._paho.socket()
        if sock is None:
            return  # lost meanwhile: whoever waits for messages is told
        self._is_reading = True
        loop = asyncio.get_running_loop()
        loop.add_reader(sock.fileno(), self._on_readable)
        loop.call_soon(self._on_readable)  # for what was read before

    def _stop_reading(self) -> None:
        sock = self._paho.socket()
        if sock is not None:
            asyncio.get_running_loop().remove_reader(sock.fileno())
        self._is_reading = False

    def _look_later(self) -> None:
        self._look = self._loop.call_later(LOOK_S, self._look_now)

    def _look_now(self) -> None:
        if self._is_reading:
            self._on_readable()
        self._look_later()

    def _on_readable(self) -> None:
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failure = error
        self._stop_reading()
        self._pile.ring()

    def _on_write_wanted(self, _client: object, _data: object, sock: Socket) -> None:
        # Paho may say so from the thread that connects.
        self._loop.call_soon_threadsafe(self._wait_to_write, sock)

    def _wait_to_write(self, sock: Socket) -> None:
        """Write as soon as that is possible, if the socket was not closed meanwhile."""
        if self._paho.socket() is not sock:
            return
        try:
            self._loop.add_writer(sock.fileno(), self._on_writable)
        except RuntimeError as error:  # uvloop: its watch over the socket has ended
            self._fail(error)

    def _on_writable(self) -> None:
        try:
            self._paho.loop_write()
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            self._fail(error)

    def _read(self) -> None:
        """Let paho read packets until no more messages come at once."""
        for _ in range(PACKETS_AT_ONCE):
            waiting = self._pile.qsize()
            self._paho.loop_read()
            if self._pile.is_high():
                self._stop_reading()
                return
            sock = self._paho.socket()
            if sock is None:
                return
            is_more = isinstance(sock, ssl.SSLSocket) and sock.pending() > 0
            if self._pile.qsize() == waiting and not is_more:
                return


def _will(message: MqttMessage | None) -> aiomqtt.Will | None:
    if message is None:
        return None
    return aiomqtt.Will(message.topic, message.payload, qos=1, retain=message.retain)


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # it has none
    properties.SessionExpiryInterval = SESSION_S
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties
