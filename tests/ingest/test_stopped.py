"""Who is stopped amid something is stopped, and what was under way is done once."""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from gezhi.stack.broker import Broker
from ingest.arrival import EdgeChange
from ingest.forwarding.edges import Edges
from ingest.forwarding.keeping import keeper_of
from ingest.forwarding.plan import plan_from
from ingest.forwarding.terminal_tokens import TokenFile
from ingest.inbox import Inbox
from ingest.intake import run_intake
from ingest.mqtt.address import BrokerAddress
from ingest.mqtt.edge import run_mqtt_edge
from ingest.mqtt.link import MqttLink
from ingest.protocols.gezhi_json import StatusMessage, encode_status
from store.journal.entries import Kind, read
from store.quarantine.refused import quarantined
from tests.faults.proxy import proxied
from tests.ingest.far_end import gateway_process, until
from tests.ingest.publisher import connected
from tests.ingest.registry import register, snapshot_of
from tests.ingest.stations import NOW
from tests.ingest.test_forwarding import Place
from tests.ingest.test_intake import arrival, clock_from
from tests.ingest.test_nmea_ports import gateway
from tests.ports import free_port
from vocabulary.device import Format, Transport


@pytest.mark.db
async def test_a_commit_that_is_under_way_at_the_stop_counts_and_is_not_repeated(
    database_url: str,
) -> None:
    await register(database_url, "GW-1", ["MH-1"])
    snapshot = await snapshot_of(database_url)
    inbox, told = Inbox(10), list[int]()
    inbox.put_nowait(arrival(1, committed=partial(told.append, 1)))
    inbox.put_nowait(arrival(2, device="nobody", committed=partial(told.append, 2)))
    async with (
        asyncio.timeout(300),
        proxied(database_url) as (url, proxy),
        asyncpg.create_pool(url, min_size=0) as far,
    ):
        task = asyncio.ensure_future(
            run_intake(far, inbox, lambda: snapshot, clock=clock_from(), tick_s=1000)
        )

        def stop() -> bool:
            """The database has committed; the answer is on its way."""
            task.cancel()
            return False

        proxy.wants_cut = stop
        await asyncio.wait([task])
    assert task.cancelled()
    connection = await asyncpg.connect(database_url)
    (row,) = await quarantined(connection)
    entries = await read(connection, after=0, limit=100)
    await connection.close()
    assert (row.identity, row.count) == ("nobody", 1)
    assert told == [1, 2]
    kinds = [entry.kind for entry in entries if entry.kind is not Kind.REGISTRY]
    assert kinds == [Kind.EDGE, Kind.READINGS, Kind.EDGE]


async def connects(_link: MqttLink) -> None:
    pass


async def publishes(link: MqttLink) -> None:
    await link.publish("gezhi/v1/nobody/down/x", b"")


@pytest.mark.broker
@pytest.mark.parametrize(
    ("answer", "asks"),
    [("on_connect", connects), ("on_publish", publishes)],
)
async def test_who_is_stopped_in_the_moment_of_the_brokers_answer_is_stopped(
    broker: Broker,
    unique: str,
    answer: str,
    asks: Callable[[MqttLink], Awaitable[None]],
) -> None:
    link = MqttLink(BrokerAddress.from_url(broker.ingest_url), unique)

    async def works() -> None:
        async with link:
            await asks(link)
            await asyncio.Event().wait()

    task = asyncio.ensure_future(works())
    paho = link._client._client  # noqa: SLF001 - the moment cannot be met otherwise
    take_in_answer = getattr(paho, answer)

    def stop(*words: object) -> None:
        take_in_answer(*words)
        task.cancel()

    setattr(paho, answer, stop)
    async with asyncio.timeout(300):
        await asyncio.wait([task])
    assert task.cancelled()


