"""The Modbus edge against pymodbus's own servers on the loopback."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from pymodbus.constants import ExcCodes

from ingest.arrival import EdgeChange
from ingest.modbus.plan import plan_of
from tests.ports import free_port
from tests.protocols.modbus_line import (
    INBOX_SIZE,
    INTERVAL_S,
    NOW,
    a_device,
    a_gateway,
    a_slave,
    both_framings,
    fewest_between,
    lamp_answer,
    most_between,
    next_arrival,
    next_change,
    polling,
    serial_line,
    server,
    values_of,
)
from vocabulary.device import Transport
from vocabulary.quality import Quality
from vocabulary.refusal import Reason


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
    slaves = [a_slave(u, {"pressure_kpa": u}) for u in range(1, 11) if u != 4]
    devices = [a_device(str(unit)) for unit in range(1, 11)]
    asked: list[int] = []
    heard: Counter[int] = Counter()
    async with (
        server(slaves, transport=transport, asked=asked) as port,
        polling(a_gateway(port, transport), devices) as inbox,
    ):
        while heard[10] < 20:
            arrival = await next_arrival(inbox)
            heard.update({int(device) for device, _ in values_of(arrival)})
    assert heard[4] == 0
    assert asked.count(4) > 2
    for unit in {*range(1, 11)} - {4}:
        assert asked.count(unit) - heard[unit] <= INBOX_SIZE
        assert most_between(asked, unit, 4) == 1
        assert fewest_between(asked, 4, unit) >= 1


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
    slaves, port = [a_slave(7, {"pressure_kpa": 1})], free_port()
    async with server(slaves, port=port):
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
