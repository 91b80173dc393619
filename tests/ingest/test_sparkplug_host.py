"""Nodes of Sparkplug that wait for a primary host are told that we are there."""

import asyncio
import socket

import aiomqtt
import asyncpg
import pytest

from gezhi.gateway_accounts import give_accounts
from gezhi.stack.broker import Broker
from gezhi.stack.home import Home
from gezhi.stack.mosquitto import find_mosquitto
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.link import MqttLink
from ingest.mqtt.messages import state_message
from ingest.mqtt.topics import STATE_TOPIC
from ingest.protocols.sparkplug import (
    DataType,
    HostState,
    Kind,
    Topic,
    decode_payload,
    decode_state,
    encode_command,
)
from tests.ingest.publisher import START, connected
from tests.ingest.test_mqtt_formats import register
from tests.ingest.test_serve import edge_query, serving, until

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
]

AWAY = HostState(is_online=False, timestamp_ms=1_795_248_000_000)


async def next_state(node: aiomqtt.Client) -> HostState:
    message = await anext(aiter(node.messages))
    assert message.topic.value == STATE_TOPIC
    assert isinstance(message.payload, bytes)
    return decode_state(message.payload)


async def a_node(dsn: str, broker: Broker, home: Home) -> None:
    """Register an edge node that speaks on Sparkplug's own topics."""
    await register(dsn, "NODE-1", "MH-7", format_="sparkplug", native_topics=True)
    connection = await asyncpg.connect(dsn)
    await give_accounts(connection, home, broker)
    await connection.close()


@pytest.mark.db
async def test_a_node_hears_that_we_come_and_that_we_go(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    await a_node(database_url, own_broker, home)
    async with (
        asyncio.timeout(300),
        connected(own_broker.url("NODE-1"), f"{unique}-node") as node,
    ):
        async with serving(database_url, own_broker, unique):
            await until(database_url, *edge_query("mqtt", "", up=True))
            await node.subscribe(STATE_TOPIC, qos=1)
            came = await next_state(node)
        while (went := await next_state(node)) == came:
            pass  # said twice, for it was not heard in time
    assert came.is_online
    assert went == HostState(is_online=False, timestamp_ms=came.timestamp_ms)


@pytest.mark.db
async def test_a_node_registered_while_we_run_is_told_that_we_are_there(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    async with asyncio.timeout(300), serving(database_url, own_broker, unique):
        await until(database_url, *edge_query("mqtt", "", up=True))
        await a_node(database_url, own_broker, home)
        connection = await asyncpg.connect(database_url)
        await connection.execute("NOTIFY registry")
        await connection.close()
        async with connected(own_broker.url("NODE-1"), f"{unique}-node") as node:
            await node.subscribe(STATE_TOPIC, qos=1)
            assert (await next_state(node)).is_online


@pytest.mark.db
async def test_a_node_whose_account_comes_after_our_word_is_told_all_the_same(
    database_url: str,
    own_broker: Broker,
    home: Home,
    unique: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.mqtt.edge.SAY_AGAIN_S", 0.2)
    await register(
        database_url, "NODE-1", "MH-7", format_="sparkplug", native_topics=True
    )
    async with asyncio.timeout(60), serving(database_url, own_broker, unique):
        await until(database_url, *edge_query("mqtt", "", up=True))
        connection = await asyncpg.connect(database_url)
        await give_accounts(connection, home, own_broker)
        await connection.close()
        async with connected(own_broker.url("NODE-1"), f"{unique}-node") as node:
            await node.subscribe(STATE_TOPIC, qos=1)
            assert (await next_state(node)).is_online


@pytest.mark.db
async def test_who_is_said_to_be_away_says_that_it_is_not(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    await a_node(database_url, own_broker, home)
    async with (
        asyncio.timeout(300),
        serving(database_url, own_broker, unique),
        connected(own_broker.url("NODE-1"), f"{unique}-node") as node,
        connected(own_broker.url(), f"{unique}-other-worker") as worker,
    ):
        await until(database_url, *edge_query("mqtt", "", up=True))
        await node.subscribe(STATE_TOPIC, qos=1)
        came = await next_state(node)
        said = state_message(AWAY)
        await worker.publish(said.topic, said.payload, qos=1, retain=True)
        states = [await next_state(node) for _ in range(2)]
    assert states[0] == AWAY
    assert states[1].is_online
    assert states[1].timestamp_ms >= came.timestamp_ms


async def test_the_broker_says_it_for_a_worker_that_it_has_lost(
    own_broker: Broker, unique: str
) -> None:
    await own_broker.set_gateways({"NODE-1": "a"}, {"NODE-1": [f"read {STATE_TOPIC}"]})
    address = BrokerAddress.from_url(own_broker.ingest_url)
    async with (
        asyncio.timeout(300),
        connected(own_broker.url("NODE-1"), f"{unique}-node") as node,
    ):
        await node.subscribe(STATE_TOPIC, qos=1)
        async with MqttLink(address, unique, state_message(AWAY)) as link:
            sock = link._paho.socket()  # noqa: SLF001 - to vanish without a word
            assert isinstance(sock, socket.socket)
            sock.shutdown(socket.SHUT_RDWR)
            assert await next_state(node) == AWAY


async def test_a_device_is_told_over_the_broker_what_to_do(
    own_broker: Broker, unique: str
) -> None:
    topic = Topic("city", Kind.DCMD, "NODE-1", "L-1")
    rights = ["read spBv1.0/+/DCMD/NODE-1/+"]
    await own_broker.set_gateways({"NODE-1": "a"}, {"NODE-1": rights})
    types = {"Lamp/Pct": DataType.UINT8}
    async with (
        asyncio.timeout(300),
        connected(own_broker.url("NODE-1"), f"{unique}-node") as node,
        connected(own_broker.url(), f"{unique}-ingest") as ours,
    ):
        await node.subscribe("spBv1.0/+/DCMD/NODE-1/+", qos=1)
        octets = encode_command({"Lamp/Pct": 40}, types=types, now=START)
        await ours.publish(str(topic), octets, qos=1)
        message = await anext(aiter(node.messages))
        assert Topic.parse(message.topic.value) == topic
        assert isinstance(message.payload, bytes)
        (metric,) = decode_payload(message.payload).metrics
    assert (metric.name, metric.datatype, metric.raw) == ("Lamp/Pct", 5, 40)
