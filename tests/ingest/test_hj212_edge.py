"""HJ 212 data loggers on real sockets, on the loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from devices.registry.snapshot import Snapshot
from ingest.arrival import EdgeChange
from ingest.inbox import Inbox
from ingest.protocols.hj212 import (
    ANSWER,
    VERSION,
    Command,
    Hj212Stream,
    Item,
    Package,
    encode_package,
)
from ingest.stations.hj212 import PATIENCE, serve_hj212
from ingest.tcp_stream import Patience
from simulators.hj212_station import Logger, averages, calling, real_time
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
from vocabulary.refusal import Reason

MN = "GZ0001A8900016F000169D01"
LOGGER = Logger(device=MN)
KNOWN = registry_of(Transport.HJ212, device(1, MN), quantities=["ph", "flow_m3_s"])
UPLOAD = real_time(LOGGER, NOW, {"w00000": 12.5, "w01001": 7.1}, sent_at=NOW)


@asynccontextmanager
async def edge(
    snapshot: Snapshot = KNOWN, patience: Patience = PATIENCE
) -> AsyncIterator[tuple[tuple[str, int], Inbox]]:
    def serve(
        inbox: Inbox, on_bound: Callable[[int], None]
    ) -> Coroutine[None, None, None]:
        return serve_hj212(
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


async def test_the_journal_learns_that_the_edge_listens() -> None:
    async with edge() as (_, inbox):
        change = await inbox.get()
    assert isinstance(change, EdgeChange)
    assert (change.edge, change.gateway, change.up) == ("hj212", "", True)


async def test_an_answer_waits_for_the_commit() -> None:
    async with edge() as (address, inbox):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(encode_package(UPLOAD))
        arrival = await next_arrival(inbox)
        assert arrival.committed is not None
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reader.read(1)
        arrival.committed()
        (answer,) = Hj212Stream().receive_data(await reader.readline())
        writer.close()
        await writer.wait_closed()
    assert isinstance(answer, Package)
    assert (answer.command, answer.qn) == (Command.DATA_ANSWER, UPLOAD.qn)
    assert told(arrival) == [(MN, "flow_m3_s", 0.0125), (MN, "ph", 7.1)]


async def test_an_upload_that_is_not_stored_is_sent_four_times() -> None:
    async with edge() as (address, inbox), calling(address, answer_s=0.1) as line:
        assert not await line.upload(UPLOAD)
        assert len([await next_arrival(inbox) for _ in range(4)]) == 4


async def test_an_upload_that_asks_for_no_answer_gets_none() -> None:
    quiet = real_time(LOGGER, NOW, {"w01001": 7.1}, sent_at=NOW, is_answered=False)
    async with edge() as (address, inbox), calling(address) as line:
        assert not await line.upload(quiet)
        arrival = await next_arrival(inbox)
    assert told(arrival) == [(MN, "ph", 7.1)]
    assert arrival.committed is None


async def test_averages_arrive_under_a_part_of_the_device() -> None:
    hour = averages(
        LOGGER, Command.HOUR, NOW, {"w00000": (10.0, 12.5, 15.0)}, sent_at=NOW
    )
    async with (
        edge() as (address, inbox),
        stored(inbox) as arrivals,
        calling(address) as line,
    ):
        assert await line.upload(hour)
    assert [told(arrival) for arrival in arrivals] == [
        [(f"{MN}/hour", "flow_m3_s", 0.0125)]
    ]


async def test_an_unknown_device_is_refused_and_not_answered() -> None:
    stranger = replace(UPLOAD, device="NOBODY")
    async with edge() as (address, inbox), calling(address) as line:
        await line.send(encode_package(stranger))
        arrival = await next_arrival(inbox)
    (refusal,) = arrival.refusals
    assert refusal.reason is Reason.UNKNOWN_DEVICE
    assert (refusal.identity, refusal.gateway) == ("NOBODY", "")
    assert refusal.octets == encode_package(stranger)[6:-6]
    assert arrival.committed is None


async def test_a_command_without_readings_is_refused_and_not_answered() -> None:
    restarted = replace(UPLOAD, command=2081, items=(Item((("RestartTime", "1"),)),))
    async with edge() as (address, inbox), calling(address) as line:
        await line.send(encode_package(restarted))
        arrival = await next_arrival(inbox)
    assert [r.reason for r in arrival.refusals] == [Reason.UNKNOWN_MESSAGE]
    assert arrival.refusals[0].gateway == "ST-1"
    assert arrival.committed is None


async def test_a_bad_frame_does_not_stop_its_neighbours() -> None:
    good = encode_package(UPLOAD)
    async with edge() as (address, inbox), calling(address) as line:
        await line.send(good + good.replace(b"7.1", b"9.9") + good[:40] + good)
        arrivals = [await next_arrival(inbox) for _ in range(4)]
    assert [len(told(arrival)) for arrival in arrivals] == [2, 0, 0, 2]
    reasons = [r.reason for arrival in arrivals for r in arrival.refusals]
    assert reasons == [Reason.BAD_CHECKSUM, Reason.BAD_FRAME]


async def test_a_frame_cut_off_is_refused_after_a_pause() -> None:
    hasty = Patience(idle_s=600, gap_s=0.1)
    async with edge(patience=hasty) as (address, inbox), calling(address) as line:
        await line.send(encode_package(UPLOAD)[:40])
        arrival = await next_arrival(inbox)
    assert [r.reason for r in arrival.refusals] == [Reason.BAD_FRAME]


async def test_a_silent_device_is_hung_up_on() -> None:
    hasty = Patience(idle_s=0.1, gap_s=0.05)
    async with edge(patience=hasty) as (address, _), calling(address) as line:
        with pytest.raises(ConnectionResetError):
            await line.hear()


async def test_a_data_logger_does_what_a_centre_asks() -> None:
    request = replace(UPLOAD, command=1061, items=(), flag=VERSION | ANSWER)
    heard: asyncio.Queue[Package] = asyncio.Queue()

    async def centre(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(encode_package(request))
        stream = Hj212Stream()
        while data := await reader.read(4096):
            for item in stream.receive_data(data):
                assert isinstance(item, Package)
                heard.put_nowait(item)
        writer.close()

    async with (
        asyncio.timeout(300),
        await asyncio.start_server(centre, "127.0.0.1", 0) as server,
    ):
        host, port = server.sockets[0].getsockname()
        async with calling((host, port)) as line:
            await line.hear()
            answers = [await heard.get() for _ in range(2)]
    assert [answer.command for answer in answers] == [9011, 9012]
