"""S42: what is said to be done while its sensor says bad is marked for rework."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from cases.filing import Outcome
from cases.move_table import Guard, Move, Role
from cases.moves import SensorDisagreesError, move
from cases.proof import Sensor, sensor_says
from cases.refusal import StepRefusedError
from cases.request import Hit
from cases.rework import CLAIMED, needs_rework
from cases.stage import Stage
from tests.cases.town import DRAINAGE, HIT, NOON, SILENT, Town, later

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


async def to_the_acceptor(town: Town) -> None:
    """Bring a case to where only its closing is left, with a field check passed."""
    for what, role in (
        (Move.ASSIGN, DEPARTMENT),
        (Move.SUBMIT, DEPARTMENT),
        (Move.CONFIRM, DEPARTMENT),
        (Move.PASS_ON, Role.DISPATCHER),
        (Move.ASK_CHECK, Role.SUPERVISOR),
        (Move.CHECK_PASSED, Role.SUPERVISOR),
    ):
        await go(town, what, role)


@db
async def test_a_class_that_demands_proof_is_not_closed_while_its_sensor_says_bad(
    town: Town,
) -> None:
    await town.hit(HIT)
    await to_the_acceptor(town)
    with pytest.raises(StepRefusedError) as refused:
        await go(town, Move.CLOSE, Role.SUPERVISOR, confirmed=True)
    assert refused.value.guard is Guard.PROOF
    assert "强制结案" in refused.value.zh
    await town.hit(replace(later(HIT, 120), kind=Hit.CLEARED))
    await go(town, Move.CLOSE, Role.SUPERVISOR)
    assert await town.pool.fetchval("SELECT stage FROM case_file") == "closed"


@db
async def test_nor_while_nobody_knows_what_its_sensor_says(town: Town) -> None:
    await town.hit(HIT)
    await town.hit(replace(later(HIT, 30), kind=Hit.CLEARED))
    await to_the_acceptor(town)
    silent = "cover-silent", HIT.device_id, later(HIT, 60).at
    await town.pool.execute(
        "INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq,"
        " raised_at, measured_at, threshold, reason_zh, reason_en)"
        " VALUES ($1, 1, $2, 'minor', 9, $3, $3, 100, '静默', 'silent')",
        *silent,
    )
    with pytest.raises(StepRefusedError) as refused:
        await go(town, Move.CLOSE, Role.SUPERVISOR, confirmed=True)
    assert refused.value.guard is Guard.PROOF
    await town.pool.execute("UPDATE alarm SET cleared_seq = 10 WHERE value IS NULL")
    await go(town, Move.CLOSE, Role.SUPERVISOR)


@db
async def test_a_supervisor_forces_it_with_a_reason_that_stays_on_the_case(
    town: Town,
) -> None:
    await town.hit(HIT)
    await to_the_acceptor(town)
    with pytest.raises(StepRefusedError):
        await go(town, Move.FORCE_CLOSE, Role.DISPATCHER, confirmed=True)
    await go(town, Move.FORCE_CLOSE, Role.SUPERVISOR, confirmed=True)
    step = await town.pool.fetchrow(
        "SELECT move, actor, role, note FROM case_step ORDER BY id DESC LIMIT 1"
    )
    assert step is not None
    assert tuple(step) == ("force_close", "老王", "supervisor", "已复位")


@db
async def test_other_classes_are_closed_on_a_field_check(town: Town) -> None:
    await town.hit(replace(HIT, files=SILENT))
    await go(town, Move.DISPATCH, Role.DISPATCHER)
    await to_the_acceptor(town)
    await go(town, Move.CLOSE, Role.SUPERVISOR, confirmed=True)
    assert await town.pool.fetchval("SELECT stage FROM case_file") == "closed"


def test_what_is_not_heard_or_was_withdrawn_proves_nothing() -> None:
    assert [
        sensor_says(stands=stands, recovered=recovered, is_silent=silent)
        for stands, recovered, silent in (
            (False, True, False),
            (True, True, False),
            (False, True, True),
            (False, False, False),
        )
    ] == [Sensor.AGREES, Sensor.DISAGREES, Sensor.UNKNOWN, Sensor.UNKNOWN]
