"""Wrong clocks, backlogs, repeats and clones through the intake into the database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from ingest.arrival import Arrival, named_readings
from ingest.inbox import Inbox
from ingest.intake import run_intake
from ingest.metrics import IngestMetrics
from ingest.quarantine.retry import retry
from store.journal.entries import read
from store.quarantine.refused import Quarantined, quarantined
from store.telemetry.batch import Writer
from store.telemetry.latest import fold_entries
from tests.ingest.registry import register, snapshot_of
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

pytestmark = pytest.mark.db

START = datetime(2026, 11, 21, 4, tzinfo=UTC)
EVERY = timedelta(minutes=1)
HOUR = timedelta(hours=1)

FAST, CORRECTED = int(Quality.FUTURE), int(Quality.CLOCK_CORRECTED)

Put = Callable[[Iterable[Arrival]], Awaitable[None]]


@asynccontextmanager
async def intake(dsn: str, metrics: IngestMetrics) -> AsyncIterator[Put]:
    """Run an intake for as long as the block lasts; it takes arrivals to commit."""
    await register(dsn, "GW-1", ["MH-1"], transport="nmea")
    snapshot, inbox, now = await snapshot_of(dsn), Inbox(10_000), [START]

    async def put(arrivals: Iterable[Arrival]) -> None:
        is_done = asyncio.Event()
        *others, last = arrivals
        now[0] = last.received_at
        for each in (*others, replace(last, committed=is_done.set)):
            await inbox.put(each)
        async with asyncio.timeout(300):
            await is_done.wait()

    async with asyncpg.create_pool(dsn, min_size=0, max_size=2) as pool:
        running = asyncio.create_task(
            run_intake(
                pool,
                inbox,
                lambda: snapshot,
                clock=lambda: now[0],
                tick_s=1000,
                max_wait_s=0.01,
                metrics=metrics,
            )
        )
        try:
            yield put
        finally:
            running.cancel()
            await asyncio.wait([running])


def heard(
    received_at: datetime,
    said_at: Sequence[datetime],
    *,
    peer: str = "10.0.0.1:5001",
    lon: float = 111.0,
) -> Arrival:
    """Make an arrival with a tilt and a fix at each time."""
    return Arrival(
        transport=Transport.NMEA,
        gateway="GW-1",
        peer=peer,
        received_at=received_at,
        readings=named_readings(
            Reading(device="MH-1", quantity=Quantity.TILT_DEG, measured_at=at, value=1)
            for at in said_at
        ),
        positions=[
            Position(device="MH-1", fixed_at=at, lon=lon, lat=35.0) for at in said_at
        ],
        refusals=(),
        committed=None,
    )


async def fold_latest(pool: asyncpg.Pool) -> tuple[datetime | None, datetime | None]:
    """Return the times of the latest reading and the latest fix."""
    async with pool.acquire() as connection:
        await fold_entries(connection, await read(connection, after=0, limit=10_000))
        return (
            await connection.fetchval("SELECT measured_at FROM last_reading"),
            await connection.fetchval("SELECT fixed_at FROM last_position"),
        )


async def rows_of(pool: asyncpg.Pool, table: str) -> list[tuple[datetime, int]]:
    at = {"reading": "measured_at", "position": "fixed_at"}[table]
    rows = await pool.fetch(
        f'SELECT {at}, quality FROM "{table}" ORDER BY received_at, {at}'  # noqa: S608 - ours
    )
    return [tuple(row) for row in rows]


async def refused(pool: asyncpg.Pool) -> list[Quarantined]:
    async with pool.acquire() as connection:
        return await quarantined(connection)


def counted(metrics: IngestMetrics, name: str, **labels: str) -> float:
    return metrics.registry.get_sample_value(name, labels) or 0.0


async def test_a_clock_eight_hours_fast_is_never_latest_and_then_lands_right(
    database_url: str, pool: asyncpg.Pool
) -> None:
    metrics = IngestMetrics()
    came = [START + n * EVERY for n in range(10)]
    async with intake(database_url, metrics) as put:
        await put(heard(at, [at + 8 * HOUR]) for at in came[:2])
        assert await fold_latest(pool) == (None, None)
        await put(heard(at, [at + 8 * HOUR]) for at in came[2:])
        # In eight hours the wrong times come true; nothing is left out for them.
        later = [at + 8 * HOUR for at in came]
        await put(heard(at, [at + 8 * HOUR]) for at in later)
    assert await fold_latest(pool) == (later[-1], later[-1])
    readings = dict(await rows_of(pool, "reading"))
    assert readings == dict.fromkeys((*came[2:], *later), CORRECTED)
    fixes = await rows_of(pool, "position")
    assert [at for at, quality in fixes if quality & CORRECTED] == [*came[2:], *later]
    assert (
        counted(metrics, "gezhi_ingest_doubts_total", kind="reading", doubt="future")
        == 2
    )
    assert (
        counted(metrics, "gezhi_ingest_rows_total", kind="reading", outcome="repeated")
        == 0
    )


@pytest.mark.parametrize(
    "said", [START.replace(year=2003), START - timedelta(weeks=1024)]
)
async def test_a_wrong_date_becomes_right_once_it_is_known_for_one(
    database_url: str, pool: asyncpg.Pool, said: datetime
) -> None:
    count = 15
    async with intake(database_url, IngestMetrics()) as put:
        await put(heard(START + n * EVERY, [said + n * EVERY]) for n in range(count))
    right = [START + n * EVERY for n in range(10, count)]
    rows = await rows_of(pool, "reading")
    assert [at for at, quality in rows if quality & CORRECTED] == right
    assert len(rows) == count


async def test_a_date_before_2000_waits_in_quarantine_until_it_is_known(
    database_url: str, pool: asyncpg.Pool
) -> None:
    said, count = START.replace(year=1926), 15
    async with intake(database_url, IngestMetrics()) as put:
        await put(heard(START + n * EVERY, [said + n * EVERY]) for n in range(count))
    right = [START + n * EVERY for n in range(10, count)]
    assert await rows_of(pool, "reading") == [(at, CORRECTED) for at in right]
    (row,) = await refused(pool)
    assert (row.reason, row.count) == ("impossible-time", 2 * 10)
    assert await fold_latest(pool) == (right[-1], right[-1])


async def test_a_backlog_of_thirteen_hours_is_stored_as_it_is(
    database_url: str, pool: asyncpg.Pool
) -> None:
    live = [START + n * EVERY for n in range(20)]
    back_at = live[-1] + 13 * HOUR
    kept = [live[-1] + n * EVERY for n in range(1, 13 * 60)]
    flood = [
        heard(back_at + timedelta(seconds=n), kept[at : at + 10])
        for n, at in enumerate(range(0, len(kept), 10))
    ]
    metrics = IngestMetrics()
    async with intake(database_url, metrics) as put:
        await put(heard(at, [at]) for at in live)
        await put([heard(back_at, [back_at]), *flood])
    rows = dict(await rows_of(pool, "reading"))
    assert rows.keys() == {*live, *kept, back_at}
    assert {quality & ~Quality.LATE for quality in rows.values()} == {0}
    assert len(await rows_of(pool, "position")) == len(rows)
    assert await fold_latest(pool) == (back_at, back_at)
    assert await refused(pool) == []


async def test_what_is_published_twice_is_counted_and_stored_once(
    database_url: str, pool: asyncpg.Pool
) -> None:
    metrics = IngestMetrics()
    arrivals = [heard(START + n * EVERY, [START + n * EVERY]) for n in range(5)]
    again = [replace(each, received_at=START + HOUR) for each in arrivals]
    async with intake(database_url, metrics) as put:
        await put([*arrivals, *arrivals])
        await put(again)
    for kind in ("reading", "position"):
        assert len(await rows_of(pool, kind)) == 5
        for outcome, count in (("stored", 5), ("repeated", 10)):
            labels = {"kind": kind, "outcome": outcome}
            assert counted(metrics, "gezhi_ingest_rows_total", **labels) == count


async def test_the_later_of_two_under_one_name_goes_to_quarantine(
    database_url: str, pool: asyncpg.Pool
) -> None:
    metrics = IngestMetrics()
    came = [START + timedelta(seconds=5 * n) for n in range(40)]
    async with intake(database_url, metrics) as put:
        await put(
            heard(at, [at], peer=f"10.0.0.{1 + n % 2}:5001", lon=111 + n % 2 * 0.1)
            for n, at in enumerate(came)
        )
    rows = await refused(pool)
    assert {row.reason for row in rows} == {"cloned-identity"}
    assert {row.peer for row in rows} == {"10.0.0.2:5001"}
    assert sum(row.count for row in rows) == 15 + 17  # readings by host, fixes by place
    reason = {"reason": "cloned-identity"}
    assert counted(metrics, "gezhi_ingest_refusals_total", **reason) == 15 + 17
    from_the_first = {at for n, at in enumerate(came) if n % 2 == 0}
    assert from_the_first <= {at for at, _ in await rows_of(pool, "position")}
    # Whoever knows better tries them again, and none is lost.
    snapshot = await snapshot_of(database_url)
    async with pool.acquire() as connection:
        for row in rows:
            done = await retry(
                connection, row.id, snapshot, writer=Writer(), at=came[-1]
            )
            assert done is not None
            assert done.has_landed
    assert {at for at, _ in await rows_of(pool, "position")} == set(came)
    assert {at for at, _ in await rows_of(pool, "reading")} == set(came)
