"""Each simulator against a real client of its wire."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from pymodbus.client import AsyncModbusTcpClient

from ingest.protocols.nmea0183.login import Identity
from ingest.protocols.nmea0183.stream import NmeaStream
from ingest.protocols.register_layout import Block
from ingest.protocols.register_map import decode as decode_registers
from ingest.protocols.register_map import load_map
from simulators.city import Endpoint, Hardware
from simulators.modbus_server import run_modbus_server
from simulators.modbus_units import units_of
from simulators.vehicles import run_vehicle_tcp, run_vehicle_udp
from simulators.world import World
from tests.ports import free_port
from tests.simulators.playing import now, playing, world
from vocabulary.device import DeviceKind, Transport
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading


async def ask(client: AsyncModbusTcpClient, unit_id: int, block: Block) -> list[int]:
    answer = await client.read_holding_registers(
        block.address, count=block.count, device_id=unit_id
    )
    assert not answer.isError(), answer
    return list(answer.registers)


@contextlib.asynccontextmanager
async def client_of(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=30)
    while not await client.connect():  # noqa: ASYNC110 - its server has no such signal
        await asyncio.sleep(0.02)
    try:
        yield client
    finally:
        client.close()


async def test_a_modbus_client_reads_a_cabinet_and_its_lamps() -> None:
    played = world()
    port, city = free_port(), played.town.city
    endpoint = Endpoint(
        code="CAB", transport=Transport.MODBUS_TCP, host="127.0.0.1", port=port
    )
    units = units_of(played, city.below("CAB"))
    parts = ["", *(f"lamp/{number:02d}" for number in range(1, 11))]
    async with (
        playing(run_modbus_server(endpoint, units, clock=now)),
        client_of(port) as client,
    ):
        answers = {
            block: await ask(client, 1, block)
            for block in load_map("gezhi_cabinet").blocks(parts)
        }
    items = decode_registers(answers, unit_id=1, measured_at=now())
    values = {
        (item.device, item.quantity): item.value
        for item in items
        if isinstance(item, Reading)
    }
    assert values["1", Quantity.CONTACTOR_ON] == 1
    assert 215 < values["1", Quantity.VOLTAGE_V] < 240
    lamps = sum(values[f"1/lamp/{n:02d}", Quantity.POWER_W] for n in range(1, 11))
    assert values["1", Quantity.POWER_W] == pytest.approx(lamps, abs=2)
    assert {device for device, _ in values} == {
        one.address for one in city.below("CAB")
    }


async def test_a_modbus_client_reads_every_pressure_point_behind_one_gateway() -> None:
    played = world()
    port = free_port()
    endpoint = Endpoint(
        code="RTU", transport=Transport.MODBUS_TCP, host="127.0.0.1", port=port
    )
    units = units_of(played, played.town.city.below("RTU"))
    async with (
        playing(run_modbus_server(endpoint, units, clock=now)),
        client_of(port) as client,
    ):
        for unit_id in range(1, 7):
            (block,) = load_map("pressure_rtu").blocks()
            answer = await ask(client, unit_id, block)
            items = decode_registers(
                {block: answer}, unit_id=unit_id, measured_at=now()
            )
            pressure = items[0]
            assert isinstance(pressure, Reading)
            assert pressure.quantity is Quantity.PRESSURE_KPA
            assert 230 < pressure.value < 380
            assert not pressure.quality & Quality.SENSOR_FAULT


async def test_a_modbus_server_answers_what_is_not_there_by_an_exception() -> None:
    played = world()
    port = free_port()
    endpoint = Endpoint(
        code="RTU", transport=Transport.MODBUS_TCP, host="127.0.0.1", port=port
    )
    units = units_of(played, played.town.city.below("RTU"))
    async with (
        playing(run_modbus_server(endpoint, units, clock=now)),
        client_of(port) as client,
    ):
        beyond = await client.read_holding_registers(100, count=1, device_id=1)
        nobody = await client.read_holding_registers(0, count=1, device_id=99)
        written = await client.write_register(0, 1, device_id=1)
    assert beyond.isError()
    assert nobody.isError()
    assert written.isError()


async def test_a_modbus_server_waits_for_a_port_that_another_program_has(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("simulators.modbus_server.PORT_PAUSE_S", 0.05)
    played = world()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        endpoint = Endpoint(
            code="RTU",
            transport=Transport.MODBUS_TCP,
            host="127.0.0.1",
            port=other.getsockname()[1],
        )
        units = units_of(played, played.town.city.below("RTU"))
        async with playing(run_modbus_server(endpoint, units, clock=now)):
            while "another program has it" not in caplog.text:  # noqa: ASYNC110 - a log has no event
                await asyncio.sleep(0.01)
            other.close()
            async with client_of(endpoint.port) as client:
                (block,) = load_map("pressure_rtu").blocks()
                assert await ask(client, 1, block)


def a_vehicle(played: World) -> Hardware:
    return played.town.city.of_kind(DeviceKind.VEHICLE)[0]


class Listener:
    """A TCP listener that decodes what terminals send."""

    def __init__(self) -> None:
        self.items: list[object] = []
        self.came = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._talks: list[asyncio.Task[None]] = []

    async def start(self, port: int) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", port)

    async def stop(self) -> None:
        """Hang up, and still hear what was said until the other side has noticed."""
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                with contextlib.suppress(OSError):  # it hung up before us
                    writer.write_eof()
            await asyncio.gather(*self._talks)
            await self._server.wait_closed()

    async def positions(self, count: int) -> list[Position]:
        while len(self.fixes) < count:
            self.came.clear()
            await self.came.wait()
        return self.fixes

    @property
    def fixes(self) -> list[Position]:
        return [item for item in self.items if isinstance(item, Position)]

    def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._writers.append(writer)
        talk = self._talk(reader, writer)
        self._talks.append(asyncio.create_task(talk, name="a listener's talk"))

    async def _talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        stream = NmeaStream()
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                self.items += stream.receive_data(data, now())
                self.items += stream.receive_pause(now())
                self.came.set()
        writer.close()


async def test_a_listener_decodes_what_a_terminal_sends_over_tcp() -> None:
    played = world()
    vehicle, port, listener = a_vehicle(played), free_port(), Listener()
    await listener.start(port)
    player = run_vehicle_tcp(played, vehicle, listener=("127.0.0.1", port), clock=now)
    async with playing(player):
        fixes = await listener.positions(2)
    await listener.stop()
    assert listener.items[0] == Identity(vehicle.address)
    assert {fix.device for fix in fixes} == {vehicle.address}
    assert fixes[0].satellites is not None
    assert fixes[0].hdop is not None
    assert fixes[0].quality == Quality.SIMULATED
    assert (fixes[1].fixed_at - fixes[0].fixed_at).total_seconds() == 0.5


async def test_a_terminal_calls_again_and_first_sends_what_it_kept() -> None:
    played = world()
    vehicle, port, listener = a_vehicle(played), free_port(), Listener()
    player = run_vehicle_tcp(played, vehicle, listener=("127.0.0.1", port), clock=now)
    async with playing(player):
        await asyncio.sleep(0)  # nobody listens yet; the terminal keeps its fixes
        await listener.start(port)
        await listener.positions(1)
        await listener.stop()
        before = listener.fixes
        again = Listener()
        await again.start(port)
        after = await again.positions(2)
        await again.stop()
    times = [fix.fixed_at for fix in [*before, *after]]
    gaps = {(later - earlier).total_seconds() for earlier, later in pairwise(times)}
    assert gaps == {0.5}


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        if not self.first.done():
            self.first.set_result(data)


async def test_each_datagram_over_udp_says_who_sends() -> None:
    played = world()
    vehicle = a_vehicle(played)
    transport, protocol = await asyncio.get_running_loop().create_datagram_endpoint(
        Datagrams, local_addr=("127.0.0.1", 0)
    )
    port: int = transport.get_extra_info("sockname")[1]
    player = run_vehicle_udp(played, vehicle, listener=("127.0.0.1", port), clock=now)
    async with playing(player):
        datagram = await protocol.first
    transport.close()
    stream = NmeaStream()
    items = [*stream.receive_data(datagram, now()), *stream.receive_eof(now())]
    identity, position = items
    assert identity == Identity(vehicle.address)
    assert isinstance(position, Position)
