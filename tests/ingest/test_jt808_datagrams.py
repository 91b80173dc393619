"""JT/T 808 by datagram, and on the loop that production runs."""

import asyncio
import socket

import asyncpg
import pytest
import uvloop

from devices.registry.snapshot import Snapshot
from ingest.jt808.limits import Limits
from ingest.protocols.jt808 import (
    Authentication,
    Edition,
    Heartbeat,
    Jt808Stream,
    Location,
    Message,
    PlatformReply,
    Result,
    encode,
)
from tests.ingest.jt808_line import (
    ADDRESS,
    PHONE,
    line_to,
)
from tests.ingest.jt808_listener import (
    FIX,
    REPORT,
    edge,
    stored,
)
from tests.ingest.registry import register, snapshot_of
from vocabulary.refusal import Reason

pytestmark = pytest.mark.db


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
