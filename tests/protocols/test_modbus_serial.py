"""Modbus RTU on a serial line: a pair of pseudo-terminals, slaves at the other end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from itertools import cycle, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.arrival import Arrival
from ingest.inbox import Inbox
from ingest.modbus.edge import poll_gateway
from ingest.modbus.orders import Effect, ModbusOrders
from ingest.protocols.crc16 import modbus_crc16
from ingest.protocols.modbus_frame import ReadRequest, find_answer, shape_of
from ingest.protocols.register_layout import Table
from ingest.protocols.register_map import load_map
from ingest.protocols.register_write import Wish, plan_write
from simulators.city import Endpoint
from simulators.modbus_server import run_modbus_server
from simulators.modbus_units import units_of
from tests.ports import free_port
from tests.protocols.modbus_bus import LINE, Wire, a_bus, wire
from tests.protocols.modbus_line import (
    TIMEOUT_S,
    a_device,
    a_gateway,
    fewest_between,
    lamp_answer,
    most_between,
    next_arrival,
    next_change,
    polling,
    rtu,
    serial_line,
    values_of,
)
from tests.simulators.playing import now, playing, world
from vocabulary.device import Transport
from vocabulary.serial_line import serial_line as serial_line_of

RIGHT = {"01": 10.0, "64": 35.2}  # 0.1 V a step from addresses 100 and 352


def volts(arrival: Arrival) -> dict[str, float]:
    """Return what `lamp_answer` says, by the device's address."""
    return {
        device: value
        for (device, name), value in values_of(arrival).items()
        if name == "voltage_v"
    }


def all_right(arrival: Arrival) -> dict[str, float]:
    """Return the voltages, after seeing that each is its own register's."""
    read = volts(arrival)
    for device, value in read.items():
        assert value == RIGHT[device[-2:]]
    return read


@asynccontextmanager
async def slaves(
    laid: Wire,
    answer: Callable[[bytes], bytes],
    *,
    after_s: Callable[[], float] = float,
) -> AsyncIterator[None]:
    """Answer at the far end of the wire, one request after the other, as slaves do."""
    loop = asyncio.get_running_loop()

    def heard(_echo: bytes) -> bytes:
        return b""

    seen = 0

    async def serve() -> None:
        nonlocal seen
        while True:
            if seen == len(laid.asked):
                await asyncio.sleep(0.001)
                continue
            request = laid.asked[seen]
            seen += 1
            await asyncio.sleep(after_s())
            laid.say(answer(request))

    laid.spoil = heard
    task = loop.create_task(serve(), name="slaves")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_the_simulators_slaves_are_read_over_a_serial_line() -> None:
    played = world()
    units = units_of(played, played.town.city.below("RTU"))
    async with wire() as laid:
        far = Endpoint(
            code="RTU",
            transport=Transport.MODBUS_RTU,
            host=laid.slaves,
            port=0,
            line=LINE,
        )
        devices = [a_device(str(unit)) for unit in units]
        async with (
            playing(run_modbus_server(far, units, clock=now)),
            polling(a_bus(laid), devices) as inbox,
        ):
            change = await next_change(inbox)
            assert change.detail == f"connected to {laid.master} ({LINE})"
            seen: dict[str, float] = {}
            while len(seen) < len(units):
                arrival = await next_arrival(inbox)
                assert arrival.transport is Transport.MODBUS_RTU
                assert not arrival.refusals
                seen |= {
                    device: value
                    for (device, name), value in values_of(arrival).items()
                    if name == "pressure_kpa"
                }
    assert all(230 < value < 380 for value in seen.values())


async def test_the_simulators_slaves_are_read_in_rtu_frames_over_tcp() -> None:
    played, port = world(), free_port()
    units = units_of(played, played.town.city.below("RTU"))
    far = Endpoint(
        code="RTU", transport=Transport.MODBUS_RTU_TCP, host="127.0.0.1", port=port
    )
    devices = [a_device("1"), a_device("2"), a_device("99")]
    async with (
        playing(run_modbus_server(far, units, clock=now)),
        polling(a_gateway(port, Transport.MODBUS_RTU_TCP), devices) as inbox,
    ):
        seen = [await next_arrival(inbox) for _ in range(20)]
    heard = {device for arrival in seen for device, _ in values_of(arrival)}
    assert heard == {"1", "2"}  # 99 is not on the bus: it is silent, not refused
    assert not any(arrival.refusals for arrival in seen)


@pytest.mark.parametrize("after_s", [1.3 * TIMEOUT_S, 2.4 * TIMEOUT_S, 2.8 * TIMEOUT_S])
async def test_a_late_answer_on_a_bus_never_becomes_another_registers_value(
    after_s: float,
) -> None:
    waits_s = cycle([after_s, 0, 0, 0, 0])
    async with wire() as laid:
        devices = [a_device(f"1/lamp/{lamp}", "gezhi_cabinet") for lamp in RIGHT]
        async with (
            slaves(laid, lamp_answer, after_s=lambda: next(waits_s)),
            polling(a_bus(laid), devices) as inbox,
        ):
            heard = 0
            while heard < 8:
                heard += len(all_right(await next_arrival(inbox)))
    assert len(laid.asked) > 12


