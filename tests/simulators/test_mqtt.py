"""Radio gateways against a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from urllib.parse import urlsplit

import aiomqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from gezhi.stack.broker import Broker
from ingest.protocols.gezhi_json import UpMessage, decode, decode_status
from simulators.city import Endpoint
from simulators.consequences import incident_at
from simulators.incidents import Cause
from simulators.mqtt_gateway import Relay, message, run_mqtt_gateway
from simulators.mqtt_link import LinkError, PublishRefusedError, mqtt_link
from simulators.world import World
from tasks.attempt import attempt
from tests.simulators.playing import now, playing, world
from tests.simulators.towns import town
from vocabulary.device import Transport

pytestmark = pytest.mark.broker


def relay(played: World, name: str) -> Relay:
    endpoint = Endpoint(code=name, transport=Transport.MQTT, host="", port=0)
    devices = played.town.city.below("GW-C")
    return Relay(world=played, gateway=endpoint, devices=devices)


@contextlib.asynccontextmanager
async def hearing(broker: Broker, topic: str) -> AsyncIterator[aiomqtt.Client]:
    """Hear messages as our ingest would."""
    parts = urlsplit(broker.ingest_url)
    async with aiomqtt.Client(
        str(parts.hostname),
        parts.port or 0,
        username=parts.username,
        password=parts.password,
        identifier="hearing-simulators",
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:
        await client.subscribe(topic, qos=1)
        yield client


def body(heard: aiomqtt.Message) -> bytes:
    assert isinstance(heard.payload, bytes)
    return heard.payload


async def take(client: aiomqtt.Client, count: int) -> list[UpMessage]:
    taken: list[UpMessage] = []
    async for heard in client.messages:
        taken.append(decode(body(heard)))
        if len(taken) == count:
            break
    return taken


async def test_a_subscriber_decodes_what_a_gateway_publishes(
    broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    played = relay(world(), unique)
    async with hearing(broker, f"gezhi/v1/{unique}/up") as client:
        player = run_mqtt_gateway(played, url=broker.url(unique), clock=now)
        async with playing(player):
            messages = await take(client, 3)
    assert [one.seq for one in messages] == [1, 2, 3]
    assert not any(one.errors for one in messages)
    readings = [reading for one in messages for reading in one.readings]
    assert readings
    assert {"tilt_deg", "battery_pct"} <= readings[0].values.keys()


async def test_what_arrives_is_what_the_seed_says_to_the_octet(
    broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    played = relay(world(), unique)
    async with hearing(broker, f"gezhi/v1/{unique}/up") as client:
        player = run_mqtt_gateway(played, url=broker.url(unique), clock=now)
        async with playing(player):
            heard = await anext(aiter(client.messages))
    assert heard.payload == message(played, 1)
    assert heard.qos == 1


async def test_a_gateways_status_is_retained_and_tells_when_it_goes(
    broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    url, topic = broker.url(unique), f"gezhi/v1/{unique}/status"
    async with (
        asyncio.timeout(300),
        mqtt_link(url, gateway=unique, client_id=unique, clock=now),
        hearing(broker, topic) as client,
    ):
        up = await anext(aiter(client.messages))
    async with asyncio.timeout(300), hearing(broker, topic) as client:
        down = await anext(aiter(client.messages))
    assert up.retain
    assert decode_status(body(up)).up
    assert down.retain
    assert not decode_status(body(down)).up


async def test_a_gateway_that_is_stopped_says_good_bye(
    broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    played = relay(world(), unique)
    async with hearing(broker, f"gezhi/v1/{unique}/status") as client:
        states = aiter(client.messages)
        player = run_mqtt_gateway(played, url=broker.url(unique), clock=now)
        async with playing(player):
            assert decode_status(body(await anext(states))).up
        async with asyncio.timeout(300):
            farewell = decode_status(body(await anext(states)))
    assert not farewell.up
    assert farewell.at is not None


async def test_a_gateway_that_breaks_off_leaves_its_last_will(
    broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    url, topic = broker.url(unique), f"gezhi/v1/{unique}/status"
    async with asyncio.timeout(300), hearing(broker, topic) as client:
        states = aiter(client.messages)
        with contextlib.suppress(LinkError):
            async with mqtt_link(url, gateway=unique, client_id=unique, clock=now):
                assert decode_status(body(await anext(states))).up
                # Another one with its name: the broker hangs up on the first.
                async with mqtt_link(url, gateway=unique, client_id=unique, clock=now):
                    assert not decode_status(body(await anext(states))).up


async def test_a_message_the_broker_throws_away_is_not_taken_for_delivered(
    broker: Broker, unique: str
) -> None:
    if broker.name != "mosquitto":
        pytest.skip(f"{broker.name} has no access lists")
    await broker.admit(unique)
    url = broker.url(unique)
    with pytest.raises(PublishRefusedError, match="another/"):
        async with (
            asyncio.timeout(300),
            mqtt_link(url, gateway="another", client_id=unique, clock=now),
        ):
            pytest.fail("its status went to another gateway's topic")


async def collect(
    broker: Broker, topic: str, hear: Callable[[UpMessage], None], ready: asyncio.Event
) -> None:
    """Take messages for good, in one session that outlives connections."""
    while True:
        with contextlib.suppress(aiomqtt.MqttError):
            await attempt(collect_while_connected(broker, topic, hear, ready))
        await asyncio.sleep(0.1)


async def collect_while_connected(
    broker: Broker, topic: str, hear: Callable[[UpMessage], None], ready: asyncio.Event
) -> None:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho has no type
    properties.SessionExpiryInterval = 3600
    parts = urlsplit(broker.ingest_url)
    async with aiomqtt.Client(
        str(parts.hostname),
        parts.port or 0,
        username=parts.username,
        password=parts.password,
        identifier="collecting",
        protocol=aiomqtt.ProtocolVersion.V5,
        clean_start=False,
        properties=properties,
    ) as client:
        await client.subscribe(topic, qos=1)
        ready.set()
        async for heard in client.messages:
            hear(decode(body(heard)))


async def until(numbers: list[UpMessage], count: int) -> None:
    while len(numbers) < count:  # noqa: ASYNC110 - a plain list has no event
        await asyncio.sleep(0.05)


async def test_nothing_is_lost_when_the_broker_goes_and_comes(
    own_broker: Broker, unique: str
) -> None:
    if own_broker.name != "mosquitto":
        pytest.skip(f"{own_broker.name} keeps no session over its restart")
    await own_broker.admit(unique)
    played = relay(world(), unique)
    heard: list[UpMessage] = []
    ready = asyncio.Event()
    topic, url = f"gezhi/v1/{unique}/up", own_broker.url(unique)
    async with playing(collect(own_broker, topic, heard.append, ready)):
        await ready.wait()
        async with playing(run_mqtt_gateway(played, url=url, clock=now)):
            await until(heard, 2)
            await own_broker.stop()
            await own_broker.start()
            await until(heard, 6)
    numbers = sorted({one.seq for one in heard if one.seq is not None})
    assert numbers == list(range(1, len(numbers) + 1))


async def test_a_gateway_that_is_lost_says_nothing_and_catches_up_when_it_is_back(
    broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    built = town()
    cover = built.city.below("GW-C")[0]
    lost = incident_at(
        built, Cause.GATEWAY_LOST, cover, name="lost", start_s=1.5, for_s=3
    )
    assert lost is not None
    start, loop = now(), asyncio.get_running_loop()
    on_line_s = inf

    def clock() -> datetime:
        """Let the world begin once its gateway is on line, however long that takes."""
        return start + timedelta(seconds=max(0.0, loop.time() - on_line_s))

    played = World.begin(built, [lost], start=start)
    endpoint = replace(built.city.gateways["GW-C"], code=unique)
    devices = {
        code: replace(each, gateway=unique) if each.gateway == "GW-C" else each
        for code, each in built.city.devices.items()
    }
    city = replace(built.city, devices=devices, gateways={unique: endpoint})
    played = replace(played, town=replace(built, city=city))
    below = [each for each in devices.values() if each.gateway == unique]
    gateway = Relay(world=played, gateway=endpoint, devices=below)
    async with hearing(broker, f"gezhi/v1/{unique}/#") as client:
        player = run_mqtt_gateway(gateway, url=broker.url(unique), clock=clock)
        async with playing(player):
            said: list[bool | int | None] = []
            async for heard in client.messages:
                is_status = heard.topic.matches("+/+/+/status")
                told = body(heard)
                on_line_s = min(on_line_s, loop.time())
                said.append(decode_status(told).up if is_status else decode(told).seq)
                if said[-1] == 5:
                    break
    assert said[:2] == [True, 1]
    assert False in said, "the line went"
    numbers = [one for one in said if not isinstance(one, bool)]
    assert numbers == [1, 2, 3, 4, 5]
    assert said.index(False) < said.index(4), "what it missed comes once it is back"
