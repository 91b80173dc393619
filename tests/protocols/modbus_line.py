"""Devices, gateways and Modbus servers for the tests of the Modbus edge."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from ingest.arrival import Arrival, EdgeChange
from ingest.inbox import Inbox
from ingest.modbus.edge import poll_gateway
from ingest.protocols.crc16 import modbus_crc16
from ingest.protocols.register_layout import Table
from ingest.protocols.register_map import encode, load_map
from vocabulary.device import Device, DeviceKind, Gateway, Transport

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
TIMEOUT_S = 0.15
INTERVAL_S = 0.05
INBOX_SIZE = 20
FRAMERS = {
    Transport.MODBUS_TCP: FramerType.SOCKET,
    Transport.MODBUS_RTU_TCP: FramerType.RTU,
}
both_framings = pytest.mark.parametrize("transport", list(FRAMERS))

Values = Mapping[str, float]
Answer = Callable[[bytes], Awaitable[bytes]]


def a_device(address: str, register_map: str = "pressure_rtu") -> Device:
    return Device(
        id=1,
        code=f"D-{address}",
        kind=DeviceKind.PRESSURE,
        gateway="RTU-1",
        address=address,
        component_id=None,
        vehicle_id=None,
        cell_id=None,
        upstream_id=None,
        lon=None,
        lat=None,
        register_map=register_map,
        expected_interval_s=INTERVAL_S,
        allowed_lateness_s=0,
        time_zone="",
        datum="wgs84",
        simulated=True,
    )


def a_gateway(port: int, transport: Transport = Transport.MODBUS_TCP) -> Gateway:
    return Gateway(
        id=1,
        code="RTU-1",
        transport=transport,
        host="127.0.0.1",
        port=port,
        simulated=True,
    )


def a_slave(unit_id: int, values: Values) -> SimDevice:
    holding = encode(load_map("pressure_rtu"), {"": values})[Table.HOLDING]
    registers = [holding[address] for address in sorted(holding)]
    return SimDevice(
        id=unit_id, simdata=[SimData(0, values=registers, datatype=DataType.REGISTERS)]
    )


@asynccontextmanager
async def server(
    slaves: list[SimDevice],
    *,
    port: int = 0,
    transport: Transport = Transport.MODBUS_TCP,
    asked: list[int] | None = None,
) -> AsyncIterator[int]:
    """Serve the slaves; unknown units stay silent, as on a serial line.

    Args:
        slaves: Which units there are.
        port: Where to listen; any if 0.
        transport: The framing.
        asked: Gets the unit of each request.
    """
    unknown = SimDevice(
        id=0, simdata=[SimData(0, values=0, datatype=DataType.REGISTERS)]
    )
    known = {slave.id for slave in slaves}

    def trace(sending: bool, octets: bytes) -> bytes:  # noqa: FBT001 (pymodbus's signature)
        unit = unit_of(octets, transport)
        if asked is not None and not sending:
            asked.append(unit)
        return b"" if sending and unit not in known else octets

    serving = ModbusTcpServer(
        [*slaves, unknown],
        address=("127.0.0.1", port),
        framer=FRAMERS[transport],
        trace_packet=trace,
    )
    await serving.serve_forever(background=True)
    listening = serving.transport
    assert isinstance(listening, asyncio.Server)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        await serving.shutdown()  # type: ignore[no-untyped-call] # pymodbus has none here


def unit_of(octets: bytes, transport: Transport) -> int:
    return octets[0 if transport is Transport.MODBUS_RTU_TCP else 6]


@asynccontextmanager
async def polling(
    gateway: Gateway, devices: list[Device], *, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[Inbox]:
    inbox: Inbox = asyncio.Queue(maxsize=INBOX_SIZE)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(
            poll_gateway(
                gateway, devices, inbox=inbox, clock=lambda: NOW, timeout_s=timeout_s
            )
        )
        yield inbox
        assert not task.done()
        task.cancel()


async def next_arrival(inbox: Inbox) -> Arrival:
    while True:
        item = await inbox.get()
        if isinstance(item, Arrival):
            return item


async def next_change(inbox: Inbox) -> EdgeChange:
    while True:
        item = await inbox.get()
        if isinstance(item, EdgeChange):
            return item


def values_of(arrival: Arrival) -> dict[tuple[str, str], float]:
    readings = arrival.readings
    assert readings is not None
    names = zip(readings.device, readings.quantity, strict=True)
    return dict(zip(names, readings.value.tolist(), strict=True))


@asynccontextmanager
async def serial_line(
    answer: Answer, *, sends_to_newest: bool = False, request_octets: int = 8
) -> AsyncIterator[int]:
    """A gateway to a serial line.

    Its answers go to the connection the request came by, or, as some serial servers
    do it, to whoever is connected by then.
    """
    newest: list[asyncio.StreamWriter] = []

    async def speak(request: bytes, writer: asyncio.StreamWriter) -> None:
        octets = await answer(request)
        to = newest[-1] if sends_to_newest else writer
        if not to.is_closing():
            to.write(octets)

    async with asyncio.TaskGroup() as tasks:

        async def take(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            newest.append(writer)
            while request := await reader.read(request_octets):
                tasks.create_task(speak(request, writer))
            writer.close()

        listener = await asyncio.start_server(take, "127.0.0.1", 0)
        async with listener:
            yield listener.sockets[0].getsockname()[1]
        for writer in newest:
            writer.close()


def rtu(octets: bytes) -> bytes:
    return octets + modbus_crc16(octets).to_bytes(2, "little")


def lamp_answer(request: bytes) -> bytes:
    """Answer with the requested address in every register."""
    address, count = request[2:4], request[5]
    return rtu(request[:2] + bytes([2 * count]) + address * count)


def most_between(asked: Sequence[int], of: int, who: int) -> int:
    """Return how often a unit was asked at most between two questions to another."""
    return max(_between(asked, of, who))


def fewest_between(asked: Sequence[int], of: int, who: int) -> int:
    """Return how often it was asked at least."""
    return min(_between(asked, of, who))


def _between(asked: Sequence[int], of: int, who: int) -> list[int]:
    places = [place for place, unit in enumerate(asked) if unit == of]
    return [asked[a:b].count(who) for a, b in pairwise(places)]
