import asyncio

import pytest

from gezhi.stack.broker import Broker
from gezhi.stack.iotcore import find_iotcore
from ingest.mqtt import pile
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.link import LinkLostError, MqttLink
from ingest.mqtt.pile import Received
from tests.conftest import temporary_home
from tests.ingest.publisher import connected

UP = "gezhi/v1/+/up"


def test_a_url_says_where_the_broker_is_and_who_we_are() -> None:
    address = BrokerAddress.from_url("mqtt://gezhi:p%40ss@broker")
    assert address == BrokerAddress("broker", 1883, "gezhi", "p@ss", has_tls=False)
    address = BrokerAddress.from_url("mqtts://[::1]:9999")
    assert address == BrokerAddress("::1", 9999, None, None, has_tls=True)


@pytest.mark.parametrize(
    "url", ["", "broker:1883", "http://u:secret@broker", "mqtt://"]
)
def test_another_url_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="mqtt://user:password@host:port") as refused:
        BrokerAddress.from_url(url)
    assert "secret" not in str(refused.value)


@pytest.fixture
async def gateway(broker: Broker, unique: str) -> str:
    await broker.admit(unique)
    return unique


async def publish(broker: Broker, gateway: str, *payloads: bytes) -> None:
    async with connected(broker.url(gateway), f"{gateway}-publisher") as client:
        topic = f"gezhi/v1/{gateway}/up"
        await asyncio.gather(*(client.publish(topic, each, 1) for each in payloads))


async def take(
    link: MqttLink, gateway: str, count: int
) -> list[tuple[bytes, Received]]:
    """Receive so many messages of a gateway; the broker is shared with other tests."""
    taken: list[tuple[bytes, Received]] = []
    while len(taken) < count:
        received = await link.receive(1, 1)
        (message,) = received.messages
        if message.topic == f"gezhi/v1/{gateway}/up":
            taken.append((message.payload, received))
        else:
            link.acknowledge(received)
    return taken


pytestmark = pytest.mark.broker


async def test_what_was_not_acknowledged_comes_again_in_order(
    broker: Broker, gateway: str
) -> None:
    address = BrokerAddress.from_url(broker.ingest_url)
    async with asyncio.timeout(300):
        async with MqttLink(address, f"{gateway}-link") as link:
            await link.subscribe([UP])
            await publish(broker, gateway, b"1", b"2", b"3")
            taken = await take(link, gateway, 3)
            assert [payload for payload, _ in taken] == [b"1", b"2", b"3"]
            link.acknowledge(taken[0][1])
        await publish(broker, gateway, b"4")
        async with MqttLink(address, f"{gateway}-link") as link:
            taken = await take(link, gateway, 3)
            assert [payload for payload, _ in taken] == [b"2", b"3", b"4"]


async def test_messages_are_taken_by_the_armful(broker: Broker, gateway: str) -> None:
    address = BrokerAddress.from_url(broker.ingest_url)
    payloads = [b"%03d" % n for n in range(100)]
    async with asyncio.timeout(300), MqttLink(address, f"{gateway}-link") as link:
        await link.subscribe([f"gezhi/v1/{gateway}/up"])
        await publish(broker, gateway, *payloads)
        while link.waiting < 100:  # noqa: ASYNC110 - there is no such signal
            await asyncio.sleep(0.01)
        first = await link.receive(most=30, most_octets=1000)
        assert [message.payload for message in first.messages] == payloads[:30]
        second = await link.receive(most=1000, most_octets=9)
        assert [message.payload for message in second.messages] == payloads[30:33]
        rest = await link.receive(most=1000, most_octets=1000)
        assert len(rest.messages) == 67


