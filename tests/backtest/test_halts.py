"""A rule that broke and was halted, in a backtest as it was live."""

import asyncpg
import pytest

from store.rules.versions import lock_rules, put_live
from tests.backtest.past import apart, backtest_of, backtested, live_of
from tests.rules.city_feed import NOON
from tests.triage.city import City

pytestmark = pytest.mark.db

RULE = """
code: {code}
name: {{zh: 压, en: Pressure}}
kind: pressure
quantity: pressure_kpa
condition: {{{condition}}}
files:
  type: component
  scheme: gbt30428.2-2013
  class_code: of_component
  condition: odd
  title: {{zh: 压力异常, en: Odd pressure}}
reason: {{zh: "{{device}} {{value}}", en: "{{device}} {{value}}"}}
source: none
"""
"""Every rule of this text files the same problem."""

LITTLE = RULE.format(
    code="little", condition="type: threshold, below: 1000, severity: minor"
)

STEEP = RULE.format(
    code="steep",
    condition="type: rate, window_s: 2, above: 500, deadband: 5, severity: major",
)
"""Worse; breaks on values whose difference is no number."""

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
