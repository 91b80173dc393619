"""Terminals on real sockets, on the loopback."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import uvloop

from ingest.arrival import Arrival, EdgeChange
from ingest.inbox import Inbox
from ingest.nmea.edge import serve_nmea_tcp, serve_nmea_udp
from ingest.protocols.nmea0183 import encode_gga, encode_login, encode_rmc
from ingest.protocols.nmea0183.joiner import HOLD
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.refusal import Reason

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
FIX = Position(
    device="VT-0001",
    fixed_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
    lon=111.00125,
    lat=35.02,
)


@asynccontextmanager
async def tcp_edge(inbox: Inbox, *, idle_s: float = 600) -> AsyncIterator[int]:
    def serve(on_bound: Callable[[int], None]) -> Coroutine[None, None, None]:
        return serve_nmea_tcp(
            "127.0.0.1",
            0,
            gateway="nmea",
            inbox=inbox,
            clock=lambda: NOW,
            idle_s=idle_s,
            on_bound=on_bound,
        )

    async with edge(serve) as port:
        yield port


@asynccontextmanager
async def udp_edge(inbox: Inbox) -> AsyncIterator[int]:
    def serve(on_bound: Callable[[int], None]) -> Coroutine[None, None, None]:
        return serve_nmea_udp(
            "127.0.0.1",
            0,
            gateway="nmea",
            inbox=inbox,
            clock=lambda: NOW,
            on_bound=on_bound,
        )

    async with edge(serve) as port:
        yield port


@asynccontextmanager
async def edge(
    serve: Callable[[Callable[[int], None]], Coroutine[None, None, None]],
) -> AsyncIterator[int]:
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = tasks.create_task(serve(port.set_result))
        yield await port
        assert not serving.done()
        serving.cancel()


def fix_after(number: int) -> Position:
    return replace(FIX, fixed_at=FIX.fixed_at + number * timedelta(milliseconds=1))


async def next_arrival(inbox: Inbox) -> Arrival:
    while True:
        item = await inbox.get()
        if isinstance(item, Arrival):
            return item


async def test_a_position_arrives_under_its_terminals_name() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with tcp_edge(inbox) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode_login("VT-0001") + encode_rmc(FIX))
        arrival = await next_arrival(inbox)
        writer.close()
        await writer.wait_closed()
    assert arrival.positions == [FIX]
    assert (arrival.transport, arrival.gateway) == (Transport.NMEA, "nmea")
    assert arrival.received_at == NOW
    assert arrival.readings is None


async def test_the_journal_learns_that_the_edge_listens() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with tcp_edge(inbox):
        change = await inbox.get()
    assert isinstance(change, EdgeChange)
    assert (change.edge, change.gateway, change.up) == ("nmea", "nmea", True)


async def test_a_terminal_that_never_said_who_it_is_is_refused() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with tcp_edge(inbox) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode_rmc(FIX))
        arrival = await next_arrival(inbox)
        writer.close()
        await writer.wait_closed()
    assert arrival.positions == []
    (refusal,) = arrival.refusals
    assert refusal.reason is Reason.UNKNOWN_IDENTITY
    assert refusal.octets == encode_rmc(FIX).rstrip()
    assert refusal.peer.startswith("127.0.0.1:")


async def test_a_bad_sentence_does_not_stop_its_neighbours() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with tcp_edge(inbox) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        bad = encode_rmc(FIX).replace(b"A", b"B", 1)
        writer.write(encode_login("VT-0001") + bad + b"\xff\x00\r\n" + encode_rmc(FIX))
        refused = await next_arrival(inbox)
        arrival = await next_arrival(inbox)
        writer.close()
        await writer.wait_closed()
    assert [refusal.reason for refusal in refused.refusals] == [Reason.BAD_CHECKSUM]
    assert refused.refusals[0].identity == "VT-0001"
    assert arrival.positions == [FIX]


async def test_a_peer_that_resets_leaves_the_others_alone() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with tcp_edge(inbox) as port:
        _, good = await asyncio.open_connection("127.0.0.1", port)
        good.write(encode_login("VT-0001"))
        _, rude = await asyncio.open_connection("127.0.0.1", port)
        rude.write(b"\xff" * 100)
        linger_none = b"\1\0\0\0\0\0\0\0"  # close sends a reset
        rude.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, linger_none
        )
        rude.close()
        good.write(encode_rmc(FIX))
        arrivals = [await next_arrival(inbox)]
        while not arrivals[-1].positions:
            arrivals.append(await next_arrival(inbox))
        good.close()
        with contextlib.suppress(ConnectionError):
            await rude.wait_closed()
        await good.wait_closed()
    assert arrivals[-1].positions == [FIX]


async def test_a_silent_terminal_is_hung_up_on() -> None:
    async with tcp_edge(asyncio.Queue(maxsize=10), idle_s=0.01) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


async def test_a_last_sentence_needs_no_line_end() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with tcp_edge(inbox) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode_login("VT-0001") + encode_rmc(FIX).rstrip())
        writer.close()
        await writer.wait_closed()
        assert (await next_arrival(inbox)).positions == [FIX]


async def test_a_full_inbox_stops_the_reading_and_nothing_is_lost() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=1)
    noise = (b"x" * 250 + b"\r\n") * 4
    count = 20_000  # more octets than all buffers between us hold
    wordy = b"".join(encode_rmc(fix_after(number)) + noise for number in range(count))
    async with tcp_edge(inbox) as port, asyncio.TaskGroup() as tasks:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode_login("VT-0001"))
        writer.write(wordy)
        sending = tasks.create_task(writer.drain())
        got = len((await next_arrival(inbox)).positions)
        assert not sending.done()
        while got < count:
            got += len((await next_arrival(inbox)).positions)
        writer.close()
        await writer.wait_closed()
    assert got == count


def send_from_one_port(port: int, *datagrams: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as terminal:
        for datagram in datagrams:
            terminal.sendto(datagram, ("127.0.0.1", port))


async def test_each_datagram_says_for_itself_who_it_is_from() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with udp_edge(inbox) as port:
        send_from_one_port(
            port,
            encode_login("VT-0001") + encode_rmc(FIX),
            encode_rmc(FIX),
            b"",
            b"7e0200",
        )
        arrivals = [await next_arrival(inbox) for _ in range(3)]
    assert arrivals[0].positions == [FIX]
    reasons = [arrival.refusals[0].reason for arrival in arrivals[1:]]
    assert reasons == [Reason.BAD_FRAME, Reason.UNKNOWN_IDENTITY]


async def test_a_sentence_a_datagram_is_one_fix_once_no_more_comes() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    rich = replace(FIX, satellites=9, hdop=0.8, altitude_m=390.4)
    async with udp_edge(inbox) as port:
        login = encode_login("VT-0001")
        send_from_one_port(port, login + encode_gga(rich), login + encode_rmc(rich))
        arrival = await next_arrival(inbox)
    assert arrival.positions == [rich]
    assert arrival.refusals == []


async def test_a_new_fix_has_time_of_its_own_when_it_ends_the_one_before() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    rich = replace(FIX, satellites=9, hdop=0.8, altitude_m=390.4)
    later = replace(rich, fixed_at=rich.fixed_at + timedelta(seconds=1))
    login = encode_login("VT-0001")
    loop = asyncio.get_running_loop()
    started_s = loop.time()

    def serve(on_bound: Callable[[int], None]) -> Coroutine[None, None, None]:
        return serve_nmea_udp(
            "127.0.0.1",
            0,
            gateway="nmea",
            inbox=inbox,
            clock=lambda: NOW + timedelta(seconds=loop.time() - started_s),
            on_bound=on_bound,
        )

    async with edge(serve) as port:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as terminal:
            terminal.connect(("127.0.0.1", port))
            terminal.send(login + encode_gga(rich) + encode_rmc(rich))
            await asyncio.sleep(0.7)  # the pace of a receiver, not a wait
            terminal.send(login + encode_gga(later))
            assert (await next_arrival(inbox)).positions == [rich]
            await asyncio.sleep(0.5)
            terminal.send(login + encode_rmc(later))
            assert (await next_arrival(inbox)).positions == [later]


async def test_a_sender_forgotten_for_newer_ones_has_its_fix_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ingest.nmea.edge.MAX_PEERS", 1)
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with udp_edge(inbox) as port:
        send_from_one_port(port, encode_login("VT-0001") + encode_rmc(FIX))
        send_from_one_port(port, encode_login("VT-0002") + encode_rmc(FIX))
        found = [(await next_arrival(inbox)).positions[0].device for _ in range(2)]
    assert found == ["VT-0001", "VT-0002"]


async def test_senders_of_datagrams_do_not_complete_each_others_fixes() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    rich = replace(FIX, satellites=9, hdop=0.8, altitude_m=390.4)
    other = replace(rich, device="VT-0002", satellites=4)
    async with udp_edge(inbox) as port:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
        ):
            for make in (encode_gga, encode_rmc):
                for sender, fix in ((one, rich), (two, other)):
                    datagram = encode_login(fix.device) + make(fix)
                    sender.sendto(datagram, ("127.0.0.1", port))
            arrivals = [await next_arrival(inbox) for _ in range(2)]
    assert [arrival.positions for arrival in arrivals] == [[rich], [other]]
    assert arrivals[0].peer != arrivals[1].peer


async def test_a_fix_waits_a_second_and_no_longer_for_more_of_it() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)
    async with tcp_edge(inbox) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        started_s = asyncio.get_running_loop().time()
        writer.write(encode_login("VT-0001") + encode_rmc(FIX))
        assert (await next_arrival(inbox)).positions == [FIX]
        waited_s = asyncio.get_running_loop().time() - started_s
        writer.close()
        await writer.wait_closed()
    assert HOLD.total_seconds() <= waited_s < HOLD.total_seconds() + 1


async def test_on_a_port_of_its_own_a_terminal_need_not_say_who_it_is() -> None:
    inbox: Inbox = asyncio.Queue(maxsize=10)

    def serve(on_bound: Callable[[int], None]) -> Coroutine[None, None, None]:
        return serve_nmea_tcp(
            "127.0.0.1",
            0,
            gateway="sweeper 7",
            inbox=inbox,
            clock=lambda: NOW,
            terminal="VT-0001",
            on_bound=on_bound,
        )

    async with edge(serve) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(encode_rmc(FIX))
        writer.close()
        await writer.wait_closed()
        arrival = await next_arrival(inbox)
    assert (arrival.gateway, arrival.positions) == ("sweeper 7", [FIX])


def test_both_edges_run_on_uvloop() -> None:
    async def journey() -> None:
        inbox: Inbox = asyncio.Queue(maxsize=10)
        octets = encode_login("VT-0001") + encode_rmc(FIX)
        async with tcp_edge(inbox) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(octets)
            assert (await next_arrival(inbox)).positions == [FIX]
            writer.close()
            await writer.wait_closed()
        async with udp_edge(inbox) as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as terminal:
                terminal.sendto(octets, ("127.0.0.1", port))
            assert (await next_arrival(inbox)).positions == [FIX]

    uvloop.run(journey())
