import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
import orjson
import pytest

from gezhi.stack.postgres import Cluster
from ingest.arrival import Arrival, EdgeChange, named_readings
from ingest.inbox import Inbox
from ingest.intake import run_intake
from store.journal.entries import Entry, Kind, read
from store.migrate import migrate
from store.quarantine.refused import quarantined
from tests.ingest.registry import register, snapshot_of
from tests.ingest.test_retry import until_somebody_waits
from vocabulary.device import Transport
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.times import Clock

pytestmark = pytest.mark.db

START = datetime(2026, 11, 21, 4, tzinfo=UTC)


def clock_from(start: datetime = START) -> Clock:
    """Return a clock that runs with the loop's from `start`."""
    loop = asyncio.get_running_loop()
    zero = loop.time()
    return lambda: start + timedelta(seconds=loop.time() - zero)


def arrival(
    *values: float,
    device: str = "MH-1",
    after_s: float = 0,
    committed: Callable[[], None] | None = None,
) -> Arrival:
    """Make an arrival of one tilt a second."""
    return Arrival(
        transport=Transport.MQTT,
        gateway="GW-1",
        peer="127.0.0.1:1883",
        received_at=START,
        readings=named_readings(
            Reading(
                device=device,
                quantity=Quantity.TILT_DEG,
                measured_at=START + timedelta(seconds=after_s + n),
                value=value,
            )
            for n, value in enumerate(values)
        ),
        positions=(),
        refusals=(),
        committed=committed,
    )


@asynccontextmanager
async def intake(
    dsn: str,
    inbox: Inbox,
    *,
    tick_s: float = 1000,
    max_wait_s: float = 0.01,
    worker: str = "",
) -> AsyncIterator[None]:
    """Run an intake for as long as the block lasts."""
    snapshot = await snapshot_of(dsn)
    async with asyncpg.create_pool(dsn, min_size=0, max_size=2) as pool:
        running = asyncio.create_task(
            run_intake(
                pool,
                inbox,
                lambda: snapshot,
                clock=clock_from(),
                tick_s=tick_s,
                max_wait_s=max_wait_s,
                worker=worker,
            )
        )
        try:
            yield
        finally:
            running.cancel()
            await asyncio.wait([running])
        assert running.cancelled()


async def put_and_wait(inbox: Inbox, *arrivals: Arrival) -> None:
    """Hand over arrivals and one more, and wait until that one is committed."""
    is_done = asyncio.Event()
    for each in arrivals:
        await inbox.put(each)
    await inbox.put(arrival(0, after_s=10_000, committed=is_done.set))
    await is_done.wait()


async def entries(dsn: str) -> list[Entry]:
    connection = await asyncpg.connect(dsn)
    try:
        return await read(connection, after=0, limit=1000)
    finally:
        await connection.close()


async def until(dsn: str, count: int) -> None:
    """Wait until the journal has so many entries."""
    while len(await entries(dsn)) < count:  # noqa: ASYNC110 - they are in the database
        await asyncio.sleep(0.01)


@pytest.fixture
async def dsn(database_url: str) -> str:
    await register(database_url, "GW-1", ["MH-1", "MH-2"])
    await register(database_url, "GW-2", ["MH-3"])
    return database_url


async def test_arrivals_are_acknowledged_in_order_and_only_once_committed(
    dsn: str,
) -> None:
    stored_when_told: list[tuple[int, int]] = []
    watcher = await asyncpg.connect(dsn)
    inbox = Inbox(10)
    told: list[int] = []
    async with asyncio.timeout(300), intake(dsn, inbox):
        first, second = (
            arrival(n, after_s=n, committed=partial(told.append, n)) for n in (1, 2)
        )
        await put_and_wait(inbox, first, second)
        stored_when_told.append(
            (len(told), await watcher.fetchval("SELECT count(*) FROM reading"))
        )
    await watcher.close()
    assert told == [1, 2]
    assert stored_when_told == [(2, 3)]