async def test_slaves_that_are_always_late_give_no_value_of_another_register() -> None:
    async with wire() as laid:
        devices = [a_device(f"1/lamp/{lamp}", "gezhi_cabinet") for lamp in RIGHT]
        async with (
            slaves(laid, lamp_answer, after_s=lambda: 1.2 * TIMEOUT_S),
            polling(a_bus(laid), devices) as inbox,
        ):
            deadline_s = asyncio.get_running_loop().time() + 15 * TIMEOUT_S
            while asyncio.get_running_loop().time() < deadline_s:
                try:
                    async with asyncio.timeout_at(deadline_s):
                        all_right(await next_arrival(inbox))
                except TimeoutError:
                    break
    assert len(laid.asked) > 3


PATIENT_S = 10.0
"""A time-out that nothing comes near to: the kernel carries octets when it likes."""

NOISE: Mapping[str, Callable[[bytes], bytes]] = {
    "before": lambda frame: b"\xff\x00\x7f\x01\x03\xff" + frame,
    "that begins like the frame": lambda frame: frame[:5] + frame,
    "after": lambda frame: frame + b"\x01\x03\x08\xff",
    "of another slave's frame": lambda frame: rtu(b"\x09" + frame[1:-2]) + frame,
    "around": lambda frame: bytes(40) + frame + bytes(range(90)),
}


@pytest.mark.parametrize("kind", list(NOISE))
async def test_a_frame_is_found_among_noise(kind: str) -> None:
    async with wire() as laid:
        devices = [a_device(f"1/lamp/{lamp}", "gezhi_cabinet") for lamp in RIGHT]
        async with (
            slaves(laid, lambda request: NOISE[kind](lamp_answer(request))),
            polling(a_bus(laid), devices, timeout_s=PATIENT_S) as inbox,
        ):
            assert (await next_change(inbox)).up
            for _ in range(10):
                assert len(all_right(await next_arrival(inbox))) == 2
    assert len(laid.asked) == pytest.approx(20, abs=3)  # nothing had to be asked twice


async def test_noise_between_frames_is_no_answer_and_does_no_harm() -> None:
    async with wire() as laid:
        devices = [a_device("1/lamp/01", "gezhi_cabinet")]
        async with slaves(laid, lamp_answer), polling(a_bus(laid), devices) as inbox:
            for _ in range(10):
                assert all_right(await next_arrival(inbox))
                laid.say(b"\x01\x03\x08" + bytes(3))


async def test_a_slave_that_hangs_in_a_frame_costs_the_others_one_time_out() -> None:
    hanging = True

    def answer(request: bytes) -> bytes:
        frame = lamp_answer(request)
        return frame[:6] if request[0] == 2 and hanging else frame

    heard: Counter[str] = Counter()
    devices = [a_device(f"{unit}/lamp/01", "gezhi_cabinet") for unit in range(1, 7)]
    async with (
        wire() as laid,
        slaves(laid, answer),
        # Long beside what the kernel may take to carry a frame.
        polling(a_bus(laid), devices, timeout_s=3 * TIMEOUT_S) as inbox,
    ):
        asked: list[int] = []
        while heard["6/lamp/01"] < 30 or asked.count(2) < 3:
            heard.update(list(all_right(await next_arrival(inbox))))
            asked = [request[0] for request in laid.asked]
        assert "2/lamp/01" not in heard
        hanging = False
        while "2/lamp/01" not in all_right(await next_arrival(inbox)):
            pass
    for unit in (1, 3, 4, 5, 6):
        assert asked.count(unit) - heard[f"{unit}/lamp/01"] <= 1  # one is on its way
        assert most_between(asked, unit, 2) == 1
        assert fewest_between(asked, 2, unit) >= 1


async def test_frames_are_parted_by_silence() -> None:
    loop = asyncio.get_running_loop()
    silence_s = serial_line_of("1200 8N1").silence_s()
    assert 0.03 < silence_s < 0.04
    noise_s: list[float] = []

    async with wire() as laid, asyncio.TaskGroup() as tasks:

        async def chatter() -> None:
            """Go on after the answer, never silent for long enough."""
            for _ in range(25):
                await asyncio.sleep(silence_s / 8)
                laid.say(b"\xff")
                noise_s.append(loop.time())

        def answer(request: bytes) -> bytes:
            tasks.create_task(chatter())
            return lamp_answer(request)

        devices = [a_device(f"1/lamp/{lamp}", "gezhi_cabinet") for lamp in RIGHT]
        async with (
            slaves(laid, answer),
            polling(a_bus(laid, "1200 8N1"), devices, timeout_s=PATIENT_S) as inbox,
        ):
            for _ in range(5):
                assert len(all_right(await next_arrival(inbox))) == 2
    assert len(laid.asked_s) >= 10
    parted = 0
    for asked_s in laid.asked_s[1:]:
        # An octet or two may have been said while the master, having waited, asked.
        said_s = [at_s for at_s in noise_s if at_s < asked_s][-3:]
        pauses_s = [b - a for a, b in pairwise([*said_s, asked_s])]
        parted += max(pauses_s) > 0.9 * silence_s
    # What the kernel of a busy machine hands over late, the master did not hear.
    assert parted > len(laid.asked_s) / 2


