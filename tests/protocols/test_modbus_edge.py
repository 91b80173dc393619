"""The Modbus edge against real servers on the loopback: pymodbus's, and rude ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import cycle, pairwise

import pytest
from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from ingest.arrival import Arrival, EdgeChange, Inbox
from ingest.modbus_edge import poll_gateway
from ingest.modbus_plan import plan_of
from ingest.protocols.modbus_adu import crc16
from ingest.protocols.register_layout import Table
from ingest.protocols.register_map import encode, load_map
from vocabulary.device import Device, DeviceKind, Gateway, Transport
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

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
) -> AsyncIterator[int]:
    """Serve the slaves; unknown units stay silent, as on a serial line."""
    unknown = SimDevice(
        id=0, simdata=[SimData(0, values=0, datatype=DataType.REGISTERS)]
    )
    known = {slave.id for slave in slaves}
    serving = ModbusTcpServer(
        [*slaves, unknown],
        address=("127.0.0.1", port),
        framer=FRAMERS[transport],
        trace_packet=lambda sending, octets: (
            b"" if sending and unit_of(octets, transport) not in known else octets
        ),
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
async def polling(gateway: Gateway, devices: list[Device]) -> AsyncIterator[Inbox]:
    inbox: Inbox = asyncio.Queue(maxsize=INBOX_SIZE)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(
            poll_gateway(
                gateway, devices, inbox=inbox, clock=lambda: NOW, timeout_s=TIMEOUT_S
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


@both_framings
async def test_a_slaves_registers_arrive_as_readings(transport: Transport) -> None:
    slaves = [a_slave(7, {"pressure_kpa": 312.5, "battery_v": 12.6})]
    async with (
        server(slaves, transport=transport) as port,
        polling(a_gateway(port, transport), [a_device("7")]) as inbox,
    ):
        change = await inbox.get()
        arrival = await next_arrival(inbox)
    assert isinstance(change, EdgeChange)
    assert (change.edge, change.gateway, change.up) == ("modbus", "RTU-1", True)
    assert values_of(arrival) == {
        ("7", "pressure_kpa"): 312.5,
        ("7", "battery_v"): 12.6,
    }
    assert (arrival.transport, arrival.received_at) == (transport, NOW)
    assert arrival.readings is not None
    assert set(arrival.readings.quality.tolist()) == {Quality.NO_DEVICE_TIME}


async def test_slaves_are_asked_again_and_again() -> None:
    slaves = [a_slave(unit, {"pressure_kpa": unit}) for unit in range(1, 11)]
    devices = [a_device(str(unit)) for unit in range(1, 11)]
    async with server(slaves) as port, polling(a_gateway(port), devices) as inbox:
        arrivals = [await next_arrival(inbox) for _ in range(30)]
    seen = [key for arrival in arrivals for key in values_of(arrival)]
    for unit in range(1, 11):
        assert seen.count((str(unit), "pressure_kpa")) == 3


@both_framings
async def test_one_silent_slave_among_ten_holds_nobody_up(transport: Transport) -> None:
    loop = asyncio.get_running_loop()
    slaves = [a_slave(u, {"pressure_kpa": u}) for u in range(1, 11) if u != 4]
    devices = [a_device(str(unit)) for unit in range(1, 11)]
    seen: dict[str, list[float]] = {str(unit): [] for unit in range(1, 11)}
    async with (
        server(slaves, transport=transport) as port,
        polling(a_gateway(port, transport), devices) as inbox,
    ):
        while len(seen["10"]) < 40:
            arrival = await next_arrival(inbox)
            for device, _ in values_of(arrival):
                seen[device].append(loop.time())
    assert seen.pop("4") == []
    slack_s = 0.6  # a busy machine's
    for times in seen.values():
        gaps = [later - sooner for sooner, later in pairwise(times)]
        assert max(gaps) < INTERVAL_S + TIMEOUT_S + slack_s
        assert len(times) >= 38


async def test_a_slave_that_comes_back_is_heard_again() -> None:
    is_back = False

    async def answer(request: bytes) -> bytes:
        return lamp_answer(request) if is_back or request[0] == 1 else b""

    devices = [a_device(f"{unit}/lamp/01", "gezhi_cabinet") for unit in (1, 2)]
    async with (
        serial_line(answer) as port,
        polling(a_gateway(port, Transport.MODBUS_RTU_TCP), devices) as inbox,
    ):
        for _ in range(10):
            assert ("1/lamp/01", "power_w") in values_of(await next_arrival(inbox))
        is_back = True
        while ("2/lamp/01", "power_w") not in values_of(await next_arrival(inbox)):
            pass


@both_framings
async def test_an_exception_is_kept_by_its_name_and_the_others_count(
    transport: Transport,
) -> None:
    async def fail(*_: object) -> ExcCodes:
        return ExcCodes.DEVICE_BUSY

    slaves = [replace(a_slave(3, {}), action=fail), a_slave(5, {"pressure_kpa": 5})]
    devices = [a_device("3"), a_device("5")]
    async with (
        server(slaves, transport=transport) as port,
        polling(a_gateway(port, transport), devices) as inbox,
    ):
        arrivals = [await next_arrival(inbox) for _ in range(4)]
    (refusal,) = arrivals[0].refusals
    assert refusal.reason is Reason.EXCEPTION_ANSWER
    assert "unit 3 answered exception 6 (server device busy)" in refusal.detail
    assert (refusal.identity, refusal.octets) == ("3", b"\x83\x06")
    assert values_of(arrivals[1])["5", "pressure_kpa"] == 5
    assert arrivals[2].refusals == arrivals[0].refusals


async def test_a_gateways_word_that_a_slave_is_gone_counts_as_its_silence() -> None:
    async def fail(*_: object) -> ExcCodes:
        return ExcCodes.GATEWAY_NO_RESPONSE

    slaves = [replace(a_slave(3, {}), action=fail), a_slave(5, {})]
    devices = [a_device("3"), a_device("5")]
    async with server(slaves) as port, polling(a_gateway(port), devices) as inbox:
        refused, heard = 0, 0
        while heard < 20:
            arrival = await next_arrival(inbox)
            refused += len(arrival.refusals)
            heard += len(values_of(arrival)) // 2
    assert 1 <= refused <= 6


async def test_a_link_that_goes_and_comes_is_told_once_each() -> None:
    slaves = [a_slave(7, {"pressure_kpa": 1})]
    async with server(slaves) as port:
        gateway = a_gateway(port)
        async with polling(gateway, [a_device("7")]) as inbox:
            assert (await next_change(inbox)).up
    async with polling(gateway, [a_device("7")]) as inbox:
        down = await next_change(inbox)
        assert (down.up, down.detail) == (False, f"no Modbus link to 127.0.0.1:{port}")
        async with server(slaves, port=port):
            assert (await next_change(inbox)).up
            assert values_of(await next_arrival(inbox))["7", "pressure_kpa"] == 1
        assert not (await next_change(inbox)).up
        async with server([a_slave(7, {"pressure_kpa": 2})], port=port):
            assert (await next_change(inbox)).up
            assert values_of(await next_arrival(inbox))["7", "pressure_kpa"] == 2


Answer = Callable[[bytes], Awaitable[bytes]]


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
    return octets + crc16(octets).to_bytes(2, "little")


def lamp_answer(request: bytes) -> bytes:
    """Answer with the requested address in every register."""
    address, count = request[2:4], request[5]
    return rtu(request[:2] + bytes([2 * count]) + address * count)


@pytest.mark.parametrize(
    ("sends_to_newest", "late_by"), [(False, [2.4, 2.6, 2.8]), (True, [1.3])]
)
async def test_a_late_answer_never_becomes_another_registers_value(
    *, sends_to_newest: bool, late_by: list[float]
) -> None:
    asked: list[bytes] = []
    late_s = cycle(TIMEOUT_S * factor for factor in late_by)

    async def answer(request: bytes) -> bytes:
        asked.append(request)
        # Late enough to come while the next block of the same unit is waited for.
        is_late = len(asked) % 3 == 1
        await asyncio.sleep(next(late_s) if is_late else TIMEOUT_S * 0.3)
        return lamp_answer(request)

    # Two blocks of equal length in one unit: only the address tells them apart, and
    # no answer says its address.
    devices = [a_device(f"1/lamp/{lamp}", "gezhi_cabinet") for lamp in ("01", "64")]
    right = {"01": 10.0, "64": 35.2}  # 0.1 V a step from addresses 100 and 352
    async with (
        serial_line(answer, sends_to_newest=sends_to_newest) as port,
        polling(a_gateway(port, Transport.MODBUS_RTU_TCP), devices) as inbox,
    ):
        while len(asked) < 15:
            for (device, name), value in values_of(await next_arrival(inbox)).items():
                if name == "voltage_v":
                    assert value == right[device[-2:]]


def wrong_unit(right: bytes, unit_at: int) -> bytes:
    wrong = bytearray(right)
    wrong[unit_at] = 99
    return rtu(bytes(wrong[:-2])) if unit_at == 0 else bytes(wrong)


RUDE: dict[str, Callable[[bytes, int], bytes]] = {
    "answers for another unit": wrong_unit,
    "sends a short frame": lambda right, _: right[:3],
    "hangs in the middle of a frame": lambda right, _: right[:-4],
    "sends another function": lambda right, at: right[: at + 1] + b"\x7f" + right[3:],
    "sends noise": lambda _, __: b"\xff\x00\x7f" * 30,
    "sends too much": lambda right, _: right * 40,
    "sends nothing": lambda _, __: b"",
}


@pytest.mark.parametrize("kind", list(RUDE))
@both_framings
async def test_a_rude_slave_is_dropped_and_the_others_are_fine(
    transport: Transport, kind: str
) -> None:
    is_tcp = transport is Transport.MODBUS_TCP
    is_polite = False

    async def answer(request: bytes) -> bytes:
        # The transaction and protocol of the TCP header, then as on a serial line.
        plain = lamp_answer(request[6:] + b"  " if is_tcp else request)
        right = plain
        if is_tcp:
            body = plain[:-2]
            right = request[:4] + len(body).to_bytes(2, "big") + body
        if request[6 if is_tcp else 0] == 2 or is_polite:
            return right
        return RUDE[kind](right, 6 if is_tcp else 0)

    devices = [a_device(f"{unit}/lamp/01", "gezhi_cabinet") for unit in (1, 2)]
    async with (
        serial_line(answer, request_octets=12 if is_tcp else 8) as port,
        polling(a_gateway(port, transport), devices) as inbox,
    ):
        assert (await next_change(inbox)).up
        polite: dict[str, int] = {"1/lamp/01": 0, "2/lamp/01": 0}
        while polite["2/lamp/01"] < 10 or (is_polite and not polite["1/lamp/01"]):
            for (device, name), value in values_of(await next_arrival(inbox)).items():
                if name == "voltage_v":
                    assert value == 10.0
                    polite[device] += 1
            is_polite = is_polite or polite["2/lamp/01"] == 5
    assert polite["1/lamp/01"] > 0


async def test_a_peer_that_hangs_up_at_each_question_is_not_asked_in_a_hurry() -> None:
    questions = 0
    enough = asyncio.Event()

    async def hang_up(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal questions
        questions += 1 if await reader.read(1) else 0
        writer.close()
        if questions == 4:
            enough.set()

    loop = asyncio.get_running_loop()
    listener = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        began_s = loop.time()
        async with polling(a_gateway(port), [a_device("7")]) as inbox:
            assert (await next_change(inbox)).up
            await enough.wait()
        assert loop.time() - began_s > 3 * TIMEOUT_S
        assert inbox.empty()


async def test_a_gateway_that_hangs_up_on_the_quiet_is_no_silent_slave(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def answer_and_hang_up(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if request := await reader.read(8):
            writer.write(lamp_answer(request))
        writer.close()

    listener = await asyncio.start_server(answer_and_hang_up, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        gateway = a_gateway(port, Transport.MODBUS_RTU_TCP)
        devices = [a_device("1/lamp/01", "gezhi_cabinet")]
        async with polling(gateway, devices) as inbox:
            assert (await next_change(inbox)).up
            for _ in range(10):
                assert isinstance(await inbox.get(), Arrival)
    assert "broke" not in caplog.text


async def test_a_full_inbox_stops_the_asking() -> None:
    asked = 0
    inbox_is_full = asyncio.Event()

    async def count(*_: object) -> None:
        nonlocal asked
        asked += 1
        if asked == INBOX_SIZE + 1:  # one is held, waiting for its place
            inbox_is_full.set()

    slaves = [replace(a_slave(7, {}), action=count)]
    async with server(slaves) as port, polling(a_gateway(port), [a_device("7")]) as box:
        assert (await next_change(box)).up
        await inbox_is_full.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5 * INTERVAL_S):
                await asyncio.Event().wait()
        assert asked == INBOX_SIZE + 1
        for _ in range(INBOX_SIZE + 2):
            await next_arrival(box)
    assert asked > INBOX_SIZE + 1


def test_a_plan_says_what_of_the_registry_cannot_be_done() -> None:
    plan = plan_of(
        [
            a_device("7"),
            a_device("x"),
            a_device("0"),
            a_device("248"),
            a_device("8", "nobody_wrote_it"),
            a_device("9", ""),
            a_device("1/lamp/65", "gezhi_cabinet"),
            a_device("2", "gezhi_cabinet"),
            a_device("2/lamp/01", "pressure_rtu"),
        ]
    )
    assert [slave.unit_id for slave in plan.slaves] == [7]
    assert len(plan.faults) == 7


def test_a_unit_is_asked_as_often_as_its_most_demanding_device() -> None:
    cabinet = replace(a_device("1", "gezhi_cabinet"), expected_interval_s=60)
    lamp = replace(a_device("1/lamp/02", ""), expected_interval_s=5)
    (slave,) = plan_of([cabinet, lamp]).slaves
    assert slave.interval_s == 5
    assert [(block.address, block.count) for block in slave.blocks] == [
        (0, 8),
        (104, 4),
    ]
