"""What people did with cases while the rules were behind, in a backtest."""

import asyncpg
import pytest

from cases.move_table import Move, Role
from cases.moves import move
from store.rules.versions import lock_rules, put_live
from tests.backtest.halting import LATER_S, LITTLE, STEEP
from tests.backtest.past import apart, backtest_of, backtested, live_of
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


async def test_a_case_repeats_what_was_solved_before_one_that_went_on_and_was_cancelled(
    city: City, pool: asyncpg.Pool
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await lock_rules(connection)
        await put_live(connection, "little", LITTLE, author="me", at=NOON)

    async def is_little(second: float) -> int:
        await city.say(second, {"PR-0001": {"pressure_kpa": 300}})
        await city.fold()
        await city.say(second + 1, {"PR-0001": {"pressure_kpa": 1200}})
        await city.fold()
        return int(await pool.fetchval("SELECT max(id) FROM case_file"))

    async def people(case_id: int, second: float, *moves: Move) -> None:
        async with pool.acquire() as connection:
            for each in moves:
                await move(
                    connection,
                    case_id,
                    each,
                    actor="Li",
                    role=Role.DISPATCHER if each is Move.RETURN else Role.SUPERVISOR,
                    unit_id=None,
                    note="as it is",
                    at=city.at(second),
                )

    first = await is_little(1)
    await people(first, 3, Move.FORCE_CLOSE)
    second = await is_little(LATER_S)
    await people(second, LATER_S + 3, Move.FORCE_CLOSE)
    # At another plan a backtest puts aside what it is done with.
    async with pool.acquire() as connection, connection.transaction():
        at = city.at(LATER_S + 5)
        await put_live(connection, "steep", STEEP, author="me", at=at)
    assert await is_little(LATER_S + 10) == second
    await people(second, LATER_S + 13, Move.RETURN, Move.CANCEL)
    third = await is_little(3 * LATER_S)
    alarms, cases = await live_of(pool)
    found = await backtest_of(pool, "live", since=NOON, until=city.at(4 * LATER_S))
    assert len({first, second, third}) == len(found.cases) == 3
    new_alarms, new_cases = backtested(found)
    assert apart(cases, new_cases) == []
    assert apart(alarms, new_alarms) == []
