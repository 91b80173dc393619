"""S42: an operator closes a case and its sensor still says that it is bad."""

import asyncpg
import pytest

from cases.move_table import Move, Role
from cases.moves import move
from cases.rework import needs_rework
from cases.stage import Stage
from store.cases import read as case_read
from store.cases.read import CaseFilter, CaseRow
from tests.triage.city import City

pytestmark = pytest.mark.db


async def circuit(city: City, seconds: range, *, volts: float) -> None:
    for second in seconds:
        said = {"contactor_on": 1.0, "voltage_v": volts}
        await city.say(second, {"CB-0001": said})
    await city.fold()


async def close(city: City, case_id: int, second: float) -> None:
    async with city.pool.acquire() as connection:
        await move(
            connection,
            case_id,
            Move.FORCE_CLOSE,
            actor="老王",
            role=Role.ADMIN,
            unit_id=None,
            note="现场已处理",
            at=city.at(second),
        )


async def found(pool: asyncpg.Pool, *, needs: bool | None) -> list[CaseRow]:
    async with pool.acquire() as connection:
        return await case_read.cases(
            connection, CaseFilter(needs_rework=needs), scope=None, after=None, limit=9
        )


async def test_s42_a_case_closed_while_its_sensor_is_bad_needs_rework_until_it_is_good(
    city: City,
) -> None:
    await circuit(city, range(0, 20, 5), volts=0)
    [case] = await found(city.pool, needs=None)
    await close(city, case.id, 20)
    [case] = await found(city.pool, needs=True)
    assert case.rework_at == case.closed_at == city.at(20)
    assert not await found(city.pool, needs=False)
    await circuit(city, range(25, 60, 5), volts=230)
    [case] = await found(city.pool, needs=False)
    assert case.recovered_at is not None
    assert case.rework_at is not None  # it was so, and that stays written


async def test_s42_a_case_closed_once_its_sensor_is_good_is_closed(city: City) -> None:
    await circuit(city, range(0, 20, 5), volts=0)
    await circuit(city, range(20, 60, 5), volts=230)
    [case] = await found(city.pool, needs=None)
    await close(city, case.id, 60)
    [case] = await found(city.pool, needs=False)
    assert case.closed_at is not None
    assert case.rework_at is None


def test_s42_what_ends_because_there_was_no_problem_needs_no_rework() -> None:
    assert needs_rework(to=Stage.CLOSED, stands=True)
    assert not needs_rework(to=Stage.CLOSED, stands=False)
    assert not needs_rework(to=Stage.NOT_ACCEPTED, stands=True)
    assert not needs_rework(to=Stage.HANDLING, stands=True)
