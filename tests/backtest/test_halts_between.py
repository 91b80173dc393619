"""A person's step at every point of a halt: a backtest makes of it what was live."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import asyncpg
import pytest

from devices.registry.load import import_city
from devices.registry.snapshot import load_snapshot
from tests.backtest.halting import Workshop
from tests.backtest.past import apart, backtest_of, backtested, live_of
from tests.backtest.turns import Choose, Gated, in_turns
from tests.rules.city_feed import CITY, NOON
from tests.triage.city import City

pytestmark = pytest.mark.db

HALTS = "SELECT failures FROM rule_halt"

REWORKS = "SELECT count(*), count(rework_at) FROM case_file"


@pytest.fixture
async def workshop(pool: asyncpg.Pool, database_url: str) -> AsyncIterator[Workshop]:
    """The sample city with two rules of our own and no others."""
    async with pool.acquire() as connection:
        await import_city(connection, CITY, dry_run=False, at=NOON)
        city = City(pool, database_url, await load_snapshot(connection))
    line = await asyncpg.connect(database_url, connection_class=Gated)
    try:
        yield Workshop(city, line)
    finally:
        line.terminate()


def first_then(first: int, many: int) -> Choose:
    """Let one do so many statements, then the others as far as they come."""
    left = many

    def choose(ready: Sequence[int]) -> int:
        nonlocal left
        others = [place for place in ready if place != first]
        if first in ready and (left > 0 or not others):
            left -= 1
            return first
        return others[0]

    return choose


WORKER, PERSON = 0, 1


@pytest.mark.parametrize("first", [WORKER, PERSON])
async def test_a_step_at_any_point_of_a_halt_is_reproduced_exactly(
    workshop: Workshop, pool: asyncpg.Pool, first: int
) -> None:
    await workshop.open()
    city = workshop.city
    person = await asyncpg.connect(city.dsn, connection_class=Gated)
    observer = await asyncpg.connect(city.dsn)
    many, steps = 0, 1
    alone = 0
    while many <= alone or not alone:
        await workshop.make_steep()
        await workshop.say(1e308)
        count = 0

        def choose(
            ready: Sequence[int], *, by: Choose = first_then(first, many)
        ) -> int:
            nonlocal count
            place = by(ready)
            count += place == first
            return place

        doings = (
            (workshop.line, workshop.take_all()),
            (person, workshop.close_case(person)),
        )
        await in_turns(observer, doings, choose)
        alone = count
        many += 1
    person.terminate()
    observer.terminate()
    print(many, await pool.fetch(HALTS), await pool.fetch(REWORKS))
    alarms, cases = await live_of(pool)
    found = await backtest_of(
        pool, "live", since=NOON, until=city.at(workshop.second) + timedelta(days=1)
    )
    new_alarms, new_cases = backtested(found)
    assert apart(cases, new_cases) == []
    assert apart(alarms, new_alarms) == []
