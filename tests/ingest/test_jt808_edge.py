"""Terminals on real sockets on the loopback, with tokens in a real database."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import uvloop

from devices.registry.snapshot import Snapshot
from gezhi.stack.loopback import free_port
from ingest.arrival import Arrival, EdgeChange, Inbox
from ingest.jt808_edge import serve_jt808_tcp, serve_jt808_udp
from ingest.jt808_exchange import Exchange
from ingest.jt808_identities import Identities
from ingest.jt808_limits import Doors, Limits
from ingest.jt808_lines import Lines
from ingest.protocols.jt808 import (
    Authentication,
    BatchKind,
    Deregistration,
    Edition,
    Heartbeat,
    Jt808Stream,
    Location,
    Message,
    PlatformReply,
    Registered,
    RegistrationReply,
    Result,
    TextFlag,
    TextMessage,
    Unknown,
    batch_of,
    encode,
    location_of,
)
from tests.ingest.jt808_line import (
    ADDRESS,
    PHONE,
    PHONE_2019,
    Line,
    line_to,
    registration,
)
from tests.ingest.registry import register, snapshot_of
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.refusal import Reason

pytestmark = pytest.mark.db

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
FIX = Position(
    device=ADDRESS,
    fixed_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
    lon=111.00125,
    lat=35.02,
    speed_kmh=28.4,
    course_deg=90.0,
    altitude_m=372.0,
    satellites=14,
    inputs=1,
)
REPORT = location_of(FIX)
NOWHERE = replace(REPORT, lat_e6=116_000_000)


class Edge:
    """A listener, what it hands on, and the registry it knows."""

    def __init__(self, inbox: Inbox, snapshot: Snapshot) -> None:
        self.inbox = inbox
        self.snapshot = snapshot
        self.lines = Lines()
        self.port = 0

    async def arrival(self) -> Arrival:
        """Wait for the next arrival."""
        while True:
            item = await self.inbox.get()
            if isinstance(item, Arrival):
                return item

    def has_arrived(self) -> bool:
        return not self.inbox.empty()


@asynccontextmanager
async def edge(
    pool: asyncpg.Pool,
    snapshot: Snapshot,
    *,
    limits: Limits | None = None,
    inbox_size: int = 100,
    by_datagram: bool = False,
) -> AsyncIterator[Edge]:
    listener = Edge(asyncio.Queue(maxsize=inbox_size), snapshot)
    exchange = Exchange(
        identities=Identities(pool, lambda: listener.snapshot, clock=lambda: NOW),
        lines=listener.lines,
        doors=Doors(limits or Limits()),
        inbox=listener.inbox,
        clock=lambda: NOW,
        answered=lambda _device, _message: None,
    )
    serve: Callable[..., Coroutine[None, None, None]] = (
        serve_jt808_udp if by_datagram else serve_jt808_tcp
    )
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = tasks.create_task(
            serve("127.0.0.1", 0, exchange=exchange, on_bound=bound.set_result)
        )
        listener.port = await bound
        change = await listener.inbox.get()
        assert isinstance(change, EdgeChange)
        assert (change.edge, change.gateway, change.up) == ("jt808", "", True)
        yield listener
        assert not serving.done()
        serving.cancel()


@pytest.fixture
async def snapshot(database_url: str) -> Snapshot:
    await register(database_url, "VEHICLES", [ADDRESS], transport="jt808")
    return await snapshot_of(database_url)


def stored(arrival: Arrival) -> None:
    """Play the intake that has committed an arrival."""
    assert arrival.committed
    arrival.committed()


async def test_a_terminal_registers_proves_itself_and_reports_under_its_address(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    for phone, edition in (
        (PHONE, Edition.OF_2013),
        (PHONE_2019, Edition.OF_2019),
    ):
        async with (
            edge(pool, snapshot) as listener,
            line_to(listener.port, phone=phone, edition=edition) as line,
        ):
            await line.log_in()
            line.say(REPORT)
            arrival = await listener.arrival()
            assert arrival.positions == [FIX]
            assert arrival.transport is Transport.JT808
            assert arrival.gateway == "VEHICLES"
            assert arrival.received_at == NOW


async def test_a_report_is_answered_once_it_is_stored_and_not_before(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        report = line.say(REPORT)
        arrival = await listener.arrival()
        heartbeat = line.say(Heartbeat())
        assert (await line.reply()).answered == heartbeat  # it has overtaken
        stored(arrival)
        reply = await line.reply()
        assert reply == PlatformReply(
            answered=report, answered_id=0x0200, result=Result.OK
        )


async def test_each_sub_package_is_answered_once_the_whole_is_stored(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    reports = [
        location_of(replace(FIX, fixed_at=FIX.fixed_at + timedelta(seconds=n)))
        for n in range(50)
    ]
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        first = line.say(batch_of(reports, BatchKind.BLIND_AREA))
        assert line.serial - first > 1
        arrival = await listener.arrival()
        assert len(arrival.positions) == 50
        stored(arrival)
        for serial in range(first, line.serial):
            assert (await line.reply()).answered == serial


async def test_an_unregistered_terminal_is_refused_and_kept_in_quarantine(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with (
        edge(pool, snapshot) as listener,
        line_to(listener.port, phone="013900000009") as line,
    ):
        line.say(registration())
        body = (await line.hear()).body
        assert isinstance(body, RegistrationReply)
        assert (body.result, body.token) == (Registered.NO_SUCH_TERMINAL, "")
        line.say(REPORT)
        for expected in (0x0100, 0x0200):
            arrival = await listener.arrival()
            (refusal,) = arrival.refusals
            assert refusal.reason is Reason.UNKNOWN_DEVICE
            assert refusal.identity == "013900000009"
            assert refusal.octets[1:3] == expected.to_bytes(2, "big")
            assert not arrival.positions
            stored(arrival)
        reply = await line.reply()
        assert (reply.answered_id, reply.result) == (0x0200, Result.FAILED)


async def test_a_report_before_the_proof_is_refused(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.register()
        line.say(REPORT)
        arrival = await listener.arrival()
        (refusal,) = arrival.refusals
        assert refusal.reason is Reason.UNKNOWN_IDENTITY
        assert not arrival.positions
        stored(arrival)
        assert (await line.reply()).result == Result.FAILED


async def test_only_the_last_token_proves_anything_and_only_its_hash_is_kept(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        old, new = await line.register(), await line.register()
        assert old != new
        for wrong in (old, "", new[:-1], new + "x"):
            line.say(Authentication(token=wrong))
            arrival = await listener.arrival()
            (refusal,) = arrival.refusals
            assert (refusal.reason, refusal.octets) == (Reason.UNKNOWN_IDENTITY, b"")
            stored(arrival)
            assert (await line.reply()).result == Result.FAILED
        assert await line.prove(new) is Result.OK
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        assert await line.prove(new) is Result.OK
    row = await pool.fetchrow("SELECT * FROM terminal_token")
    assert row
    assert row["maker"] == "GEZHI"
    assert new not in repr(dict(row))


async def test_a_terminal_cannot_prove_itself_with_anothers_token(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await register(
        database_url, "VEHICLES", [ADDRESS, "13900000002"], transport="jt808"
    )
    snapshot = await snapshot_of(database_url)
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        token = await line.register()
        line.phone = "013900000002"
        line.say(Authentication(token=token))
        stored(await listener.arrival())
        assert (await line.reply()).result == Result.FAILED


async def test_of_two_lines_of_one_terminal_the_last_stays(
    pool: asyncpg.Pool, snapshot: Snapshot, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        edge(pool, snapshot) as listener,
        line_to(listener.port) as first,
        line_to(listener.port) as second,
    ):
        token = await first.log_in()
        assert await second.prove(token) is Result.OK
        assert await first.is_closed()
        second.say(Heartbeat())
        assert (await second.reply()).result == Result.OK
        assert len(listener.lines) == 1
    assert "is on two lines" in caplog.text


async def test_whoever_deregisters_is_a_stranger_again(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        token = await line.log_in()
        line.say(Deregistration())
        assert (await line.reply()).result == Result.OK
        line.say(Heartbeat())
        stored(await listener.arrival())
        assert (await line.reply()).result == Result.FAILED
        line.say(Authentication(token=token))
        stored(await listener.arrival())
        assert (await line.reply()).result == Result.FAILED
        assert len(listener.lines) == 0


async def test_a_terminal_that_is_registered_no_longer_is_a_stranger(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        listener.snapshot = Snapshot(version=99, gateways=snapshot.gateways)
        line.say(REPORT)
        arrival = await listener.arrival()
        assert arrival.refusals[0].reason is Reason.UNKNOWN_DEVICE
        assert not arrival.positions


async def test_a_line_speaks_for_no_other_terminal(
    pool: asyncpg.Pool, database_url: str
) -> None:
    await register(
        database_url, "VEHICLES", [ADDRESS, "13900000002"], transport="jt808"
    )
    snapshot = await snapshot_of(database_url)
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        line.phone = "013900000002"
        line.say(REPORT)
        arrival = await listener.arrival()
        (refusal,) = arrival.refusals
        assert (refusal.reason, refusal.identity, refusal.gateway) == (
            Reason.UNKNOWN_IDENTITY,
            "013900000002",
            "",
        )


@pytest.mark.parametrize(
    ("body", "result", "reasons"),
    [
        (replace(REPORT, status=REPORT.status & ~2), Result.OK, []),
        (NOWHERE, Result.MALFORMED, [Reason.BAD_POSITION]),
        (
            batch_of([REPORT, NOWHERE], BatchKind.USUAL),
            Result.OK,
            [Reason.BAD_POSITION],
        ),
        (Unknown(0x0200, b"\0" * 27), Result.MALFORMED, [Reason.BAD_LENGTH]),
        (Unknown(0x0900, b"\1"), Result.UNSUPPORTED, [Reason.UNKNOWN_MESSAGE]),
        (
            TextMessage(flags=TextFlag.URGENT, text="x"),
            Result.UNSUPPORTED,
            [Reason.UNKNOWN_MESSAGE],
        ),
    ],
    ids=["no fix", "nowhere", "half a batch", "too short", "unknown", "ours"],
)
async def test_what_becomes_of_a_message_is_what_it_is_answered(
    pool: asyncpg.Pool,
    snapshot: Snapshot,
    body: Location,
    result: Result,
    reasons: list[Reason],
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        serial = line.say(body)
        if reasons:
            arrival = await listener.arrival()
            assert [refusal.reason for refusal in arrival.refusals] == reasons
            assert arrival.refusals[0].identity == ADDRESS
            stored(arrival)
        reply = await line.reply()
        assert (reply.answered, reply.result) == (serial, result)
        assert not listener.has_arrived()


async def test_a_bad_frame_does_not_stop_its_neighbours(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        await line.log_in()
        line.writer.write(b"\x7e\x02\x00\x00\x7e\xff\xff\x7e")
        line.say(REPORT)
        arrivals = [await listener.arrival()]
        while not arrivals[-1].positions:
            arrivals.append(await listener.arrival())
        refusals = [refusal for arrival in arrivals for refusal in arrival.refusals]
        assert {refusal.reason for refusal in refusals} == {
            Reason.BAD_CHECKSUM,
            Reason.BAD_LENGTH,
        }


async def test_who_does_not_say_who_it_is_is_hung_up_on_in_time(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with (
        edge(pool, snapshot, limits=Limits(login_s=0.2)) as listener,
        line_to(listener.port) as silent,
        line_to(listener.port) as wordy,
    ):
        wordy.writer.write(b"\x7e")
        assert await silent.is_closed()
        assert await wordy.is_closed()


async def test_octet_after_octet_gains_nobody_time(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    limits = Limits(login_s=0.3, idle_s=0.3)
    async with (
        edge(pool, snapshot, limits=limits) as listener,
        line_to(listener.port) as stranger,
        line_to(listener.port) as known,
        asyncio.TaskGroup() as tasks,
    ):
        await known.log_in()
        for line in (stranger, known):
            dripping = tasks.create_task(drip(line))
            assert await line.is_closed()
            dripping.cancel()


async def drip(line: Line) -> None:
    while True:
        line.writer.write(b"\x7e\x30")  # empty frames and halves of frames
        await asyncio.sleep(0.02)


async def test_a_full_inbox_slows_a_terminal_and_does_not_cost_it_the_line(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    limits = Limits(idle_s=0.3)
    async with (
        edge(pool, snapshot, limits=limits, inbox_size=1) as listener,
        line_to(listener.port) as line,
    ):
        await line.log_in()
        for n in range(3):
            report = replace(FIX, fixed_at=FIX.fixed_at + timedelta(seconds=n))
            line.say(location_of(report))
            await line.writer.drain()
            await asyncio.sleep(0.02)
        await asyncio.sleep(1.0)  # three times as long as it may be idle
        got = 0
        while got < 3:
            arrival = await listener.arrival()
            got += len(arrival.positions)
            stored(arrival)
        for _ in range(3):
            assert (await line.reply()).result == Result.OK


async def test_an_address_has_so_many_lines_and_no_more(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    limits = Limits(strangers_per_address=2)
    async with (
        edge(pool, snapshot, limits=limits) as listener,
        line_to(listener.port) as first,
        line_to(listener.port),
    ):
        async with line_to(listener.port) as third:
            assert await third.is_closed()
        await first.log_in()  # no stranger any more
        async with line_to(listener.port) as fourth:
            await fourth.register()


async def test_a_stranger_may_send_so_much_rubbish_and_no_more(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    limits = Limits(faults=3)
    async with edge(pool, snapshot, limits=limits) as listener:
        async with line_to(listener.port) as line:
            line.writer.write(b"\x7eabc\x7e" * 4)
            assert await line.is_closed()
        assert len((await listener.arrival()).refusals) == 4


async def test_a_stranger_may_try_so_many_tokens_and_no_more(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    limits = Limits(logins=3)
    async with (
        edge(pool, snapshot, limits=limits) as listener,
        line_to(listener.port) as line,
    ):
        for _ in range(4):
            line.say(Authentication(token="guess"))  # noqa: S106 - a wrong one
        assert await line.is_closed()


async def test_who_speaks_something_else_is_kept_once(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        line.writer.write(b"GET / HTTP/1.1\r\n\r\n")
        line.writer.write_eof()
        arrival = await listener.arrival()
    (refusal,) = arrival.refusals
    assert refusal.reason is Reason.BAD_FRAME
    assert refusal.octets == b"GET / HTTP/1.1\r\n\r\n"


async def test_a_fast_sender_is_slowed_and_loses_nothing(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    # Thirty batches of a kilobyte, ten kilobytes at once: two seconds at the least.
    limits = Limits(octets_per_s=10_000, burst=10_000)
    batch = batch_of([REPORT] * 30, BatchKind.USUAL)
    loop = asyncio.get_running_loop()
    async with (
        edge(pool, snapshot, limits=limits) as listener,
        line_to(listener.port) as line,
    ):
        await line.log_in()
        began_s = loop.time()
        for _ in range(30):
            line.say(batch)
            await line.writer.drain()
            await asyncio.sleep(0)
        got = 0
        while got < 900:
            got += len((await listener.arrival()).positions)
        line.say(Heartbeat())
        assert (await line.reply()).result == Result.OK
        assert loop.time() - began_s > 1.5


async def test_while_the_database_is_away_terminals_must_call_again(
    snapshot: Snapshot,
) -> None:
    nobody = f"postgresql://gezhi@127.0.0.1:{free_port()}/gezhi"
    async with (
        asyncpg.create_pool(nobody, min_size=0, max_size=1) as away,
        edge(away, snapshot) as listener,
        line_to(listener.port) as line,
    ):
        line.say(registration())
        assert await line.is_closed()


def test_it_runs_on_uvloop(database_url: str) -> None:
    async def journey() -> None:
        await register(database_url, "VEHICLES", [ADDRESS], transport="jt808")
        snapshot = await snapshot_of(database_url)
        async with (
            asyncpg.create_pool(database_url, min_size=0) as pool,
            edge(pool, snapshot) as listener,
        ):
            async with line_to(listener.port) as line:
                await line.log_in()
                line.say(REPORT)
                arrival = await listener.arrival()
                stored(arrival)
                assert (await line.reply()).result == Result.OK
            stored(arrival)  # the line is closed; nothing happens

    uvloop.run(journey())


class Datagrams:
    """A terminal that sends datagrams."""

    def __init__(self, port: int) -> None:
        self.listener = ("127.0.0.1", port)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)  # noqa: FBT003 - the standard library's own form
        self.serial = 0

    def say(self, *bodies: Authentication | Heartbeat | Location) -> None:
        frames = b""
        for body in bodies:
            (frame,) = encode(
                body, terminal=PHONE, serial=self.serial, edition=Edition.OF_2013
            )
            self.serial += 1
            frames += frame
        self.socket.sendto(frames, self.listener)

    async def reply(self) -> PlatformReply:
        loop = asyncio.get_running_loop()
        (message,) = Jt808Stream().receive_data(await loop.sock_recv(self.socket, 4096))
        assert isinstance(message, Message)
        assert isinstance(message.body, PlatformReply)
        return message.body


async def test_a_terminal_reports_by_datagram_from_where_it_proved_itself(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot) as listener, line_to(listener.port) as line:
        token = await line.register()
    async with edge(pool, snapshot, by_datagram=True) as listener:
        terminal, other = Datagrams(listener.port), Datagrams(listener.port)
        terminal.say(Authentication(token=token), Heartbeat())
        loop = asyncio.get_running_loop()
        for expected in (0x0102, 0x0002):
            reply = await terminal.reply()
            assert (reply.answered_id, reply.result) == (expected, Result.OK)
        terminal.say(REPORT)
        arrival = await listener.arrival()
        assert arrival.positions == [FIX]
        stored(arrival)
        assert (await terminal.reply()).answered_id == 0x0200
        other.say(REPORT)
        arrival = await listener.arrival()
        assert arrival.refusals[0].reason is Reason.UNKNOWN_IDENTITY
        stored(arrival)
        assert (await other.reply()).result == Result.FAILED
        for each in (terminal, other):
            each.socket.close()
        assert loop.is_running()


async def test_half_a_datagram_takes_no_later_one_with_it(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with edge(pool, snapshot, by_datagram=True) as listener:
        terminal = Datagrams(listener.port)
        terminal.socket.sendto(b"\x7e\x00\x02", terminal.listener)
        assert (await listener.arrival()).refusals[0].reason is Reason.BAD_FRAME
        terminal.say(Heartbeat())
        assert (await listener.arrival()).refusals[0].reason is Reason.UNKNOWN_IDENTITY
        terminal.socket.close()


async def test_senders_of_datagrams_are_forgotten_in_time(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    limits = Limits(login_s=0.1, strangers_per_address=1)
    async with edge(pool, snapshot, limits=limits, by_datagram=True) as listener:
        first, second = Datagrams(listener.port), Datagrams(listener.port)
        first.say(Heartbeat())
        await listener.arrival()
        while not listener.has_arrived():
            second.say(Heartbeat())  # lost, until there is room
            await asyncio.sleep(0.02)
        arrival = await listener.arrival()
        assert arrival.peer.endswith(f":{second.socket.getsockname()[1]}")
        for each in (first, second):
            each.socket.close()
