import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest

from gezhi.stack.broker import Broker
from gezhi.stack.child import Child, Program
from gezhi.stack.home import Home
from gezhi.stack.iotcore import find_iotcore
from gezhi.stack.loopback import Ports
from gezhi.stack.mosquitto import Mosquitto, find_mosquitto

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed"),
]

Connect = Callable[..., aiomqtt.Client]


async def first(client: aiomqtt.Client) -> tuple[str, object]:
    async with asyncio.timeout(300):
        async for message in client.messages:
            return message.topic.value, message.payload
    raise AssertionError("the broker hung up")


async def test_a_gateways_message_reaches_ingest(
    broker: Broker, connect: Connect, unique: str
) -> None:
    await broker.admit(unique)
    async with connect(broker.url()) as ingest, connect(broker.url(unique)) as gateway:
        await ingest.subscribe(f"gezhi/v1/{unique}/#", qos=1)
        await gateway.publish(f"gezhi/v1/{unique}/up", b"reading", qos=1)
        assert await first(ingest) == (f"gezhi/v1/{unique}/up", b"reading")


async def test_a_command_reaches_its_gateway(
    broker: Broker, connect: Connect, unique: str
) -> None:
    await broker.admit(unique)
    async with connect(broker.url()) as ingest, connect(broker.url(unique)) as gateway:
        await gateway.subscribe(f"gezhi/v1/{unique}/down/#", qos=1)
        await ingest.publish(f"gezhi/v1/{unique}/down/L-1", b"dim", qos=1)
        assert await first(gateway) == (f"gezhi/v1/{unique}/down/L-1", b"dim")


async def test_a_gateway_cannot_speak_as_another(
    broker: Broker, connect: Connect, unique: str
) -> None:
    liar, victim = f"{unique}-liar", f"{unique}-victim"
    await broker.admit(liar, victim)
    async with connect(broker.url()) as ingest, connect(broker.url(liar)) as gateway:
        for code in (liar, victim):
            await ingest.subscribe(f"gezhi/v1/{code}/#", qos=1)
        for topic in (
            f"gezhi/v1/{victim}/up",
            f"gezhi/v1/{victim}/status",
            f"gezhi/v1/{liar}/down/L-1",
            f"gezhi/v1/{liar}/other",
        ):
            await gateway.publish(topic, b"lie", qos=1)
        await gateway.publish(f"gezhi/v1/{liar}/up", b"truth", qos=1)
        # Messages of one client keep their order: what comes first is all that came.
        assert await first(ingest) == (f"gezhi/v1/{liar}/up", b"truth")


async def test_a_gateway_cannot_listen_to_others(
    broker: Broker, connect: Connect, unique: str
) -> None:
    nosy, other = f"{unique}-nosy", f"{unique}-other"
    await broker.admit(nosy, other)
    async with connect(broker.url()) as ingest, connect(broker.url(nosy)) as gateway:
        for topic in ("gezhi/v1/#", "#", f"gezhi/v1/{other}/down/#"):
            await gateway.subscribe(topic, qos=1)
        await gateway.subscribe(f"gezhi/v1/{nosy}/down/#", qos=1)
        await ingest.publish(f"gezhi/v1/{other}/down/L-1", b"secret", qos=1)
        await ingest.publish(f"gezhi/v1/{nosy}/down/L-1", b"own", qos=1)
        assert await first(gateway) == (f"gezhi/v1/{nosy}/down/L-1", b"own")


async def test_nobody_gets_in_without_the_password(
    broker: Broker, connect: Connect, unique: str
) -> None:
    await broker.admit(unique)
    address = f"127.0.0.1:{broker.ports.v5}"
    for account in ("", f"{unique}:guess@", "gezhi-ingest:guess@", "stranger:x@"):
        with pytest.raises(aiomqtt.MqttError, match=r"[Nn]ot authori"):
            async with connect(f"mqtt://{account}{address}"):
                pass


async def test_a_replaced_password_counts_at_once_and_the_old_one_no_more(
    own_broker: Broker, connect: Connect
) -> None:
    await own_broker.set_gateways({"GW-1": "first", "GW-2": "kept"})
    old = own_broker.url("GW-1")
    await own_broker.set_gateways({"GW-1": "second", "GW-2": "kept"})
    async with connect(own_broker.url("GW-1")), connect(own_broker.url("GW-2")):
        pass
    with pytest.raises(aiomqtt.MqttError, match=r"[Nn]ot authori"):
        async with connect(old):
            pass


async def test_a_gateway_shut_out_is_cut_off(
    own_broker: Broker, connect: Connect
) -> None:
    await own_broker.admit("GW-1", "GW-2")
    client = connect(own_broker.url("GW-1"))
    await client.__aenter__()
    await own_broker.set_gateways({})
    with pytest.raises(aiomqtt.MqttError):
        await first(client)
    with pytest.raises(LookupError):
        own_broker.url("GW-1")


async def test_gateways_are_known_again_after_a_restart(
    own_broker: Broker, connect: Connect, home: Home
) -> None:
    await own_broker.admit("GW-1")
    before = own_broker.url("GW-1")
    await own_broker.stop()
    again = Broker(home)
    await again.start()
    try:
        assert again.url("GW-1") == before
        async with connect(before):
            pass
    finally:
        await again.kill()


