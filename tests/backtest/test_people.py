"""What people did with cases while the rules were behind, in a backtest."""

import asyncpg
import pytest

from cases.move_table import Move, Role
from cases.moves import move
from store.rules.versions import lock_rules, put_live
from tests.backtest.past import apart, backtest_of, backtested, live_of
from tests.backtest.test_halts import LITTLE
from tests.rules.city_feed import NOON
from tests.triage.city import City

pytestmark = pytest.mark.db


async def test_what_people_did_is_done_at_its_place_in_the_journal_not_at_its_time(
    city: City, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await lock_rules(connection)
        await put_live(connection, "little", LITTLE, author="me", at=NOON)
    await city.say(1, {"PR-0001": {"pressure_kpa": 300}})
    await city.fold()
    # Nobody has judged these as somebody closes the case, later than they came.
    await city.say(2, {"PR-0001": {"pressure_kpa": 1200}})
    await city.say(3, {"PR-0001": {"pressure_kpa": 300}})
    async with pool.acquire() as connection:
        await move(
            connection,
            await connection.fetchval("SELECT id FROM case_file"),
            Move.FORCE_CLOSE,
            actor="Li",
            role=Role.SUPERVISOR,
            unit_id=None,
            note="as it is",
            at=city.at(9),
        )
    await city.say(12, {"PR-0001": {"pressure_kpa": 300}})
    await city.fold()
    alarms, cases = await live_of(pool)
    found = await backtest_of(pool, "live", since=NOON, until=city.at(60))
    assert [case.reopen_count for case in found.cases] == [1]
    new_alarms, new_cases = backtested(found)
    assert apart(cases, new_cases) == []
    assert apart(alarms, new_alarms) == []
