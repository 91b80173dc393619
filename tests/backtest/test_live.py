"""A backtest of the live rules gives the live alarms and cases, bit for bit."""

import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from rules.backtest.compare import Beside, alarm_pairs
from rules.backtest.report import report_of
from tests.backtest.past import backtest_of, backtested, live_of
from tests.backtest.week import Week
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import ZONE, fold_all
from tests.triage.city import City

pytestmark = pytest.mark.db

BATCHES = 900


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_random_stretch_is_reproduced_exactly(
    city: City, pool: asyncpg.Pool, seed: int
) -> None:
    feed = Feed(city.snapshot, random.Random(seed))  # noqa: S311 not a secret
    async with pool.acquire() as connection:
        for _ in range(BATCHES):
            await feed.write(connection)
    await fold_all(pool, city.dsn)
    alarms, cases = await live_of(pool)
    assert alarms
    assert cases
    found = await backtest_of(
        pool, "live", since=NOON - timedelta(days=1), until=feed.now + timedelta(days=1)
    )
    assert found.is_exact
    new_alarms, new_cases = backtested(found)
    assert new_cases == cases
    assert new_alarms == alarms


async def test_live_cases_of_a_week_are_reproduced_exactly(
    city: City, pool: asyncpg.Pool
) -> None:
    week = Week(city, random.Random(7))  # noqa: S311 not a secret
    await week.live(pool)
    alarms, cases = await live_of(pool)
    assert week.now - NOON > timedelta(days=6, hours=4)
    assert len(alarms) > 100
    found = await backtest_of(
        pool, "live", since=NOON, until=week.now + timedelta(days=1)
    )
    new_alarms, new_cases = backtested(found)
    assert new_cases == cases
    assert new_alarms == alarms
    report = report_of(found, zone=ZoneInfo(ZONE), stated={})
    assert {row.beside for row in report.alarms} == {Beside.SAME}
    assert {row.beside for row in report.cases} == {Beside.SAME}
    assert sum(line.mean for line in report.loads) * 7 > len(cases) * 0.9

    begun = NOON + timedelta(days=1)
    late = await backtest_of(
        pool,
        "live",
        since=begun + timedelta(days=2),
        until=week.now + timedelta(days=1),
        warm_up=timedelta(days=2),
    )
    pairs = alarm_pairs(
        late.alarms, late.live_alarms, (late.ask.since, late.until), late.last_seq
    )
    assert sum(pair.beside is Beside.SAME for pair in pairs) > len(pairs) * 0.9
    # What differs stood since before the warm-up, and nothing was heard of it in it.
    for pair in pairs:
        if pair.beside is not Beside.SAME:
            assert pair.live is not None
            assert pair.live.raised_at < begun