async def test_what_cannot_be_placed_goes_to_quarantine_and_is_acknowledged(
    dsn: str,
) -> None:
    inbox = Inbox(10)
    async with asyncio.timeout(300), intake(dsn, inbox):
        await put_and_wait(inbox, arrival(1, device="MH-9"), arrival(1, device="MH-3"))
    connection = await asyncpg.connect(dsn)
    rows = await quarantined(connection)
    count = await connection.fetchval("SELECT count(*) FROM reading")
    await connection.close()
    assert sorted((row.reason, row.identity) for row in rows) == [
        ("other-gateways-device", "MH-3"),
        ("unknown-device", "MH-9"),
    ]
    assert count == 1


async def test_the_journal_begins_and_ends_with_the_intake_itself(dsn: str) -> None:
    async with asyncio.timeout(300), intake(dsn, Inbox(10)):
        await until(dsn, 1)
    first, *_, last = await entries(dsn)
    assert (first.kind, last.kind) == (Kind.EDGE, Kind.EDGE)
    assert orjson.loads(first.body) == {
        "edge": "ingest",
        "gateway": "",
        "up": True,
        "detail": "started",
        "worker": "",
    }
    assert orjson.loads(last.body)["up"] is False


async def test_time_passes_in_the_journal_when_nothing_comes(dsn: str) -> None:
    async with asyncio.timeout(300), intake(dsn, Inbox(10), tick_s=0.05):
        await until(dsn, 5)
    first, *ticks, _ = await entries(dsn)
    assert {tick.kind for tick in ticks} == {Kind.TICK}
    steps = [b.received_at - a.received_at for a, b in itertools.pairwise(ticks)]
    assert min(steps) >= timedelta(seconds=0.04)
    assert first.received_at < ticks[0].received_at


async def test_repeats_alone_do_not_stop_the_ticks(dsn: str) -> None:
    inbox = Inbox(10)
    async with asyncio.timeout(300), intake(dsn, inbox, tick_s=0.05):
        while len(await entries(dsn)) < 6:
            await inbox.put(arrival(1))
            await asyncio.sleep(0.01)
    kinds = [entry.kind for entry in await entries(dsn)]
    assert kinds.count(Kind.READINGS) == 1
    assert kinds.count(Kind.TICK) >= 4