@pytest.mark.parametrize("code", ["", "+", "#", "a/b", "gezhi-ingest", "a:b", "a\nb"])
async def test_a_code_that_is_no_user_name_is_refused(
    broker: Broker, code: str
) -> None:
    with pytest.raises(ValueError, match="cannot be a gateway"):
        await broker.admit(code)
    with pytest.raises(ValueError, match="cannot be a gateway"):
        await broker.set_gateways({code: "x"})


async def test_what_waits_for_ingest_survives_a_kill_of_the_broker(
    own_broker: Broker, connect: Connect, home: Home
) -> None:
    await own_broker.admit("GW-1")
    # Not the bare number: it may be part of a client's id, which is saved as well.
    sent = [b"message <%d>" % number for number in range(500)]
    async with connect(own_broker.url(), session="ingest") as ingest:
        await ingest.subscribe("gezhi/v1/#", qos=1)
    async with connect(own_broker.url("GW-1")) as gateway:
        for octets in sent:
            await gateway.publish("gezhi/v1/GW-1/up", octets, qos=1)
    await until_saved(home.broker / "queue.db", sent[-1])
    await own_broker.kill()
    await own_broker.start()
    async with connect(own_broker.url(), session="ingest") as ingest:
        await ingest.subscribe("gezhi/v1/#", qos=1)
        came = [(await first(ingest))[1] for _ in range(500)]
    assert came == sent


async def test_what_waits_for_ingest_survives_a_stop_of_the_broker(
    own_broker: Broker, connect: Connect
) -> None:
    await own_broker.admit("GW-1")
    async with connect(own_broker.url(), session="ingest") as ingest:
        await ingest.subscribe("gezhi/v1/#", qos=1)
    async with connect(own_broker.url("GW-1")) as gateway:
        await gateway.publish("gezhi/v1/GW-1/up", b"waits", qos=1)
    await own_broker.stop()
    await own_broker.start()
    async with connect(own_broker.url(), session="ingest") as ingest:
        assert await first(ingest) == ("gezhi/v1/GW-1/up", b"waits")


async def test_a_gateway_admitted_while_the_broker_starts_gets_in(
    own_broker: Broker, connect: Connect
) -> None:
    await own_broker.stop()
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        tasks.create_task(own_broker.start())
        await asyncio.sleep(0)
        assert own_broker.child.is_running
        await own_broker.admit("GW-1")
    async with connect(own_broker.url("GW-1")):
        pass


async def test_a_port_taken_meanwhile_is_given_up(own_broker: Broker) -> None:
    await own_broker.stop()
    with socket.create_server(("127.0.0.1", own_broker.ports.v5)) as squatter:
        await own_broker.start()
        assert own_broker.ports.v5 != squatter.getsockname()[1]


async def test_only_its_user_reads_the_brokers_files(
    own_broker: Broker, home: Home
) -> None:
    assert own_broker.name == "mosquitto"
    for name in ("mosquitto.conf", "passwords", "access"):
        assert (home.broker / name).stat().st_mode & 0o777 == 0o600
    owner = owner_of(own_broker.child.pid)
    assert owner == (home.broker / "passwords").stat().st_uid
    assert (owner == os.geteuid()) is (os.geteuid() != 0)


async def test_a_broker_whose_clients_all_come_back_at_once_is_ready(
    tmp_path: Path,
) -> None:
    code = (
        "import time; print('mosquitto version 2 running');"
        "print('New client connected\\n' * 10_000 + 'the last', flush=True);"
        "time.sleep(60)"
    )
    command = [sys.executable, "-c", code]
    child = Child(Program(name="it", command=command, log=tmp_path / "log"))
    child.start()
    await child.wait_ready(lambda: child.last_words().endswith("the last"), within_s=60)
    assert Mosquitto("mosquitto").is_ready(child, Ports(0, 0))
    await child.kill()


@pytest.fixture
async def embedded(home: Home) -> AsyncIterator[Broker]:
    engine = find_iotcore()
    if engine is None:
        pytest.skip("the iotcore wheel is not installed")
    broker = Broker(home, engine=engine)
    await broker.start()
    yield broker
    await broker.kill()


async def test_the_wheels_broker_carries_messages_behind_passwords(
    embedded: Broker, connect: Connect
) -> None:
    await embedded.admit("GW-1")
    url = embedded.url("GW-1")
    async with connect(embedded.url()) as ingest, connect(url) as gateway:
        await ingest.subscribe("gezhi/v1/#", qos=1)
        await gateway.publish("gezhi/v1/GW-1/up", b"reading", qos=1)
        assert await first(ingest) == ("gezhi/v1/GW-1/up", b"reading")
    guess = f"mqtt://GW-1:guess@127.0.0.1:{embedded.ports.v5}"
    with pytest.raises(aiomqtt.MqttError):
        async with connect(guess, waits_s=2):  # it says nothing to a wrong password
            pass


async def test_the_wheels_broker_listens_on_the_loopback_only(
    embedded: Broker,
) -> None:
    ports = {f"{port:04X}" for port in (embedded.ports.v5, embedded.ports.v311)}
    assert {place for place, port in listeners() if port in ports} == {"0100007F"}


async def until_saved(queue: Path, last: bytes) -> None:
    async with asyncio.timeout(300):
        while not is_in(queue, last):  # noqa: ASYNC110 a file, written by another
            await asyncio.sleep(0.05)


def is_in(queue: Path, last: bytes) -> bool:
    return queue.exists() and last in queue.read_bytes()


def owner_of(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid


def listeners() -> list[list[str]]:
    """Address and port, in hexadecimal, of every listening TCP socket."""
    return [
        line.split()[1].split(":")
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A"
    ]