async def test_a_line_that_is_pulled_out_is_told_and_comes_back() -> None:
    async with wire() as laid:
        gateway = a_bus(laid)
        async with (
            slaves(laid, lamp_answer),
            polling(gateway, [a_device("1/lamp/01", "gezhi_cabinet")]) as inbox,
        ):
            assert (await next_change(inbox)).up
            assert all_right(await next_arrival(inbox))
    async with polling(gateway, [a_device("1/lamp/01", "gezhi_cabinet")]) as inbox:
        down = await next_change(inbox)
    assert not down.up
    assert down.detail == f"no Modbus link to {gateway.host} ({LINE})"


async def test_a_late_answer_over_tcp_is_nobodys_value_even_on_a_new_connection() -> (
    None
):
    """A serial server that hands late answers to whoever is connected by then."""
    waits_s = cycle([2.6 * TIMEOUT_S, 0, 0, 0, 0])
    one_by_one = asyncio.Lock()

    async def answer(request: bytes) -> bytes:
        async with one_by_one:
            # So late that its slave has been asked again by then.
            await asyncio.sleep(next(waits_s))
            return lamp_answer(request)

    devices = [a_device(f"1/lamp/{lamp}", "gezhi_cabinet") for lamp in RIGHT]
    async with (
        serial_line(answer, sends_to_newest=True) as port,
        polling(a_gateway(port, Transport.MODBUS_RTU_TCP), devices) as inbox,
    ):
        heard = 0
        while heard < 8:
            heard += len(all_right(await next_arrival(inbox)))


@pytest.mark.parametrize("late", [1.3, 2.6])
async def test_a_late_acknowledgement_of_an_order_becomes_nobodys_value(
    late: float,
) -> None:
    orders, inbox = ModbusOrders(), Inbox(20)
    # The level's register answers its address, 102, which is as wished within 2 %.
    wish = Wish(values={"dimming_pct": 100})
    plan = plan_write(load_map("gezhi_cabinet"), unit_id=1, part="lamp/01", wish=wish)

    def answer(request: bytes) -> bytes:
        return request if request[1] == 6 else lamp_answer(request)

    async with wire() as laid, asyncio.timeout(300), asyncio.TaskGroup() as tasks:

        def wait_s() -> float:
            """Acknowledge late; what was asked meanwhile is answered behind it."""
            return late * TIMEOUT_S * (laid.asked[-1][1] == 6)

        async with slaves(laid, answer, after_s=wait_s):
            devices = [a_device(f"1/lamp/{lamp}", "gezhi_cabinet") for lamp in RIGHT]
            poller = tasks.create_task(
                poll_gateway(
                    a_bus(laid),
                    devices,
                    inbox=inbox,
                    clock=now,
                    timeout_s=TIMEOUT_S,
                    orders=orders,
                )
            )
            effects = []
            for _ in range(4):
                all_right(await next_arrival(inbox))
                order = tasks.create_task(
                    orders.put(plan, unit_id=1, address="1/lamp/01", wait_s=2)
                )
                while not order.done():
                    all_right(await next_arrival(inbox))
                effects.append(order.result().effect)
            poller.cancel()
    assert set(effects) <= {Effect.SEEN, Effect.NO_ANSWER, Effect.NOT_TRIED}
    assert Effect.SEEN in effects


def test_an_answer_is_found_wherever_it_stands() -> None:
    asked = ReadRequest(unit_id=7, table=Table.HOLDING, address=0, count=2)
    frame = rtu(bytes([7, 3, 4, 1, 2, 3, 4]))
    assert modbus_crc16(frame) == 0
    for before in (b"", b"\x07", b"\x07\x03\x04", frame[:-1], bytes(9)):
        assert find_answer(before + frame + b"\x07\x03", asked) == frame
    for length in range(len(frame)):
        assert find_answer(frame[:length], asked) == b""
    for at in range(len(frame)):
        spoilt = bytearray(frame)
        spoilt[at] ^= 0x10
        assert find_answer(bytes(spoilt), asked) == b""
    refusal = rtu(bytes([7, 0x83, 2]))
    assert find_answer(b"\x07" + refusal, asked) == refusal


@given(
    st.binary(max_size=300),
    st.sampled_from(Table),
    st.integers(1, 125),
    st.integers(1, 247),
)
def test_what_is_found_is_a_whole_frame_of_that_unit(
    octets: bytes, table: Table, count: int, unit_id: int
) -> None:
    asked = ReadRequest(unit_id=unit_id, table=table, address=0, count=count)
    frame = find_answer(octets, asked)
    assert not frame or (modbus_crc16(frame) == 0 and frame[0] == unit_id)
    right = rtu(shape_of(asked).head + bytes(shape_of(asked).length - 5))
    if not frame:
        assert find_answer(octets + right, asked)
