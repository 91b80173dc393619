"""S42: what is said to be done while its sensor says bad is marked for rework."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cases.filing import Outcome
from cases.move_table import Move, Role
from cases.moves import SensorDisagreesError, move
from cases.request import Hit
from cases.rework import CLAIMED, needs_rework
from cases.stage import Stage
from tests.cases.town import DRAINAGE, HIT, NOON, Town, later

DEPARTMENT, ADMIN = Role.DEPARTMENT, Role.ADMIN

db = pytest.mark.db


async def go(
    town: Town,
    what: Move,
    role: Role = DEPARTMENT,
    *,
    minutes: float = 1,
    confirmed: bool = False,
) -> None:
    async with town.pool.acquire() as connection:
        await move(
            connection,
            1,
            what,
            actor="老王",
            role=role,
            unit_id=DRAINAGE if role is DEPARTMENT else None,
            note="已复位",
            at=NOON + timedelta(minutes=minutes),
            worker="老李",
            confirmed=confirmed,
        )


async def marked(town: Town) -> datetime | None:
    found: datetime | None = await town.pool.fetchval(
        "SELECT rework_at FROM case_file WHERE recovered_at IS NULL"
    )
    return found


@db
async def test_s42_a_result_is_marked_while_the_sensor_says_bad_until_it_is_redone(
    town: Town,
) -> None:
    await town.hit(HIT)
    await go(town, Move.ASSIGN)
    assert await marked(town) is None
    await go(town, Move.SUBMIT, minutes=2)
    assert await marked(town) == NOON + timedelta(minutes=2)
    await go(town, Move.CONFIRM, minutes=3)
    assert await marked(town) == NOON + timedelta(minutes=2), "the first who said so"
    await go(town, Move.REWORK, Role.DISPATCHER, minutes=4)
    assert await marked(town) is None


@db
async def test_s42_the_mark_is_due_no_more_once_the_sensor_says_it_is_over(
    town: Town,
) -> None:
    await town.hit(HIT)
    await go(town, Move.ASSIGN)
    await go(town, Move.SUBMIT)
    await town.hit(replace(later(HIT, 120), kind=Hit.CLEARED))
    assert await marked(town) is None


@db
async def test_s42_a_hit_after_the_result_marks_it(town: Town) -> None:
    await town.hit(HIT)
    await town.hit(replace(later(HIT, 30), kind=Hit.CLEARED))
    await go(town, Move.ASSIGN)
    await go(town, Move.SUBMIT)
    assert await marked(town) is None
    again = await town.hit(later(HIT, 120))
    assert again.outcome is Outcome.HIT_AGAIN
    assert await marked(town) == later(HIT, 120).at


@db
async def test_s42_closing_against_the_sensor_says_why_not_and_can_be_confirmed(
    town: Town,
) -> None:
    await town.hit(HIT)
    with pytest.raises(SensorDisagreesError) as warning:
        await go(town, Move.FORCE_CLOSE, ADMIN)
    assert "MH-1: tilt 60°" in str(warning.value)
    assert "MH-1：倾角 60°" in warning.value.zh
    rows = await town.pool.fetchrow(
        "SELECT (SELECT count(*) FROM case_file WHERE closed_at IS NOT NULL),"
        " (SELECT count(*) FROM case_step), (SELECT count(*) FROM journal)"
    )
    assert rows is not None
    assert tuple(rows) == (0, 3, 1), "as if nobody had asked"
    await go(town, Move.FORCE_CLOSE, ADMIN, confirmed=True)
    assert await marked(town) == NOON + timedelta(minutes=1)


@db
async def test_a_case_that_is_over_is_closed_without_a_word(town: Town) -> None:
    await town.hit(HIT)
    await town.hit(replace(later(HIT, 30), kind=Hit.CLEARED))
    await go(town, Move.FORCE_CLOSE, ADMIN)
    assert await town.pool.fetchval("SELECT rework_at FROM case_file") is None


@db
async def test_what_is_reopened_is_no_longer_marked(town: Town) -> None:
    await town.hit(HIT)
    await go(town, Move.FORCE_CLOSE, ADMIN, confirmed=True)
    await town.hit(replace(later(HIT, 120), kind=Hit.CLEARED))
    assert (await town.hit(later(HIT, 300))).outcome is Outcome.REOPENED
    assert await marked(town) is None


def test_only_what_is_said_to_be_done_can_need_rework() -> None:
    assert {stage for stage in Stage if needs_rework(to=stage, stands=True)} == CLAIMED
    assert not any(needs_rework(to=stage, stands=False) for stage in Stage)
