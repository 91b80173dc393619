"""A port of its own says who calls: no login, over TCP and over UDP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from ingest.arrival import Arrival, EdgeChange
from ingest.inbox import Inbox
from ingest.nmea.ports import NmeaPorts, Port, ports_of
from ingest.protocols.nmea0183 import encode_login, encode_rmc
from tests.ingest.registry import register
from tests.ingest.test_serve import edge_query, serving, until
from tests.ports import free_port
from vocabulary.device import Device, DeviceKind, Gateway, Transport
from vocabulary.position import Position

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
FIX = Position(
    device="VT-7",
    fixed_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
    lon=111.00125,
    lat=35.02,
)


def gateway(number: int, code: str, port: int) -> Gateway:
    return Gateway(
        id=number,
        code=code,
        transport=Transport.NMEA,
        host="",
        port=port,
        simulated=True,
    )


def device(number: int, gateway: str, address: str) -> Device:
    return Device(
        id=number,
        code=f"{gateway} {address}",
        kind=DeviceKind.VEHICLE,
        gateway=gateway,
        address=address,
        component_id=None,
        vehicle_id=None,
        cell_id=None,
        upstream_id=None,
        lon=None,
        lat=None,
        register_map="",
        expected_interval_s=10,
        allowed_lateness_s=0,
        time_zone="",
        datum="wgs84",
        simulated=True,
    )


def town(*ports: tuple[str, int, tuple[str, ...]]) -> Snapshot:
    """Make a registry of NMEA gateways with their ports and devices."""
    gateways = {
        code: gateway(number, code, port)
        for number, (code, port, _) in enumerate(ports)
    }
    devices = [
        device(number * 100 + place, code, address)
        for number, (code, _, addresses) in enumerate(ports)
        for place, address in enumerate(addresses)
    ]
    return Snapshot(
        version=1, gateways=gateways, devices={each.id: each for each in devices}
    )


async def until_told(inbox: Inbox, gateway: str, *, up: bool) -> EdgeChange:
    while True:
        item = await inbox.get()
        if isinstance(item, EdgeChange) and (item.gateway, item.up) == (gateway, up):
            return item


async def next_arrival(inbox: Inbox) -> Arrival:
    while True:
        item = await inbox.get()
        if isinstance(item, Arrival):
            return item


@asynccontextmanager
async def listening(inbox: Inbox) -> AsyncIterator[NmeaPorts]:
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        ports = NmeaPorts(tasks, "127.0.0.1", inbox=inbox, clock=lambda: NOW)
        yield ports
        ports.follow(Snapshot(version=0))  # nobody listens any more


async def send_tcp(port: int, octets: bytes) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(octets)
    writer.close()
    await writer.wait_closed()


def send_udp(port: int, octets: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(octets, ("127.0.0.1", port))


def test_only_gateways_of_nmea_with_a_port_and_a_device_are_listened_for() -> None:
    snapshot = town(
        ("shared", 10110, ("VT-1",)),
        ("none", 0, ("VT-2",)),
        ("empty", 7002, ()),
        ("one", 7003, ("VT-3",)),
        ("two", 7004, ("VT-4", "VT-5")),
    )
    assert ports_of(snapshot, served="shared") == {
        "one": Port("one", 7003, "VT-3"),
        "two": Port("two", 7004, None),
    }


async def test_the_only_device_of_a_port_need_not_log_in() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    port = free_port()
    async with listening(inbox) as ports:
        ports.follow(town(("sweeper", port, ("VT-7",))))
        for _ in ("tcp", "udp"):
            await until_told(inbox, "sweeper", up=True)
        await send_tcp(port, encode_rmc(FIX))
        send_udp(port, encode_rmc(FIX))
        for _ in ("tcp", "udp"):
            arrival = await next_arrival(inbox)
            assert (arrival.gateway, arrival.positions) == ("sweeper", [FIX])


async def test_a_port_follows_the_registry() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    first, second = free_port(), free_port()
    async with listening(inbox) as ports:
        ports.follow(town(("sweeper", first, ("VT-7",))))
        for _ in ("tcp", "udp"):
            await until_told(inbox, "sweeper", up=True)
        ports.follow(town(("sweeper", second, ("VT-7", "VT-8"))))
        for _ in ("tcp", "udp"):
            await until_told(inbox, "sweeper", up=True)
        await send_tcp(second, encode_rmc(FIX) + encode_login("VT-7"))
        arrival = await next_arrival(inbox)
        assert [each.reason for each in arrival.refusals] == ["unknown-identity"]
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", first)) != 0


async def test_a_second_device_on_a_port_means_that_each_says_who_it_is() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    port = free_port()
    async with listening(inbox) as ports:
        for addresses in (("VT-7",), ("VT-7", "VT-8")):
            ports.follow(town(("sweeper", port, addresses)))
            for _ in ("tcp", "udp"):
                item = await inbox.get()
                assert isinstance(item, EdgeChange)
                assert item.up
        send_udp(port, encode_rmc(FIX))
        (refusal,) = (await next_arrival(inbox)).refusals
    assert refusal.reason == "unknown-identity"


async def test_a_port_that_another_has_is_told_and_the_rest_goes_on() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        async with listening(inbox) as ports:
            ports.follow(town(("taken", taken, ("VT-1",)), ("free", port, ("VT-7",))))
            said: dict[tuple[str, bool], str] = {}
            while ("taken", False) not in said or f"TCP port {port}" not in said.get(
                ("free", True), ""
            ):
                item = await inbox.get()
                assert isinstance(item, EdgeChange)
                if f"UDP port {port}" not in item.detail:
                    said[item.gateway, item.up] = item.detail
            assert str(taken) in said["taken", False]
            await send_tcp(port, encode_rmc(FIX))
            assert (await next_arrival(inbox)).positions == [FIX]


@pytest.mark.db
@pytest.mark.broker
async def test_a_port_given_in_the_registry_is_listened_on_at_once(
    database_url: str, broker: Broker, unique: str
) -> None:
    port = free_port()
    fix = replace(FIX, fixed_at=utc_now().replace(microsecond=0))
    async with asyncio.timeout(300), serving(database_url, broker, unique):
        await until(database_url, *edge_query("ingest", "", up=True))
        await register(
            database_url, "sweeper", ["VT-7"], transport="nmea", quantities=()
        )
        connection = await asyncpg.connect(database_url)
        await connection.execute("UPDATE gateway SET port = $1", port)
        await connection.execute("UPDATE registry_version SET version = version + 1")
        await connection.execute("NOTIFY registry")
        await connection.close()
        heard_on = f"listening on TCP port {port}".encode()
        query = "SELECT count(*) FROM journal WHERE position($1::bytea IN body) > 0"
        await until(database_url, query, heard_on)
        await send_tcp(port, encode_rmc(fix))
        await until(database_url, "SELECT count(*) = 1 FROM position")
