"""A gateway's line to the broker: publishing is acknowledged, or says why not.

The only importer of aiomqtt among the simulators.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime
from urllib.parse import unquote, urlsplit

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.protocols.gezhi_json import StatusMessage, encode_status
from tasks.cancellation import end_if_cancelled, heeding, times_cancelled
from vocabulary.times import Clock

DEFAULT_PORT = 1883
"""MQTT without TLS (IANA)."""

KEEPALIVE_S = 20
"""A gateway that vanished is noticed after one and a half of these."""

LinkError = aiomqtt.MqttError
"""The broker is away, refused the account, or did not answer in time."""


class PublishRefusedError(RuntimeError):
    """The broker took the message and threw it away, as its access list demands.

    Attributes:
        topic: Where the message was to go.
        reason: The broker's reason code in words.
    """

    def __init__(self, topic: str, reason: str) -> None:
        super().__init__(f"the broker refused a message to {topic}: {reason}")
        self.topic = topic
        self.reason = reason


class MqttLink:
    """An open line of one gateway; one message is under way at a time."""

    def __init__(self, client: aiomqtt.Client, gateway: str) -> None:
        self._client = client
        self._topic = f"gezhi/v1/{gateway}"
        self._one_at_a_time = asyncio.Lock()
        self._refusal = ""

        # aiomqtt keeps the reason code of an acknowledgement to itself, and without it
        # a refused message looks like a delivered one.
        def note_reason(
            paho: PahoClient,
            userdata: object,
            mid: int,
            reason: ReasonCode,
            properties: Properties,
        ) -> None:
            if reason.is_failure:
                self._refusal = str(reason)
            client._on_publish(  # noqa: SLF001 - as below
                paho, userdata, mid, reason, properties
            )

        client._client.on_publish = note_reason  # noqa: SLF001 - no public way

    async def send_up(self, payload: bytes) -> None:
        """Publish a message of readings or positions and wait until it is acknowledged.

        Raises:
            LinkError: If the line broke; the message may or may not have arrived.
            PublishRefusedError: If the broker did not take it.
        """
        await self._publish(f"{self._topic}/up", payload, retain=False)

    async def send_status(self, *, up: bool, at: datetime) -> None:
        """Publish whether the gateway is there; retained.

        Raises:
            LinkError: If the line broke.
            PublishRefusedError: If the broker did not take it.
        """
        payload = encode_status(StatusMessage(up=up, at=at))
        await self._publish(f"{self._topic}/status", payload, retain=True)

    async def listen(self) -> None:
        """Ask for what is said to the gateway and the devices behind it.

        Raises:
            LinkError: If the line broke.
        """
        await heeding(self._client.subscribe(f"{self._topic}/down/#", qos=1))

    async def commands(self) -> AsyncIterator[tuple[str, bytes]]:
        """Give what is said, as it comes: the device's address, and the octets.

        Raises:
            LinkError: If the line broke.
        """
        root = f"{self._topic}/down/"
        async for message in self._client.messages:
            address = str(message.topic).removeprefix(root)
            yield address, bytes(message.payload)

    async def send_answer(self, payload: bytes) -> None:
        """Publish what came of a command and wait until it is acknowledged.

        Raises:
            LinkError: If the line broke.
            PublishRefusedError: If the broker did not take it.
        """
        await self._publish(f"{self._topic}/answer", payload, retain=False)

    async def _publish(self, topic: str, payload: bytes, *, retain: bool) -> None:
        async with self._one_at_a_time:
            self._refusal = ""
            await heeding(self._client.publish(topic, payload, qos=1, retain=retain))
            if self._refusal:
                raise PublishRefusedError(topic, self._refusal)


@contextlib.asynccontextmanager
async def mqtt_link(
    url: str, *, gateway: str, client_id: str, clock: Clock, listens: bool = False
) -> AsyncIterator[MqttLink]:
    """Hold a line to the broker: status up, and down at the end or by last will.

    Args:
        url: `mqtt://user:password@host:port`.
        gateway: The code in the topics.
        client_id: Two lines of one gateway need two of these.
        clock: Tells the time for the status.
        listens: Whether it takes commands; then it listens before it says that it is
            there, since it may be told at once.

    Raises:
        LinkError: If the broker is away or refuses the account.
    """
    client = _client(url, gateway=gateway, client_id=client_id)
    before = times_cancelled()
    try:
        async with client:
            end_if_cancelled(since=before)
            link = MqttLink(client, gateway)
            if listens:
                await link.listen()
            try:
                await link.send_status(up=True, at=clock())
                yield link
            finally:  # a proper farewell cancels the last will, so say it ourselves
                with contextlib.suppress(LinkError, PublishRefusedError):
                    await link.send_status(up=False, at=clock())
    finally:
        # Unless somebody looks at it, a broken line is reported once more when the
        # client is collected.
        broken = client._disconnected  # noqa: SLF001 - as above
        if broken.done() and not broken.cancelled():
            broken.exception()


def _client(url: str, *, gateway: str, client_id: str) -> aiomqtt.Client:
    parts = urlsplit(url)
    return aiomqtt.Client(
        parts.hostname or "127.0.0.1",
        parts.port or DEFAULT_PORT,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        identifier=client_id,
        protocol=aiomqtt.ProtocolVersion.V5,
        will=aiomqtt.Will(
            f"gezhi/v1/{gateway}/status",
            encode_status(StatusMessage(up=False)),  # when, nobody will know
            qos=1,
            retain=True,
        ),
        keepalive=KEEPALIVE_S,
    )
