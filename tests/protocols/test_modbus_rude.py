"""The Modbus edge against late, wrong and rude peers on the loopback."""

import asyncio
from collections.abc import Callable
from itertools import cycle

import pytest

from ingest.arrival import Arrival
from tests.protocols.modbus_line import (
    TIMEOUT_S,
    a_device,
    a_gateway,
    both_framings,
    lamp_answer,
    next_arrival,
    next_change,
    polling,
    rtu,
    serial_line,
    values_of,
)
from vocabulary.device import Transport


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
