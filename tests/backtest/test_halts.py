"""A rule that broke and was halted, in a backtest as it was live."""

import asyncpg
import pytest

from store.rules.versions import Change, lock_rules, put_live, set_stage
from tests.backtest.halting import LITTLE, STEEP
from tests.backtest.past import apart, backtest_of, backtested, live_of
from tests.rules.city_feed import NOON
from tests.triage.city import City
from vocabulary.rule_stage import RuleStage

pytestmark = pytest.mark.db

WORSE = "SELECT count(*) FROM case_step WHERE move = 'worsen'"


async def test_what_cleared_before_a_rule_broke_left_its_case_standing(
    city: City, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await lock_rules(connection)
        for code, text in ("little", LITTLE), ("steep", STEEP):
            await put_live(connection, code, text, author="me", at=NOON)
    # It is little, and steep; no longer little; and then the steep rule breaks.
    for second, said in enumerate([300, 800, 1500, 1e308], 1):
        await city.say(second, {"PR-0001": {"pressure_kpa": said}})
    await city.tick(6, 8)
    await city.fold()
    assert await pool.fetchval("SELECT count(*) FROM rule_halt") == 1
    assert await pool.fetchval(WORSE) == 1
    alarms, cases = await live_of(pool)
    found = await backtest_of(pool, "live", since=NOON, until=city.at(60))
    new_alarms, new_cases = backtested(found)
    assert apart(cases, new_cases) == []
    assert apart(alarms, new_alarms) == []


async def test_what_is_retired_with_the_last_entry_of_all_stands_no_more(
    city: City, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection:
        async with connection.transaction():
            await lock_rules(connection)
            await put_live(connection, "little", LITTLE, author="me", at=NOON)
        await city.say(1, {"PR-0001": {"pressure_kpa": 300}})
        await city.tick(2, 4)
        await city.fold()
        change = Change(author="me", at=city.at(5))
        async with connection.transaction():
            await lock_rules(connection)
            await set_stage(connection, "little", 1, RuleStage.RETIRED, change)
    await city.fold()
    alarms, _ = await live_of(pool)
    found = await backtest_of(pool, "live", since=NOON, until=city.at(60))
    assert found.alarms[0].cleared_seq == found.last_seq
    assert apart(alarms, backtested(found)[0]) == []
