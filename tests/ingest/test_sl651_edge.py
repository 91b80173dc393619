"""SL 651 stations on real sockets, on the loopback."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from devices.registry.snapshot import Snapshot
from ingest.arrival import EdgeChange
from ingest.inbox import Inbox
from ingest.protocols.sl651 import End, Frame, Function, Sl651Stream
from ingest.protocols.sl651.encode import (
    Sender,
    head,
    level_pack,
    measured,
    message,
    observation,
    status,
)
from ingest.protocols.sl651.frame import encode_frame
from ingest.stations.sl651 import PATIENCE, serve_sl651
from ingest.tcp_stream import Patience
from simulators.sl651_station import calling, ponding, run_station
from tests.ingest.stations import (
    NOW,
    device,
    listening,
    next_arrival,
    registry_of,
    stored,
    told,
)
from vocabulary.device import Transport
from vocabulary.quality import Quality
from vocabulary.refusal import Reason
from vocabulary.times import datetime_from_us

GAUGE = "0061530042"
SENDER = Sender(station=GAUGE, password=0x1A2B)
SEEN = observation(SENDER, NOW, [measured(0x39, 0.185)])
KNOWN = registry_of(Transport.SL651, device(1, GAUGE))


@asynccontextmanager
async def edge(
    snapshot: Snapshot = KNOWN, patience: Patience = PATIENCE
) -> AsyncIterator[tuple[tuple[str, int], Inbox]]:
    def serve(
        inbox: Inbox, on_bound: Callable[[int], None]
    ) -> Coroutine[None, None, None]:
        return serve_sl651(
            "127.0.0.1",
            0,
            registry=lambda: snapshot,
            inbox=inbox,
            clock=lambda: NOW,
            patience=patience,
            on_bound=on_bound,
        )

    async with listening(serve) as (address, inbox):
        yield address, inbox


call = partial(calling, sender=SENDER, clock=lambda: NOW)


def report(function: int, observed: bytes = SEEN, serial: int = 7) -> bytes:
    return message(SENDER, function, head(serial, NOW, SENDER) + observed)


async def test_the_journal_learns_that_the_edge_listens() -> None:
    async with edge() as (_, inbox):
        change = await inbox.get()
    assert isinstance(change, EdgeChange)
    assert (change.edge, change.gateway, change.up) == ("sl651", "", True)


async def test_an_acknowledgement_waits_for_the_commit() -> None:
    async with edge() as (address, inbox):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(report(Function.TIMED))
        arrival = await next_arrival(inbox)
        assert arrival.committed is not None
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.read(1)
        arrival.committed()
        (answer,) = Sl651Stream().receive_data(await reader.readexactly(25))
        writer.close()
        await writer.wait_closed()
    assert isinstance(answer, Frame)
    assert (answer.end, answer.function, answer.is_down) == (End.EOT, 0x32, True)
    assert answer.body[:2] == bytes([0, 7])
    assert told(arrival) == [(GAUGE, "level_m", 0.185)]
    assert (arrival.transport, arrival.gateway) == (Transport.SL651, "ST-1")


async def test_a_report_that_is_not_stored_is_sent_three_times_and_kept() -> None:
    async with edge() as (address, inbox), call(address, answer_s=0.1) as line:
        assert not await line.report(Function.TIMED, 7, SEEN)
        arrivals = [await next_arrival(inbox) for _ in range(3)]
    assert len({told(arrival)[0] for arrival in arrivals}) == 1


async def test_a_station_in_mode_m1_waits_for_nothing() -> None:
    async with (
        edge() as (address, inbox),
        call(address) as line,
    ):
        assert not await line.report(Function.EXTRA, 7, SEEN, is_answered=False)
        assert told(await next_arrival(inbox)) == [(GAUGE, "level_m", 0.185)]


async def test_a_packet_lost_on_the_way_is_asked_for_and_all_is_acknowledged() -> None:
    async with (
        edge() as (address, inbox),
        stored(inbox) as arrivals,
        call(address) as line,
    ):
        assert await line.report_in_packets(Function.HOURLY, 9, SEEN, size=12, lost=2)
    assert [told(arrival) for arrival in arrivals] == [[(GAUGE, "level_m", 0.185)]]


async def test_a_last_packet_lost_is_asked_for_after_a_pause() -> None:
    hasty = Patience(idle_s=600, gap_s=0.1)
    async with (
        edge(patience=hasty) as (address, inbox),
        stored(inbox) as arrivals,
        call(address) as line,
    ):
        assert await line.report_in_packets(Function.HOURLY, 9, SEEN, size=12, lost=3)
    assert len(arrivals) == 1


async def test_an_unknown_station_is_refused_and_not_acknowledged() -> None:
    stranger = replace(SENDER, station="0099999999")
    async with (
        edge() as (address, inbox),
        calling(address, stranger, clock=lambda: NOW) as line,
    ):
        await line.keep_alive(1)
        arrival = await next_arrival(inbox)
    (refusal,) = arrival.refusals
    assert refusal.reason is Reason.UNKNOWN_DEVICE
    assert (refusal.identity, refusal.gateway) == ("0099999999", "")
    assert arrival.committed is None


async def test_a_device_of_another_transport_is_no_station_of_this_one() -> None:
    other = registry_of(Transport.HJ212, device(1, GAUGE))
    async with edge(other) as (address, inbox), call(address) as line:
        await line.send(report(Function.TIMED))
        (refusal,) = (await next_arrival(inbox)).refusals
    assert refusal.reason is Reason.UNKNOWN_DEVICE


async def test_a_test_is_kept_apart_and_acknowledged() -> None:
    async with (
        edge() as (address, inbox),
        stored(inbox) as arrivals,
        call(address) as line,
    ):
        assert await line.report(Function.TEST, 7, SEEN)
    (arrival,) = arrivals
    assert arrival.readings is None
    assert [r.reason for r in arrival.refusals] == [Reason.TEST_MESSAGE]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (report(Function.PICTURE), Reason.UNKNOWN_MESSAGE),
        (report(0xE0), Reason.UNKNOWN_MESSAGE),
        (message(SENDER, Function.TIMED, b"\0\1"), Reason.BAD_FRAME),
        (message(SENDER, Function.TIMED, b"\0\1" + b"\x13" * 6), Reason.BAD_TIME),
    ],
    ids=["a picture", "a private function", "no head", "no time"],
)
async def test_what_is_not_taken_in_is_refused_and_not_acknowledged(
    octets: bytes, reason: Reason
) -> None:
    async with edge() as (address, inbox), call(address) as line:
        await line.send(octets)
        arrival = await next_arrival(inbox)
    assert [refusal.reason for refusal in arrival.refusals] == [reason]
    assert arrival.refusals[0].gateway == "ST-1"
    assert arrival.committed is None


async def test_an_echo_of_our_own_answer_is_refused() -> None:
    (frame,) = Sl651Stream().receive_data(report(Function.TIMED))
    assert isinstance(frame, Frame)
    async with edge() as (address, inbox), call(address) as line:
        await line.send(encode_frame(replace(frame, is_down=True, end=End.EOT)))
        arrival = await next_arrival(inbox)
    assert [refusal.reason for refusal in arrival.refusals] == [Reason.BAD_FRAME]


async def test_a_bad_part_does_not_stop_its_neighbours() -> None:
    bad = bytearray(report(Function.TIMED))
    bad[30] ^= 1
    async with edge() as (address, inbox), call(address) as line:
        await line.send(b"noise" + bytes(bad) + report(Function.TIMED))
        refused, taken = [await next_arrival(inbox) for _ in range(2)]
    assert [refusal.reason for refusal in refused.refusals] == [Reason.BAD_CHECKSUM]
    assert told(taken) == [(GAUGE, "level_m", 0.185)]


async def test_a_frame_cut_off_holds_nobody_up_longer_than_a_pause() -> None:
    hasty = Patience(idle_s=600, gap_s=0.1)
    async with edge(patience=hasty) as (address, inbox), call(address) as line:
        await line.send(report(Function.TIMED)[:30])
        refused = await next_arrival(inbox)
        await line.send(report(Function.TIMED))
        taken = await next_arrival(inbox)
    assert [refusal.reason for refusal in refused.refusals] == [Reason.BAD_FRAME]
    assert told(taken) == [(GAUGE, "level_m", 0.185)]


async def test_a_silent_station_is_hung_up_on() -> None:
    hasty = Patience(idle_s=0.1, gap_s=0.05)
    async with edge(patience=hasty) as (address, _), call(address) as line:
        with pytest.raises(ConnectionResetError):
            await line.report(Function.TIMED, 7, SEEN)


async def test_a_station_left_to_itself_reports_by_the_clock() -> None:
    levels = itertools.count()
    zero_s = asyncio.get_running_loop().time()

    def clock() -> datetime:
        return NOW + timedelta(seconds=asyncio.get_running_loop().time() - zero_s)

    seen = []
    async with edge() as (address, inbox), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(
            run_station(
                address,
                SENDER,
                lambda _: ponding(next(levels), 12.1),
                interval_s=0.05,
                clock=clock,
            )
        )
        for _ in range(4):
            arrival = await next_arrival(inbox)
            seen.append(told(arrival)[0][2])
            assert arrival.committed is not None
            arrival.committed()
        running.cancel()
    assert seen == [0.0, 1.0, 2.0, 3.0]


LEVELS = observation(
    SENDER, NOW, [level_pack([0.12] + [None] * 11), measured(0x39, 10.12)]
)


@pytest.mark.parametrize(
    ("quantities", "expected"),
    [
        (["depth_mm"], [("depth_mm", 120.0), ("depth_mm", 10120.0)]),
        (["depth_mm", "level_m"], [("depth_mm", 120.0), ("level_m", 10.12)]),
        (["level_m"], [("relative_level_m", 0.12), ("level_m", 10.12)]),
    ],
    ids=["a depth gauge", "depth above a base", "a level"],
)
async def test_a_profile_says_what_a_level_is(
    quantities: list[str], expected: list[tuple[str, float]]
) -> None:
    snapshot = registry_of(Transport.SL651, device(1, GAUGE), quantities=quantities)
    async with edge(snapshot) as (address, inbox), call(address) as line:
        await line.send(report(Function.HOURLY, LEVELS))
        arrival = await next_arrival(inbox)
    assert [(quantity, value) for _, quantity, value in told(arrival)] == expected


async def test_a_broken_meter_marks_its_own_readings_also_as_depths() -> None:
    snapshot = registry_of(
        Transport.SL651, device(1, GAUGE), quantities=["depth_mm", "battery_v"]
    )
    seen = observation(SENDER, NOW, [*ponding(0.3, 12.1), status(0xC0)])
    async with edge(snapshot) as (address, inbox), call(address) as line:
        await line.send(report(Function.EXTRA, seen))
        arrival = await next_arrival(inbox)
    assert arrival.readings is not None
    quality = dict(
        zip(arrival.readings.quantity, arrival.readings.quality, strict=True)
    )
    assert quality["depth_mm"] == Quality.SENSOR_FAULT
    assert quality["battery_v"] == Quality.GOOD


async def test_a_profiles_zone_overrules_beijings() -> None:
    west = registry_of(Transport.SL651, device(1, GAUGE, time_zone="Asia/Urumqi"))
    async with edge(west) as (address, inbox), call(address) as line:
        await line.send(report(Function.TIMED))
        arrival = await next_arrival(inbox)
    assert arrival.readings is not None
    observed = datetime_from_us(int(arrival.readings.measured_us[0]))
    assert observed == NOW.replace(second=0) + timedelta(hours=2)


async def test_one_line_may_speak_for_stations_of_several_gateways() -> None:
    second = replace(SENDER, station="0061530043")
    snapshot = registry_of(
        Transport.SL651, device(1, GAUGE), device(2, second.station, gateway="ST-2")
    )
    other = message(second, Function.TIMED, head(1, NOW, second) + SEEN[7:])
    async with edge(snapshot) as (address, inbox), call(address) as line:
        await line.send(report(Function.TIMED) + other)
        gateways = [(await next_arrival(inbox)).gateway for _ in range(2)]
    assert gateways == ["ST-1", "ST-2"]