async def test_a_worker_says_that_it_is_there_whatever_else_it_has_to_say(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.intake.PRESENCE_S", 0.05)
    inbox, n = Inbox(10), 0
    async with asyncio.timeout(300), intake(dsn, inbox, tick_s=60, worker="one"):
        while len(await told_by(dsn, "one")) < 3:
            await inbox.put(arrival(n := n + 1, after_s=n))
            await asyncio.sleep(0.01)
    first, *_, last = await entries(dsn)
    assert [orjson.loads(each.body)["worker"] for each in (first, last)] == ["one"] * 2


async def told_by(dsn: str, worker: str) -> list[Entry]:
    found = await entries(dsn)
    return [
        each for each in found if (each.kind, each.body) == (Kind.TICK, worker.encode())
    ]


async def test_an_edges_change_stands_in_the_journal_where_it_came(dsn: str) -> None:
    change = EdgeChange(edge="mqtt", gateway="", up=False, detail="cut", at=START)
    inbox = Inbox(10)
    await inbox.put(arrival(1))
    await inbox.put(change)
    await inbox.put(arrival(2, after_s=1))
    async with asyncio.timeout(300), intake(dsn, inbox):
        await put_and_wait(inbox)
    kinds = [entry.kind for entry in await entries(dsn)][1:-1]
    assert kinds == [Kind.READINGS, Kind.EDGE, Kind.READINGS]


async def test_what_waits_becomes_one_batch(dsn: str) -> None:
    inbox = Inbox(100)
    for n in range(50):
        inbox.put_nowait(arrival(n, after_s=n))
    async with asyncio.timeout(300), intake(dsn, inbox):
        await put_and_wait(inbox)
    counts = [e.row_count for e in await entries(dsn) if e.kind is Kind.READINGS]
    assert counts == [51]


async def test_a_stopping_intake_stores_what_it_was_given(dsn: str) -> None:
    inbox = Inbox(100)
    async with asyncio.timeout(300), intake(dsn, inbox, max_wait_s=1000):
        await inbox.put(arrival(1))
        while not inbox.empty():  # noqa: ASYNC110 - there is no such signal
            await asyncio.sleep(0)
        await inbox.put(arrival(2, after_s=1))
    counts = [e.row_count for e in await entries(dsn) if e.kind is Kind.READINGS]
    assert counts == [2]


async def test_a_stopping_intake_stores_all_kinds_in_their_order_and_says_goodbye(
    dsn: str,
) -> None:
    inbox = Inbox(100)
    async with asyncio.timeout(300), intake(dsn, inbox, max_wait_s=1000):
        await inbox.put(arrival(1))
        await inbox.put(
            EdgeChange(edge="mqtt", gateway="GW-1", up=False, detail="", at=START)
        )
        await inbox.put(arrival(2, after_s=1))
        while not inbox.empty():  # noqa: ASYNC110 - there is no such signal
            await asyncio.sleep(0)
    last = [entry.kind for entry in await entries(dsn)][-4:]
    assert last == [Kind.READINGS, Kind.EDGE, Kind.READINGS, Kind.EDGE]


async def test_an_intake_stopped_as_it_begins_stores_what_it_has_and_says_goodbye(
    dsn: str,
) -> None:
    inbox, is_over = Inbox(10), asyncio.Event()
    await inbox.put(arrival(1))

    async def run() -> None:
        async with intake(dsn, inbox):
            await is_over.wait()

    holder, watcher = await asyncpg.connect(dsn), await asyncpg.connect(dsn)
    async with (
        asyncio.timeout(300),
        asyncio.TaskGroup() as tasks,
        holder.transaction(),
    ):
        await holder.execute("SELECT FROM journal_head FOR UPDATE")
        running = tasks.create_task(run())
        await until_somebody_waits(watcher, 1)
        is_over.set()
        while not (inbox.empty() or running.done()):  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
    await holder.close()
    await watcher.close()
    *_, stored, goodbye = await entries(dsn)
    assert (stored.kind, goodbye.kind) == (Kind.READINGS, Kind.EDGE)
    assert orjson.loads(goodbye.body)["up"] is False


async def test_the_database_may_go_and_come_back(own_cluster: Cluster) -> None:
    dsn = own_cluster.dsn()
    await migrate(dsn)
    await register(dsn, "GW-1", ["MH-1"])
    inbox = Inbox(2)
    told: list[int] = []
    async with asyncio.timeout(300), intake(dsn, inbox, tick_s=0.1, max_wait_s=0):
        await put_and_wait(inbox, arrival(0))
        await own_cluster.stop()
        waiting = [
            arrival(n, after_s=n, committed=partial(told.append, n))
            for n in range(1, 100)
        ]
        async with asyncio.TaskGroup() as tasks:
            putting = tasks.create_task(put_and_wait(inbox, *waiting))
            while not inbox.full():  # noqa: ASYNC110 - then a socket's reader waits
                await asyncio.sleep(0.01)
            assert told == []
            assert not putting.done()
            await own_cluster.start()
    assert told == list(range(1, 100))
    connection = await asyncpg.connect(dsn)
    values = await connection.fetch("SELECT value FROM reading ORDER BY measured_at")
    await connection.close()
    assert [row[0] for row in values] == [*range(100), 0]
    rows = [e.row_count for e in await entries(dsn) if e.kind is Kind.READINGS]
    assert sum(rows) == 101
