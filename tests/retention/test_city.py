"""A city whose old journal is gone goes on as if it were not."""

import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from cases.routing import shipped_routing
from rules.backtest.course import Course
from rules.backtest.docket import Docket
from rules.backtest.report import report_of
from rules.bundle.keep import keep_one
from rules.bundle.whole import KEPT
from rules.engine.entry import learned_from
from rules.plan.compile import compile_plan
from rules.worker.past_plans import past_source
from store.journal.entries import Kind, append, read
from store.retention.state import note_dropped
from tests.backtest.past import backtest_of
from tests.bundle.test_many import explained
from tests.retention.past import count, oldest, run
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import ZONE, fold_all
from tests.triage.city import City

pytestmark = [pytest.mark.db, pytest.mark.editions]

HOURS = 100
BATCHES = 110
LONG_AGO = "journal=3"
OPEN = {"tilt_deg": 60.0, "cover_open": 1.0}
SHUT = {"tilt_deg": 2.0, "cover_open": 0.0}


async def talk(pool: asyncpg.Pool, feed: Feed) -> None:
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            await feed.write(connection)


async def wait_four_days(pool: asyncpg.Pool, feed: Feed) -> None:
    """Let four days pass in which nobody says anything."""
    async with pool.acquire() as connection:
        for _ in range(HOURS):
            feed.now += timedelta(hours=1)
            await append(connection, Kind.TICK, b"", at=feed.now)


async def drop(pool: asyncpg.Pool) -> int:
    """Run the job, as if all explanations were made; return the oldest entry left."""
    async with pool.acquire() as connection:
        await connection.execute("DELETE FROM bundle_due")
        await run(connection, LONG_AGO)
        return await oldest(connection)


async def test_a_worker_started_after_a_drop_judges_like_one_that_never_stopped(
    city: City, pool: asyncpg.Pool
) -> None:
    feed = Feed(city.snapshot, random.Random(3))  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        await talk(pool, feed)
        await fold_all(pool, city.dsn)
        await wait_four_days(pool, feed)
        await fold_all(pool, city.dsn)
        entries = await read(connection, after=0, limit=10_000)
        assert await drop(pool) >= 100
        await talk(pool, feed)
        await fold_all(pool, city.dsn)
        entries += await read(connection, after=entries[-1].seq, limit=10_000)
        source = await past_source(connection, entries[-1].seq)
    assert source is not None
    docket = Docket(city.snapshot, shipped_routing())
    course = Course(compile_plan(source), docket)
    for entry in entries:
        course.take([learned_from(entry)])
    never_stopped = {
        (*alarm.new.moment, alarm.cleared_seq)
        for alarm in [*docket.ended, *docket.alarms.values()]
    }
    rows = await pool.fetch(
        "SELECT rule, rule_version, device_id, raised_seq, measured_at, cleared_seq"
        " FROM alarm"
    )
    assert len(rows) > 10
    assert {tuple(row) for row in rows} == never_stopped


async def test_a_backtest_takes_stored_samples_for_what_was_dropped_and_says_so(
    city: City, pool: asyncpg.Pool
) -> None:
    feed = Feed(city.snapshot, random.Random(5))  # noqa: S311 not a secret
    await talk(pool, feed)
    await wait_four_days(pool, feed)
    await talk(pool, feed)
    await fold_all(pool, city.dsn)
    since, until = NOON - timedelta(days=1), feed.now + timedelta(days=1)
    exact = await backtest_of(pool, "live", since=since, until=until)
    assert exact.is_exact
    first = await drop(pool)
    kept_at = await pool.fetchval("SELECT min(received_at) FROM journal")
    joint = kept_at + timedelta(microseconds=1)
    found = await backtest_of(pool, "live", since=since, until=until)
    assert (found.is_exact, found.journal_from) == (False, joint)
    assert found.under.known_from == joint
    report = report_of(found, zone=ZoneInfo(ZONE), stated={})
    assert (report.source, report.journal_from) == ("both", joint)
    before = {line.new.rule for line in found.alarms if line.new.raised_seq < first}
    assert before
    # Each sample is judged once: what was dropped from what is stored.
    assert found.samples == exact.samples
    whole = await backtest_of(pool, "live", since=kept_at, until=until)
    assert (whole.is_exact, whole.journal_from) == (True, kept_at)
    gone = await backtest_of(pool, "live", since=since, until=NOON)
    assert (gone.is_exact, gone.journal_from) == (False, None)
    assert gone.samples_gone_until is found.samples_gone_until is None
    async with pool.acquire() as connection:
        await note_dropped(connection, "readings", at=NOON, kept_from=kept_at)
    a_while = timedelta(minutes=1)
    found = await backtest_of(pool, "live", since=since, until=NOON + a_while)
    assert found.samples_gone_until == kept_at
    whole = await backtest_of(pool, "live", since=kept_at, until=kept_at + a_while)
    assert whole.samples_gone_until is None


async def test_a_case_is_explained_from_its_bundle_when_its_journal_is_gone(
    city: City, pool: asyncpg.Pool
) -> None:
    for second in range(0, 30, 10):
        await city.say(second, {"MH-0001": SHUT})
    for second in range(30, 350, 10):
        await city.say(second, {"MH-0001": OPEN})
    await city.tick(350, 450)
    await city.fold()
    for hour in range(1, 200):
        await city.tick(3600 * hour, 3600 * hour + 1)
    await city.fold()
    async with pool.acquire() as connection:
        assert not await run(connection, LONG_AGO)  # its explanation is not made yet
        assert await oldest(connection) == 1
        assert await keep_one(connection, time_zone=ZONE)
        before, made = await explained(city, 1)
        assert await run(connection, LONG_AGO)
        assert await oldest(connection) > 36
        assert await count(connection, "triage_record") == 0
    after, octets = await explained(city, 1)
    assert after.source == KEPT
    assert (octets, after.explained) == (made, before.explained)
    assert await pool.fetchval("SELECT count(*) FROM alarm") == 1
    assert await pool.fetchval("SELECT count(*) FROM case_file") == 1
