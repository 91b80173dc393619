"""Commands in other people's formats, asked and answered over a real broker."""

import asyncio

import aiomqtt
import pytest

from gezhi.stack.broker import Broker
from ingest.mqtt.topics import reads, writes
from ingest.protocols.thingsboard import (
    RPC_TOPIC,
    RpcAnswer,
    decode_rpc,
    encode_rpc,
    encode_rpc_answer,
)
from tests.ingest.publisher import connected
from vocabulary.device import Format, Gateway, Transport

pytestmark = pytest.mark.broker


def gateway(format_: Format, code: str) -> Gateway:
    return Gateway(
        id=1,
        code=code,
        transport=Transport.MQTT,
        host="",
        port=0,
        simulated=True,
        format=format_,
        native_topics=True,
    )


def rights(asked: Gateway) -> list[str]:
    may_write = [f"write {topic}" for topic in writes(asked)]
    return may_write + [f"read {topic}" for topic in reads(asked)]


async def payload_of_next(client: aiomqtt.Client) -> bytes:
    message = await anext(aiter(client.messages))
    assert isinstance(message.payload, bytes)
    return message.payload


async def test_a_thingsboard_gateway_is_asked_and_its_answer_is_heard(
    own_broker: Broker, unique: str
) -> None:
    lamps = gateway(Format.THINGSBOARD, "TB-1")
    await own_broker.set_gateways({"TB-1": "word"}, {"TB-1": rights(lamps)})
    async with (
        asyncio.timeout(300),
        connected(own_broker.url(), f"{unique}-ingest") as ours,
        connected(own_broker.url("TB-1"), f"{unique}-tb") as theirs,
    ):
        await ours.subscribe("v1/gateway/+", qos=1)
        await theirs.subscribe(RPC_TOPIC, qos=1)
        asked = encode_rpc(device="L-01", number=7, method="dim", params={"pct": 40})
        await ours.publish(RPC_TOPIC, asked, qos=1)
        assert await payload_of_next(theirs) == asked
        answer = encode_rpc_answer(device="L-01", number=7, is_done=True)
        await theirs.publish(RPC_TOPIC, answer, qos=1)
        heard = [decode_rpc(await payload_of_next(ours)) for _ in range(2)]
    assert heard[0] is None  # our own question comes back: the topic is one
    assert heard[1] == RpcAnswer(
        device="L-01", number=7, is_done=True, detail='{"success":true}'
    )