async def test_the_socket_is_not_read_while_too_much_waits(
    broker: Broker, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pile, "MOST_WAITING", 500)
    address = BrokerAddress.from_url(broker.ingest_url)
    async with asyncio.timeout(300), MqttLink(address, f"{gateway}-link") as link:
        await link.subscribe([f"gezhi/v1/{gateway}/up"])
        payloads = [b"%d" % n for n in range(2001)]
        await publish(broker, gateway, *payloads)
        while link.waiting < 500:  # noqa: ASYNC110 - there is no such signal
            await asyncio.sleep(0.01)
        taken: list[bytes] = []
        while len(taken) < 2001:
            received = await link.receive(100, 10_000)
            taken += [message.payload for message in received.messages]
            link.acknowledge(received)
            assert link.waiting <= 500
        assert taken == payloads


async def test_a_wrong_password_is_a_lost_link(broker: Broker, unique: str) -> None:
    port = broker.ports.v5
    address = BrokerAddress("127.0.0.1", port, "nobody", "wrong", has_tls=False)
    with pytest.raises(LinkLostError):
        async with asyncio.timeout(300), MqttLink(address, unique):
            pass


async def test_a_killed_broker_is_a_lost_link_once_all_is_taken(
    own_broker: Broker, unique: str
) -> None:
    await own_broker.admit(unique)
    address = BrokerAddress.from_url(own_broker.ingest_url)
    async with asyncio.timeout(300), MqttLink(address, unique) as link:
        await link.subscribe([UP])
        await publish(own_broker, unique, b"1")
        while not link.waiting:  # noqa: ASYNC110 - there is no such signal
            await asyncio.sleep(0.01)
        await own_broker.kill()
        assert len((await link.receive(10, 10)).messages) == 1
        with pytest.raises(LinkLostError):
            await link.receive(10, 10)


async def test_a_link_that_breaks_while_messages_wait_is_lost_once_they_are_taken(
    broker: Broker, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off() -> None:
        raise BrokenPipeError

    address = BrokerAddress.from_url(broker.ingest_url)
    async with asyncio.timeout(300), MqttLink(address, f"{gateway}-link") as link:
        await link.subscribe([f"gezhi/v1/{gateway}/up"])
        await publish(broker, gateway, b"1")
        while not link.waiting:  # noqa: ASYNC110 - there is no such signal
            await asyncio.sleep(0.01)
        monkeypatch.setattr(link._paho, "loop_read", break_off)  # noqa: SLF001 - as a kernel would
        await publish(broker, gateway, b"2")
        while link._is_reading:  # noqa: ASYNC110, SLF001 - as above
            await asyncio.sleep(0.01)
        assert len((await link.receive(10, 100)).messages) == 1
        monkeypatch.undo()
        async with asyncio.timeout(300):
            with pytest.raises(LinkLostError):
                await link.receive(10, 100)


async def test_a_link_whose_socket_nobody_watches_is_read_all_the_same(
    broker: Broker, gateway: str
) -> None:
    address = BrokerAddress.from_url(broker.ingest_url)
    async with asyncio.timeout(300), MqttLink(address, f"{gateway}-link") as link:
        await link.subscribe([f"gezhi/v1/{gateway}/up"])
        sock = link._paho.socket()  # noqa: SLF001 - as libuv forgets it
        assert sock is not None
        asyncio.get_running_loop().remove_reader(sock.fileno())
        await publish(broker, gateway, b"1")
        assert len((await link.receive(10, 100)).messages) == 1


@pytest.mark.skipif(find_iotcore() is None, reason="the iotcore wheel is missing")
async def test_a_listener_that_knows_only_mqtt_5_is_spoken_to_in_it(
    unique: str,
) -> None:
    with temporary_home() as home:
        embedded = Broker(home, engine=find_iotcore())
        await embedded.start()
        try:
            await embedded.admit(unique)
            assert embedded.ports.v5 != embedded.ports.v311
            address = BrokerAddress.from_url(embedded.ingest_url)
            async with asyncio.timeout(300), MqttLink(address, unique) as link:
                await link.subscribe([UP])
                await publish(embedded, unique, b"1", b"2")
                taken = await take(link, unique, 2)
                assert [payload for payload, _ in taken] == [b"1", b"2"]
        finally:
            await embedded.stop()
