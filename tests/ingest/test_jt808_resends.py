"""Sub-packages that did not come are asked for, in time and not for ever."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from devices.registry.snapshot import Snapshot
from ingest.jt808.limits import Limits
from ingest.jt808.resends import Resends
from ingest.protocols.jt808 import (
    BatchKind,
    Edition,
    Heartbeat,
    PlatformReply,
    ResendRequest,
    Result,
    Unfinished,
    batch_of,
    encode,
    location_of,
)
from tests.ingest.jt808_line import PHONE, PHONE_2019, Line, line_to
from tests.ingest.jt808_listener import FIX, edge, stored

FIXES = [replace(FIX, fixed_at=FIX.fixed_at - timedelta(seconds=n)) for n in range(120)]
BATCH = batch_of([location_of(fix) for fix in FIXES], BatchKind.BLIND_AREA)
IN_TIME = Limits(resend_s=0.05, resends=2)


def unfinished(*missing: int, message_id: int = 0x0704) -> Unfinished:
    return Unfinished(
        terminal=PHONE, message_id=message_id, first_serial=7, missing=missing
    )


def asked(*numbers: int) -> ResendRequest:
    return ResendRequest(first_serial=7, numbers=numbers)


def test_each_sub_package_that_comes_gives_the_next_one_time() -> None:
    resends = Resends(after_s=10, most=2)
    resends.look([unfinished(2, 3)], 0)
    assert resends.due_s == 10
    assert resends.requests(9.9) == []
    resends.look([unfinished(3)], 8)
    assert resends.due_s == 18
    assert resends.requests(18) == [asked(3)]


def test_a_message_is_asked_about_so_often_and_no_more() -> None:
    resends = Resends(after_s=10, most=2)
    found = []
    for second in range(100):
        resends.look([unfinished(2)], second)
        found += [(second, each) for each in resends.requests(second)]
    assert found == [(10, asked(2)), (20, asked(2))]
    assert resends.due_s is None


def test_a_new_message_of_the_kind_is_waited_for_anew() -> None:
    resends = Resends(after_s=10, most=1)
    resends.look([unfinished(2)], 0)
    assert resends.requests(10) == [asked(2)]
    resends.look([unfinished(1, 3)], 20)
    assert resends.requests(30) == [asked(1, 3)]


def test_what_is_whole_is_forgotten() -> None:
    resends = Resends(after_s=10, most=1)
    resends.look([unfinished(2), unfinished(1, message_id=0x0801)], 0)
    resends.look([], 1)
    assert resends.due_s is None
    assert resends.requests(100) == []


def frames_of(line: Line) -> list[bytes]:
    """Make the sub-packages of a batch of fixes, with the line's next serials."""
    frames = encode(
        BATCH, terminal=line.phone, serial=line.serial, edition=line.edition
    )
    line.serial += len(frames)
    return frames


@pytest.mark.db
@pytest.mark.parametrize(
    ("edition", "phone"),
    [(Edition.OF_2013, PHONE), (Edition.OF_2019, PHONE_2019)],
    ids=["2013", "2019"],
)
async def test_a_lost_sub_package_is_asked_for_and_the_message_is_stored_whole(
    pool: asyncpg.Pool, snapshot: Snapshot, edition: Edition, phone: str
) -> None:
    async with (
        edge(pool, snapshot, limits=IN_TIME) as listener,
        line_to(listener.port, phone=phone, edition=edition) as line,
    ):
        await line.log_in()
        first = line.serial
        frames = frames_of(line)
        assert len(frames) >= 4
        lost = {2, len(frames)}
        for number, frame in enumerate(frames, 1):
            if number not in lost:
                line.writer.write(frame)
        request = (await line.hear()).body
        assert request == ResendRequest(first_serial=first, numbers=tuple(sorted(lost)))
        for number in sorted(lost):
            line.writer.write(frames[number - 1])
        arrival = await listener.arrival()
        assert len(arrival.positions) == len(FIXES)
        stored(arrival)
        answered: set[int] = set()
        while len(answered) < len(frames):
            body = (await line.hear()).body
            if isinstance(body, ResendRequest):
                continue  # it had asked once more before they came
            assert isinstance(body, PlatformReply)
            answered.add(body.answered)
    assert answered == {first + n for n in range(len(frames))}


@pytest.mark.db
async def test_a_terminal_that_does_not_send_again_is_asked_twice(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with (
        edge(pool, snapshot, limits=IN_TIME) as listener,
        line_to(listener.port) as line,
    ):
        await line.log_in()
        first = line.serial
        frames = frames_of(line)
        line.writer.write(frames[0])
        heard = [(await line.hear()).body for _ in range(2)]
        await asyncio.sleep(4 * IN_TIME.resend_s)  # for what must not come
        serial = line.say(Heartbeat())
        reply = await line.reply()
    missing = tuple(range(2, len(frames) + 1))
    assert heard == [ResendRequest(first_serial=first, numbers=missing)] * 2
    assert reply == PlatformReply(answered=serial, answered_id=2, result=Result.OK)


@pytest.mark.db
async def test_a_stranger_is_asked_for_nothing(
    pool: asyncpg.Pool, snapshot: Snapshot
) -> None:
    async with (
        edge(pool, snapshot, limits=IN_TIME) as listener,
        line_to(listener.port) as line,
    ):
        line.writer.write(frames_of(line)[0])
        await asyncio.sleep(4 * IN_TIME.resend_s)  # for what must not come
        assert await line.register()
