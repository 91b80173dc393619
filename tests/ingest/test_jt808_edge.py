"""Terminals on real sockets on the loopback, with tokens in a real database."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from ingest.jt808.limits import Limits
from ingest.protocols.jt808 import (
    Authentication,
    BatchKind,
    Heartbeat,
    Location,
    Result,
    TextFlag,
    TextMessage,
    Unknown,
    batch_of,
    location_of,
)
from tests.ingest.jt808_line import (
    ADDRESS,
    Line,
    line_to,
    registration,
)
from tests.ingest.jt808_listener import (
    FIX,
    NOWHERE,
    REPORT,
    edge,
    stored,
)
from tests.ports import free_port
from vocabulary.refusal import Reason

pytestmark = pytest.mark.db


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


@pytest.mark.parametrize("is_known", [False, True])
async def test_octet_after_octet_gains_nobody_time(
    pool: asyncpg.Pool, snapshot: Snapshot, *, is_known: bool
) -> None:
    # A terminal has time to log in; how long it is silent is looked at after that.
    limits = Limits(login_s=4 if is_known else 0.3, idle_s=0.3)
    async with (
        edge(pool, snapshot, limits=limits, inbox_size=10_000) as listener,
        line_to(listener.port) as line,
        asyncio.TaskGroup() as tasks,
    ):
        if is_known:
            await line.log_in()
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
