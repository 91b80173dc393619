"""The simulated JT/T 808 terminal: what it keeps, and what it sends again."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from ingest.arrival import Arrival, EdgeChange
from ingest.jt808.serve import Jt808Ports, serve_jt808
from ingest.protocols.jt808 import (
    Authentication,
    Body,
    Edition,
    Jt808Stream,
    Message,
    PlatformReply,
    RegistrationReply,
    encode,
    location_of,
)
from simulators.jt808_memory import MOST_KEPT, InFlight, Memory
from simulators.jt808_terminal import TRIES, Habits, Jt808Terminal, TerminalFacts
from simulators.jt808_vehicles import run_vehicle_jt808
from tests.ingest.registry import register, snapshot_of
from tests.simulators.playing import now, playing, world
from vocabulary.position import Position

if TYPE_CHECKING:
    from ingest.inbox import Inbox

PHONE = "13900000001"


def fix(second: int = 0) -> Position:
    at = datetime(2026, 11, 21, 8, tzinfo=UTC) + timedelta(seconds=second)
    return Position(device=PHONE, fixed_at=at, lon=111.0, lat=35.0)


def test_what_is_answered_is_forgotten_and_nothing_else() -> None:
    memory = Memory()
    for second in range(3):
        memory.keep(location_of(fix(second)))
    memory.fly(7, InFlight(b"", (0, 1), 0.0, 1))
    assert memory.unsent() == [2]
    memory.land(8)
    assert len(memory.kept) == 3
    memory.land(7)
    assert list(memory.kept) == [2]


def test_what_was_in_flight_when_the_line_ended_is_to_be_sent_again() -> None:
    memory = Memory()
    memory.keep(location_of(fix()))
    memory.fly(7, InFlight(b"", (0,), 0.0, 1))
    memory.lose_line()
    assert memory.unsent() == [0]
    memory.land(7)  # an answer that comes too late
    assert memory.unsent() == [0]


def test_a_full_memory_lets_the_oldest_go_and_counts_it() -> None:
    memory = Memory()
    for second in range(MOST_KEPT + 2):
        memory.keep(location_of(fix(second)))
    assert (len(memory.kept), memory.dropped) == (MOST_KEPT, 2)
    assert next(iter(memory.kept)) == 2


class Platform:
    """Lets every terminal in, and answers no report."""

    def __init__(self) -> None:
        self.heard: list[list[Message]] = []
        self.came = asyncio.Event()
        self._serial = 0

    async def talk(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        messages: list[Message] = []
        self.heard.append(messages)
        stream = Jt808Stream()
        while data := await reader.read(4096):
            for item in stream.receive_data(data):
                assert isinstance(item, Message)
                messages.append(item)
                self.came.set()
                writer.write(self.answer(item))
        writer.close()

    def answer(self, message: Message) -> bytes:
        header = message.header
        reply: Body
        match header.message_id:
            case 0x0100:
                reply = RegistrationReply(
                    answered=header.serial,
                    result=0,
                    token="given",  # noqa: S106 - a test's own
                )
            case 0x0102:
                reply = PlatformReply(
                    answered=header.serial, answered_id=0x0102, result=0
                )
            case _:
                return b""
        self._serial += 1
        frames = encode(
            reply, terminal=PHONE, serial=self._serial, edition=Edition.OF_2013
        )
        return b"".join(frames)


async def test_after_some_reports_without_an_answer_a_terminal_calls_anew() -> None:
    platform = Platform()
    server = await asyncio.start_server(platform.talk, "127.0.0.1", 0)
    terminal = Jt808Terminal(
        TerminalFacts(phone=PHONE, plate=""),
        listener=("127.0.0.1", server.sockets[0].getsockname()[1]),
        habits=Habits(reply_s=0.5, pause_s=0.01),
    )
    terminal.report(fix())
    async with asyncio.timeout(300), server, playing(terminal.run()):
        while len(platform.heard) < 2 or len(platform.heard[1]) < 2:
            platform.came.clear()
            await platform.came.wait()
    first, second = platform.heard[:2]
    ids = [message.header.message_id for message in first]
    assert ids == [0x0100, 0x0102, *[0x0200] * TRIES]
    assert len({message.header.serial for message in first[2:]}) == 1
    assert second[0].body == Authentication(token="given")  # noqa: S106 - the same
    assert second[1].body == first[2].body


@pytest.mark.db
async def test_a_vehicle_of_the_city_drives_into_the_platform(
    database_url: str,
) -> None:
    played = world()
    await register(database_url, "VEHICLES", [PHONE], transport="jt808")
    snapshot = await snapshot_of(database_url)
    code = next(iter(played.town.beats))
    vehicle = replace(played.town.city.devices[code], address=PHONE)
    inbox: Inbox = asyncio.Queue()
    edge = serve_jt808(
        Jt808Ports(host="127.0.0.1", tcp=0, udp=None),
        dsn=database_url,
        registry=lambda: snapshot,
        inbox=inbox,
        clock=now,
    )
    fixes: list[Position] = []
    async with asyncio.timeout(300), playing(edge):
        change = await inbox.get()
        assert isinstance(change, EdgeChange)
        found = re.search(r"\d+$", change.detail)
        assert found
        listener = ("127.0.0.1", int(found[0]))
        player = run_vehicle_jt808(played, vehicle, listener=listener, clock=now)
        async with playing(player):
            while len(fixes) < 3:
                arrival = await inbox.get()
                assert isinstance(arrival, Arrival)
                assert arrival.committed
                arrival.committed()
                fixes += arrival.positions
    assert {each.device for each in fixes} == {PHONE}
    assert all(each.fixed_at.microsecond == 0 for each in fixes)  # as the wire has it
    assert fixes == sorted(fixes, key=lambda each: each.fixed_at)
    assert len({(each.lon, each.lat) for each in fixes}) == len(fixes)
    assert all(each.satellites for each in fixes)