class Registry:
    """The registry as it is, and as it will be."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._has_moved = asyncio.Event()

    def move(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._has_moved.set()

    async def newer(self, than: Snapshot) -> Snapshot:
        while self.snapshot is than:
            await self._has_moved.wait()
        return self.snapshot


@pytest.mark.broker
async def test_a_gateways_change_is_told_though_the_link_goes_as_it_is_handed_over(
    own_broker: Broker, unique: str
) -> None:
    await own_broker.admit(unique)
    registry, inbox = Registry(Snapshot(version=1)), Inbox(1)
    node = gateway(1, "NODE", 0)
    nodes = replace(
        node, transport=Transport.MQTT, format=Format.SPARKPLUG, native_topics=True
    )
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        edge = tasks.create_task(
            run_mqtt_edge(
                BrokerAddress.from_url(own_broker.ingest_url),
                f"{unique}-edge",
                inbox=inbox,
                clock=lambda: NOW,
                registry=registry,
            )
        )
        while inbox.empty():  # noqa: ASYNC110 - it says that it is up, and it is full
            await asyncio.sleep(0.01)
        async with connected(own_broker.url(unique), unique) as client:
            status = encode_status(StatusMessage(up=True, at=NOW))
            await client.publish(f"gezhi/v1/{unique}/status", status, 1, retain=True)
            while not (waiting := list(inbox._putters)):  # type: ignore[attr-defined] # noqa: ASYNC110, SLF001 - nobody tells who waits to put
                await asyncio.sleep(0.01)
            # It will call again, to leave a last will.
            registry.move(Snapshot(version=2, gateways={"NODE": nodes}))
            await asyncio.wait(waiting)
            while not is_told(await inbox.get(), unique):
                pass
        edge.cancel()


def is_told(item: object, code: str) -> bool:
    return isinstance(item, EdgeChange) and (item.gateway, item.up) == (code, True)


async def test_what_a_stopping_gateway_has_in_hand_is_kept_and_answered(
    tmp_path: Path,
) -> None:
    inbox, told = Inbox(10), list[int]()
    may_write = threading.Event()
    async with (
        asyncio.timeout(300),
        keeper_of(tmp_path / "queue.db", most_octets=2**20) as keeper,
    ):
        # The disk is busy when something comes.
        busy = asyncio.ensure_future(keeper._in_thread(may_write.wait))  # noqa: SLF001 - the moment cannot be met otherwise
        keeping = asyncio.ensure_future(keeper.keep(inbox, lambda: NOW))
        await inbox.put(arrival(1, committed=partial(told.append, 1)))
        while not inbox.empty():  # noqa: ASYNC110 - there is no such signal
            await asyncio.sleep(0.01)
        keeping.cancel()
        await asyncio.wait([keeping])
        await inbox.put(arrival(2, committed=partial(told.append, 2)))
        may_write.set()
        await keeper.keep_rest(inbox, lambda: NOW)
        await busy
        assert (await keeper.depth()).messages == 2
    assert told == [1, 2]


async def test_a_port_that_another_line_gets_is_let_go_first(tmp_path: Path) -> None:
    port = free_port()
    plans = [
        plan_from(
            f'gateway = "EDGE"\n[[nmea]]\ncode = "{code}"\ntcp_port = {port}'.encode()
        )
        for code in ("ONE", "TWO")
    ]
    inbox = Inbox(100)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        tokens = TokenFile(tmp_path / "tokens.db")
        edges = Edges(tasks, inbox, lambda: NOW, tokens)
        for plan, code in zip(plans, ("ONE", "TWO"), strict=True):
            edges.follow(plan)
            while not is_told(await inbox.get(), code):
                pass
            assert edges.faults == {}
        edges.follow(plan_from(b'gateway = "EDGE"'))


@pytest.mark.broker
async def test_a_gateway_that_stops_while_nobody_takes_its_messages_says_that_it_goes(
    own_broker: Broker, unique: str, tmp_path: Path
) -> None:
    place = Place(unique, tmp_path)
    await own_broker.admit(unique)
    stop = asyncio.Event()
    log = tmp_path / "gateway.log"
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        async with gateway_process(
            own_broker.url(unique), place.file, state=place.state
        ) as process:
            tasks.create_task(place.outfalls[0].run(stop, pause_s=0.05))
            # Its line stands, and is of no use: it hangs up, to call again later.
            await until(lambda: b"did not take a message" in log.read_bytes())
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        stop.set()
    async with (
        asyncio.timeout(300),
        MqttLink(BrokerAddress.from_url(own_broker.ingest_url), unique) as link,
    ):
        await link.subscribe([f"gezhi/v1/{unique}/status"])
        (status,) = (await link.receive(1, 1)).messages
    assert b'"up":false' in status.payload
