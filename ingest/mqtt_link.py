"""One connection to the broker: the only file of ingest that knows aiomqtt and paho.

aiomqtt connects, subscribes, keeps alive and tells of a lost link. The messages pass
it by, because it has no word for three things: acknowledging later, in the order of
arrival (MQTT-4.6.0-2); taking many messages at once; and not reading while too much
waits (what Receive Maximum promises, some brokers heed only for the first window). For
these three the paho client inside it is touched, here and nowhere else.
"""

import asyncio
import logging
import math
import ssl
import struct
from collections.abc import Sequence
from types import TracebackType
from typing import Self, cast

import aiomqtt
from paho.mqtt.enums import MessageType
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.broker_address import BrokerAddress
from ingest.mqtt_packets import PacketBuffer
from ingest.mqtt_pile import Pile, Received

log = logging.getLogger(__name__)

SESSION_S = 14 * 24 * 3600
"""How long the broker keeps our session and its queue while we are away."""

KEEPALIVE_S = 30
"""A broker that vanished is noticed after about two of these."""

RECEIVE_MAXIMUM = 10_000
"""Messages the broker may send before the first of them is acknowledged."""

CONNECT_TIMEOUT_S = 10
"""How long the broker may take to let us in."""

READ_OCTETS = 256 * 1024
"""Most octets read at one wake-up; then other tasks get their turn."""

_PUBACK = struct.Struct(">BBH")


class LinkLostError(ConnectionError):
    """The broker is away, refused us, or hung up."""


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
        self._packets = PacketBuffer()
        self._pile = Pile()
        self._bell = _Bell()
        self._failure: Exception | None = None
        self._is_reading = False
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
            queue_type=cast("type[_Bell]", lambda **_: self._bell),
        )
        self._paho = self._client._client  # noqa: SLF001 - no public way
        self._receive_from_socket = self._paho._sock_recv  # noqa: SLF001 - as above
        self._paho._sock_recv = self._read_for_paho  # type: ignore[assignment] # noqa: SLF001 - as above

    @property
    def waiting(self) -> int:
        """Messages that came and were not taken yet."""
        return len(self._pile)

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

    async def receive(self, most: int, most_octets: int) -> Received:
        """Return what has come, waiting for the first message.

        Args:
            most: Most messages to return.
            most_octets: Stop when their payloads together reach this.

        Raises:
            LinkLostError: If the link is lost and all that came on it was returned.
        """
        while not len(self._pile):
            try:
                await anext(self._client.messages)
            except aiomqtt.MqttError as error:
                raise LinkLostError(f"{self.peer}: {error}") from error
            if self._failure is not None:
                raise LinkLostError(f"{self.peer}: {self._failure}") from self._failure
        received = self._pile.take(most, most_octets)
        if not len(self._pile):
            self._bell.mute()
        if not self._is_reading and not self._pile.is_high(by_half=True):
            self._start_reading()
        return received

    def acknowledge(self, received: Received) -> None:
        """Tell the broker that it need not send these again.

        Args:
            received: What `receive` returned, in that order.
        """
        octets = b"".join(map(_puback, received.packet_ids))
        if octets:
            # One write for all of them, after whatever paho has still to write.
            self._paho._packet_queue(  # noqa: SLF001 - no public way
                MessageType.PUBACK, octets, 0, 1
            )

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

    def _on_readable(self) -> None:
        try:
            self._read()
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            self._failure = error
            self._stop_reading()
            self._bell.ring()

    def _read(self) -> None:
        """Take the messages that have come; leave all else to paho."""
        octets_read = 0
        while self._is_reading and self._paho.socket() is not None:
            messages = self._packets.publishes()
            if messages:
                self._pile.add(messages)
                self._bell.ring()
            if self._pile.is_high():
                self._stop_reading()
            elif self._packets.has_other():
                self._paho.loop_read()
            elif octets_read >= READ_OCTETS:
                return  # there may be more: the loop will call again
            else:
                octets = self._receive()
                if octets is None:
                    return
                if not octets:
                    self._paho.loop_read()  # it notices the end, and tells aiomqtt
                    return
                octets_read += len(octets)
                self._packets.feed(octets)

    def _receive(self) -> bytes | None:
        """Return what the socket has: None for nothing, no octets for its end."""
        try:
            return self._receive_from_socket(READ_OCTETS)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _read_for_paho(self, size: int) -> bytes:
        """Give paho packets that are no messages, and only whole ones."""
        if not self._packets.has_other():
            octets = self._receive_from_socket(READ_OCTETS)
            if not octets:
                return octets
            self._packets.feed(octets)
            if not self._packets.has_other():
                raise BlockingIOError
        return self._packets.read(size)


class _Bell(asyncio.Queue[aiomqtt.Message]):
    """In place of aiomqtt's queue, which starts a task for each message it gives out.

    Waiting for it through aiomqtt ends when it rings, or when the link is lost.
    """

    def __init__(self) -> None:
        super().__init__()
        self._has_rung = asyncio.Event()

    async def get(self) -> aiomqtt.Message:
        """Wait until it has rung; what is returned means nothing."""
        await self._has_rung.wait()
        return _NOTHING

    def ring(self) -> None:
        """End a wait, or the next one."""
        self._has_rung.set()

    def mute(self) -> None:
        """Make the next wait last."""
        self._has_rung.clear()


_NOTHING = aiomqtt.Message("nothing", b"", qos=0, retain=False, mid=0, properties=None)


def _puback(packet_id: int) -> bytes:
    # Success needs no reason code, MQTT 5.0 clause 3.4.2.1.
    return _PUBACK.pack(MessageType.PUBACK, 2, packet_id)


def _connect_properties() -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # it has none
    properties.SessionExpiryInterval = SESSION_S
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties
