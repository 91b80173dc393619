"""Two terminals, a real ingest process killed again and again, a real database."""

import asyncio
import contextlib
import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from ingest.protocols.jt808 import Edition
from ingest.protocols.jt808.beijing_time import time_from
from simulators.jt808_terminal import Habits, Jt808Terminal, TerminalFacts
from store.journal.body import positions_from
from store.journal.entries import Kind, read
from tests.ingest.registry import register
from tests.ingest.test_kill import ingest_process
from tests.ports import free_port
from vocabulary.position import Position
from vocabulary.times import us_from_datetime

pytestmark = [pytest.mark.db, pytest.mark.broker]

KILLS = 5
PHONES = {"13900000001": Edition.OF_2013, "13900000002": Edition.OF_2019}
START = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=2)  # noqa: TID251 - the intake judges clocks by its own
HABITS = Habits(reply_s=5.0, pause_s=0.05, batch=20)

WAITING = 300
"""Reports a terminal has waiting at most: a second of START each, and START is only two
hours ago, so that on a slow machine they would come to lie in the future."""

Key = tuple[str, int]
"""A terminal's address, and seconds after START."""


def fix_of(phone: str, second: int) -> Position:
    return Position(
        device=phone,
        fixed_at=START + timedelta(seconds=second),
        lon=111.0 + second * 1e-6,
        lat=35.02,
        speed_kmh=30.0,
        satellites=12,
        inputs=1,
    )


async def keep_reporting(
    terminal: Jt808Terminal, phone: str, reported: list[Key]
) -> None:
    while True:
        if len(terminal.memory.kept) < WAITING:
            reported.append((phone, len(reported)))
            terminal.report(fix_of(phone, len(reported) - 1))
        await asyncio.sleep(0.01)


async def stored(connection: asyncpg.Connection) -> Counter[Key]:
    rows = await connection.fetch(
        "SELECT device.address, fixed_at FROM position"
        " JOIN device ON device.id = position.device_id"
    )
    return Counter((row[0], round((row[1] - START).total_seconds())) for row in rows)


async def journaled(connection: asyncpg.Connection) -> Counter[Key]:
    rows = await connection.fetch("SELECT id, address FROM device")
    address = {row["id"]: row["address"] for row in rows}
    zero = us_from_datetime(START)
    found: Counter[Key] = Counter()
    after = 0
    while entries := await read(connection, after=after, limit=500):
        after = entries[-1].seq
        for entry in entries:
            if entry.kind is Kind.POSITIONS:
                fixes = positions_from(entry.body, 0)
                seconds = (fixes.fixed_us - zero) // 1_000_000
                ids = fixes.device_id.tolist()
                found.update(
                    (address[i], s) for i, s in zip(ids, seconds.tolist(), strict=True)
                )
    return found


def unanswered(terminals: dict[str, Jt808Terminal]) -> int:
    return sum(len(terminal.memory.kept) for terminal in terminals.values())


def answered(
    terminals: dict[str, Jt808Terminal], reported: dict[str, list[Key]]
) -> set[Key]:
    """Return the reports that a terminal was answered, and has forgotten."""
    kept = {
        (phone, round((time_from(location.time) - START).total_seconds()))
        for phone, terminal in terminals.items()
        for location in terminal.memory.kept.values()
    }
    return {key for keys in reported.values() for key in keys} - kept


async def test_of_kills_at_random_moments_no_answered_report_is_lost_and_none_doubled(
    database_url: str, broker: Broker, unique: str
) -> None:
    await register(database_url, "VEHICLES", list(PHONES), transport="jt808")
    port = free_port()
    terminals = {
        phone: Jt808Terminal(
            TerminalFacts(phone=phone, plate="", edition=edition),
            listener=("127.0.0.1", port),
            habits=HABITS,
        )
        for phone, edition in PHONES.items()
    }
    reported: dict[str, list[Key]] = {phone: [] for phone in PHONES}
    connection = await asyncpg.connect(database_url)
    chance = random.Random(808)  # noqa: S311 - a test's own, the same each time
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        playing = [tasks.create_task(each.run()) for each in terminals.values()]
        reporting = [
            tasks.create_task(keep_reporting(each, phone, reported[phone]))
            for phone, each in terminals.items()
        ]
        for _ in range(KILLS):
            before = await connection.fetchval("SELECT count(*) FROM position")
            async with process(database_url, broker, unique, port):
                query = "SELECT count(*) FROM position"
                while await connection.fetchval(query) <= before:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(0.02)
                await asyncio.sleep(chance.random() * 0.5)
            # Whatever a terminal was answered is there, though nobody is any more.
            assert answered(terminals, reported) <= set(await stored(connection))
        for task in reporting:
            task.cancel()
        async with process(database_url, broker, unique, port):
            while unanswered(terminals):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        for task in playing:
            task.cancel()
    everything = Counter(key for keys in reported.values() for key in keys)
    assert await stored(connection) == everything
    assert await journaled(connection) == everything
    assert all(terminal.calls > KILLS for terminal in terminals.values())
    refused = await connection.fetchval("SELECT count(*) FROM quarantine")
    assert refused == 0
    await connection.close()


def process(
    dsn: str, broker: Broker, unique: str, port: int
) -> contextlib.AbstractAsyncContextManager[asyncio.subprocess.Process]:
    return ingest_process(dsn, broker.ingest_url, unique, str(port))


async def test_a_blind_area_comes_in_batches_once_there_is_a_line(
    database_url: str, broker: Broker, unique: str
) -> None:
    phone = "13900000001"
    await register(database_url, "VEHICLES", [phone], transport="jt808")
    port = free_port()
    facts = TerminalFacts(phone=phone, plate="")
    terminal = Jt808Terminal(facts, listener=("127.0.0.1", port), habits=HABITS)
    for second in range(500):
        terminal.report(fix_of(phone, second))
    connection = await asyncpg.connect(database_url)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(terminal.run())
        async with process(database_url, broker, unique, port):
            while terminal.memory.kept:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        playing.cancel()
    assert await stored(connection) == Counter((phone, n) for n in range(500))
    fix = await connection.fetchrow(
        "SELECT lon_e7, lat_e7, speed_kmh, satellites, inputs FROM position"
        " ORDER BY fixed_at LIMIT 1"
    )
    assert fix is not None
    assert tuple(fix) == (1_110_000_000, 350_200_000, 30.0, 12, 1)
    await connection.close()


async def test_an_unregistered_terminal_ends_in_quarantine_in_one_row(
    database_url: str, broker: Broker, unique: str
) -> None:
    await register(database_url, "VEHICLES", ["13900000001"], transport="jt808")
    port = free_port()
    facts = TerminalFacts(phone="13900000009", plate="")
    terminal = Jt808Terminal(facts, listener=("127.0.0.1", port), habits=HABITS)
    terminal.report(fix_of("13900000009", 0))
    connection = await asyncpg.connect(database_url)
    query = "SELECT reason, transport, gateway, identity, count FROM quarantine"
    twice = "SELECT EXISTS (SELECT FROM quarantine WHERE count > 1)"
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        playing = tasks.create_task(terminal.run())
        async with process(database_url, broker, unique, port):
            while not await connection.fetchval(twice):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.02)
        playing.cancel()
    (row,) = await connection.fetch(query)
    assert tuple(row)[:4] == ("unknown-device", "jt808", "", "013900000009")
    assert terminal.memory.kept
    await connection.close()
