"""The queue's worker over a real database, with carriers that do as they please."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import asyncpg
import pytest

from ingest.commands.carrier import Carrier, Said, Way
from ingest.commands.worker import AT_ONCE_EACH, run_commands
from store.journal.entries import Kind, append
from tests.commands.street import (
    ask,
    detail_of,
    register_lamp,
    state_of,
    steps_of,
    until_state,
    utc_now,
)
from tests.ingest.registry import register, snapshot_of
from tests.simulators.playing import playing
from vocabulary.command import Command, Interval, Switch
from vocabulary.device import Device, Gateway

pytestmark = pytest.mark.db

Say = Callable[[Command, Device], Said | asyncio.Event]


class Whim:
    """A carrier and the ways to it: says what a function says, or waits."""

    may_repeat = True

    def __init__(self, say: Say) -> None:
        self.said: list[str] = []
        self.at_once = 0
        self._say = say

    def to(self, gateway: Gateway) -> Carrier | None:
        return None if gateway.code == "MUTE" else self

    async def say(self, command: Command, device: Device, gateway: Gateway) -> Said:
        self.said.append(command.id)
        answer = self._say(command, device)
        if isinstance(answer, asyncio.Event):
            self.at_once += 1
            await answer.wait()
            return Said(way=Way.AWAY, detail=gateway.code)
        return answer


@asynccontextmanager
async def working(
    dsn: str, connection: asyncpg.Connection, whim: Whim
) -> AsyncIterator[None]:
    """Let a worker work, and the journal tick."""
    snapshot = await snapshot_of(dsn)

    async def tick() -> None:
        while True:
            await append(connection, Kind.TICK, b"", at=utc_now())
            await asyncio.sleep(0.1)

    async with (
        playing(run_commands(dsn, lambda: snapshot, whim, clock=utc_now)),
        playing(tick()),
    ):
        yield


@pytest.fixture
async def ticker(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


async def test_a_line_that_is_gone_does_not_hold_up_the_others(
    database_url: str, connection: asyncpg.Connection, ticker: asyncpg.Connection
) -> None:
    count = AT_ONCE_EACH + 4
    await register(database_url, "SLOW", [str(n) for n in range(count)])
    await register_lamp(database_url, "QUICK")
    gone = asyncio.Event()
    whim = Whim(
        lambda _, device: Said(way=Way.SENT) if device.gateway == "QUICK" else gone
    )
    for n in range(count):
        await ask(connection, f"SLOW {n}", Interval(interval_s=60))
    async with asyncio.timeout(300), working(database_url, ticker, whim):
        quick = await ask(connection, "QUICK", Switch(on=True))
        await until_state(connection, quick, "sent")
        assert whim.at_once == AT_ONCE_EACH
        gone.set()


async def test_what_a_carrier_cannot_do_or_trips_over_is_refused_and_said(
    database_url: str, connection: asyncpg.Connection, ticker: asyncpg.Connection
) -> None:
    for code in ("MUTE", "TRIP"):
        await register_lamp(database_url, code)

    def trip(_: Command, device: Device) -> Said:
        raise ZeroDivisionError(device.code)

    async with asyncio.timeout(300), working(database_url, ticker, Whim(trip)):
        commands = [await ask(connection, c, Switch(on=True)) for c in ("MUTE", "TRIP")]
        for command in commands:
            await until_state(connection, command, "refused")
    details = [await detail_of(connection, command) for command in commands]
    assert details == [
        "nothing can be said to MUTE (mqtt)",
        "our fault: ZeroDivisionError('TRIP')",
    ]


async def test_one_device_is_told_one_thing_at_a_time_in_the_order_of_asking(
    database_url: str, connection: asyncpg.Connection, ticker: asyncpg.Connection
) -> None:
    await register_lamp(database_url, "LAMP")
    whim = Whim(lambda *_: Said(way=Way.SENT, detail="to somebody"))
    first = await ask(connection, "LAMP", Switch(on=True))
    second = await ask(connection, "LAMP", Switch(on=False))
    async with asyncio.timeout(300), working(database_url, ticker, whim):
        await until_state(connection, first, "sent")
        before = await connection.fetchval("SELECT seq FROM journal_head")
        while await connection.fetchval("SELECT seq FROM journal_head") < before + 5:  # noqa: ASYNC110 - another connection
            await asyncio.sleep(0.02)
        assert await state_of(connection, second) == "queued"
        assert whim.said == [first]


async def test_what_was_not_said_counts_as_never_said_and_is_tried_again(
    database_url: str, connection: asyncpg.Connection, ticker: asyncpg.Connection
) -> None:
    await register_lamp(database_url, "LAMP")
    answers = [Said(way=Way.AWAY, detail="no link"), Said(way=Way.ACKED)]
    whim = Whim(lambda *_: answers.pop(0))
    async with asyncio.timeout(300), working(database_url, ticker, whim):
        command = await ask(connection, "LAMP", Switch(on=True))
        while await detail_of(connection, command) != "no link":  # noqa: ASYNC110 - another connection
            await asyncio.sleep(0.02)
        never_said = "SELECT tries = 0 AND tried_at IS NULL FROM command"
        assert await connection.fetchval(never_said)
        await until_state(connection, command, "acked")
    assert await steps_of(connection, command) == ["queued", "sent", "acked"]
