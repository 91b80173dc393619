"""A backtest of the live rules gives the live alarms and cases, bit for bit."""

import random
from datetime import timedelta

import asyncpg
import pytest

from tests.backtest.past import backtest_of, backtested, live_of
from tests.rules.city_feed import NOON, Feed
from tests.rules.workers import fold_all
from tests.triage.city import City

pytestmark = pytest.mark.db

BATCHES = 1500


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
