"""The gateway's line to the broker; the only file of this folder that knows aiomqtt.

MQTT 5, because only there does a broker say that it threw a message away: for want of
the right to publish it, or because nobody listens.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import aiomqtt
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt.address import BrokerAddress
from ingest.protocols.gezhi_json import StatusMessage, encode_status
from tasks.cancellation import end_if_cancelled, heeding, times_cancelled

KEEPALIVE_S = 20
"""A line that is dead is noticed after one and a half of these."""

ANSWER_S = 20
"""How long the broker may take over anything."""

HANG_UP_S = 2
"""How long hanging up may take: a line that is dead is not waited for."""

MOST_UNDER_WAY = 100
"""Messages on their way together above which a warning is logged: there never are."""

NOBODY_LISTENS = 0x10
"""Reason code of an acknowledged message that nobody is subscribed to (MQTT 5, 3.4.2).

To us that is a refusal: such a message is gone."""


class UplinkLostError(ConnectionError):
    """The broker is away, hung up, was too slow, or did not take a message."""


class Uplink:
    """An open line.

    Args:
        client: Connected.
        gateway: Our code.
    """

    def __init__(self, client: aiomqtt.Client, gateway: str) -> None:
        self._client = client
        self._topic = f"gezhi/v1/{gateway}"
        self._refusal = ""
        client.pending_calls_threshold = MOST_UNDER_WAY

        # aiomqtt keeps the reason of an acknowledgement to itself, and without it a
        # refused message looks like a delivered one.
        def note_reason(
            paho: PahoClient,
            userdata: object,
            mid: int,
            reason: ReasonCode,
            properties: Properties,
        ) -> None:
            if reason.is_failure or reason.value == NOBODY_LISTENS:
                self._refusal = str(reason)
            client._on_publish(  # noqa: SLF001 - as below
                paho, userdata, mid, reason, properties
            )

        client._client.on_publish = note_reason  # noqa: SLF001 - no public way

    async def send_up(self, payload: bytes) -> None:
        """Publish a message; return once the broker has taken it.

        Raises:
            UplinkLostError: If it may not have; the line is of no use then.
        """
        await self._publish("up", payload, qos=1)
        if self._refusal:  # of this message, or of one beside it: all are sent again
            raise UplinkLostError(f"the broker did not take a message: {self._refusal}")

    async def send_status(self, payload: bytes) -> None:
        """Publish the gateway's status, retained; whether anybody has it is not known.

        Raises:
            UplinkLostError: If the line is lost.
        """
        await self._publish("status", payload, qos=0, retain=True)

    async def plans(self) -> AsyncIterator[bytes]:
        """Yield the plans that upstream has for us, until the line is lost.

        Raises:
            UplinkLostError: When it is.
        """
        try:
            await heeding(self._client.subscribe(f"{self._topic}/down/config", qos=1))
            async for message in self._client.messages:
                yield bytes(message.payload)
        except aiomqtt.MqttError as error:
            raise UplinkLostError(str(error)) from error

    async def _publish(
        self, kind: str, payload: bytes, *, qos: int, retain: bool = False
    ) -> None:
        topic = f"{self._topic}/{kind}"
        publishing = self._client.publish(topic, payload, qos=qos, retain=retain)
        try:
            await heeding(publishing)
        except aiomqtt.MqttError as error:
            raise UplinkLostError(str(error)) from error


@contextlib.asynccontextmanager
async def uplink(broker: BrokerAddress, gateway: str) -> AsyncIterator[Uplink]:
    """Hold a line to the broker; its last will says that the gateway is not there.

    Args:
        broker: Where to connect.
        gateway: Our code, also our client id.

    Raises:
        UplinkLostError: If the broker is away or refuses us.
    """
    client = _client(broker, gateway)
    before = times_cancelled()
    try:
        try:
            await client.__aenter__()
        except aiomqtt.MqttError as error:
            raise UplinkLostError(str(error)) from error
        try:
            end_if_cancelled(since=before)
            yield Uplink(client, gateway)
        finally:
            with contextlib.suppress(aiomqtt.MqttError, TimeoutError):
                async with asyncio.timeout(HANG_UP_S):
                    await client.__aexit__(None, None, None)
    finally:
        # Unless somebody looks at it, a broken line is reported once more when the
        # client is collected.
        broken = client._disconnected  # noqa: SLF001 - as above
        if broken.done() and not broken.cancelled():
            broken.exception()


def _client(broker: BrokerAddress, gateway: str) -> aiomqtt.Client:
    return aiomqtt.Client(
        broker.host,
        broker.port,
        username=broker.username,
        password=broker.password,
        identifier=gateway,
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=True,  # what was not acknowledged is in our own queue
        will=aiomqtt.Will(
            f"gezhi/v1/{gateway}/status",
            encode_status(StatusMessage(up=False)),  # when, nobody will know
            qos=1,
            retain=True,
        ),
        keepalive=KEEPALIVE_S,
        timeout=ANSWER_S,
        tls_context=ssl.create_default_context() if broker.has_tls else None,
    )
