"""Moves by people: the whole way of a case, and who may not go it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from cases.move_table import Move, Role
from cases.moves import CaseNotFoundError, Step, UnknownUnitError, move
from cases.refusal import StepRefusedError, Why
from cases.request import Hit
from cases.routing import BY_HAND
from cases.stage import Stage
from store.journal import entries as journal
from tests.cases.town import (
    DRAINAGE,
    HIT,
    NOON,
    SILENT,
    STREET,
    WATER,
    Town,
    later,
)

pytestmark = pytest.mark.db

OWN = {
    Role.SUPERVISOR: None,
    Role.DISPATCHER: None,
    Role.DEPARTMENT: DRAINAGE,
    Role.ADMIN: None,
}


async def go(
    town: Town,
    what: Move,
    role: Role,
    *,
    case_id: int = 1,
    unit_id: int | None = None,
    to_unit_id: int | None = None,
    minutes: float = 1,
    note: str = "说明",
) -> Step:
    async with town.pool.acquire() as connection:
        return await move(
            connection,
            case_id,
            what,
            actor="老王",
            role=role,
            unit_id=unit_id or OWN[role],
            note=note,
            at=NOON + timedelta(minutes=minutes),
            to_unit_id=to_unit_id,
            worker="老李",
        )


async def walk(town: Town, *way: tuple[Move, Role]) -> list[Stage]:
    return [(await go(town, what, role)).to_stage for what, role in way]


async def test_a_case_goes_the_whole_way_to_closed(town: Town) -> None:
    await town.hit(replace(HIT, files=SILENT))
    assert await walk(
        town,
        (Move.DISPATCH, Role.DISPATCHER),
        (Move.ASSIGN, Role.DEPARTMENT),
        (Move.SUBMIT, Role.DEPARTMENT),
        (Move.CONFIRM, Role.DEPARTMENT),
        (Move.PASS_ON, Role.DISPATCHER),
        (Move.ASK_CHECK, Role.SUPERVISOR),
        (Move.CHECK_PASSED, Role.SUPERVISOR),
        (Move.CLOSE, Role.SUPERVISOR),
    ) == [
        Stage.PENDING_HANDLE,
        Stage.HANDLING,
        Stage.HANDLE_FINISH,
        Stage.PENDING_CHECK_DISPATCHER,
        Stage.PENDING_CHECK_ACCEPTOR,
        Stage.CHECKING,
        Stage.PENDING_CHECK_ACCEPTOR,
        Stage.CLOSED,
    ]
    row = await town.pool.fetchrow("SELECT stage, closed_at FROM case_file")
    assert row is not None
    assert tuple(row) == ("closed", NOON + timedelta(minutes=1))


async def test_a_case_whose_sensor_recovered_needs_no_field_check(town: Town) -> None:
    await town.hit(HIT)
    await town.hit(replace(later(HIT, 30), kind=Hit.CLEARED))
    stages = await walk(
        town,
        (Move.ASSIGN, Role.DEPARTMENT),
        (Move.SUBMIT, Role.DEPARTMENT),
        (Move.CONFIRM, Role.DEPARTMENT),
        (Move.PASS_ON, Role.DISPATCHER),
        (Move.CLOSE, Role.SUPERVISOR),
    )
    assert stages[-1] is Stage.CLOSED


async def test_a_dispatcher_cannot_close_and_an_acceptor_cannot_dispatch(
    town: Town,
) -> None:
    await town.hit(replace(HIT, files=SILENT))
    with pytest.raises(StepRefusedError) as refused:
        await go(town, Move.DISPATCH, Role.SUPERVISOR)
    assert refused.value.why is Why.WRONG_ROLE
    await walk(
        town,
        (Move.DISPATCH, Role.DISPATCHER),
        (Move.ASSIGN, Role.DEPARTMENT),
        (Move.SUBMIT, Role.DEPARTMENT),
        (Move.CONFIRM, Role.DEPARTMENT),
        (Move.PASS_ON, Role.DISPATCHER),
    )
    with pytest.raises(StepRefusedError) as refused:
        await go(town, Move.CLOSE, Role.DISPATCHER)
    assert refused.value.why is Why.WRONG_ROLE


async def test_a_department_acts_on_its_own_unit_s_cases_alone(town: Town) -> None:
    await town.hit(HIT)
    with pytest.raises(StepRefusedError) as refused:
        await go(town, Move.ASSIGN, Role.DEPARTMENT, unit_id=WATER)
    assert refused.value.why is Why.OTHER_UNIT
    assert await town.pool.fetchval("SELECT stage FROM case_file") == "pending_handle"


async def test_a_refused_move_leaves_no_trace(town: Town) -> None:
    await town.hit(HIT)
    with pytest.raises(StepRefusedError):
        await go(town, Move.CLOSE, Role.SUPERVISOR)
    assert await town.pool.fetchval("SELECT count(*) FROM case_step") == 3
    assert await town.pool.fetchval("SELECT seq FROM journal_head") == 1


async def test_a_dispatcher_may_send_a_case_elsewhere_and_the_case_says_so(
    town: Town,
) -> None:
    await town.hit(HIT)
    await go(town, Move.RETURN, Role.DEPARTMENT)
    step = await go(town, Move.DISPATCH, Role.DISPATCHER, to_unit_id=STREET)
    assert step.unit_id == STREET
    row = await town.pool.fetchrow("SELECT unit_id, unit_reason FROM case_file")
    assert row is not None
    assert tuple(row) == (STREET, BY_HAND)


async def test_a_dispatch_to_nowhere_is_refused(town: Town) -> None:
    await town.hit(replace(HIT, files=SILENT))
    with pytest.raises(UnknownUnitError):
        await go(town, Move.DISPATCH, Role.DISPATCHER, to_unit_id=99)


async def test_a_worker_is_kept_while_redoing_and_gone_once_withdrawn(
    town: Town,
) -> None:
    await town.hit(HIT)
    workers = [
        (await go(town, what, Role.DEPARTMENT)).worker
        for what in (Move.ASSIGN, Move.SUBMIT, Move.REDO, Move.WITHDRAW)
    ]
    assert workers == ["老李", "老李", "老李", ""]


async def test_urging_moves_nothing_and_is_told(town: Town) -> None:
    await town.hit(HIT)
    step = await go(town, Move.URGE, Role.SUPERVISOR)
    assert (step.from_stage, step.to_stage) == (Stage.PENDING_HANDLE,) * 2
    async with town.pool.acquire() as connection:
        entry = (await journal.read(connection, after=0, limit=10))[-1]
    assert orjson.loads(entry.body)["move"] == "urge"


async def test_force_closes_from_anywhere(town: Town) -> None:
    await town.hit(HIT)
    step = await go(town, Move.FORCE_CLOSE, Role.ADMIN)
    assert step.to_stage is Stage.FORCED_CLOSE
    assert await town.pool.fetchval("SELECT closed_at IS NOT NULL FROM case_file")


async def test_of_two_who_press_at_once_one_is_refused(town: Town) -> None:
    await town.hit(replace(HIT, files=SILENT))
    async with asyncio.timeout(300):
        both = await asyncio.gather(
            go(town, Move.DISPATCH, Role.DISPATCHER),
            go(town, Move.DISPATCH, Role.DISPATCHER),
            return_exceptions=True,
        )
    assert [type(each) for each in both].count(StepRefusedError) == 1
    assert await town.pool.fetchval("SELECT count(*) FROM case_step") == 3


async def test_moves_and_filings_at_once_never_wait_for_each_other_forever(
    town: Town,
) -> None:
    """A filing holds several cases before it tells the journal; so a move must not
    take the journal first."""
    await town.hits(HIT, replace(HIT, device_id=2))
    async with asyncio.timeout(300), asyncio.TaskGroup() as group:
        for n in range(1, 31):
            hits = later(HIT, n), later(HIT, n, device_id=2)
            group.create_task(town.hits(*hits), name=f"filer {n}")
            urge = go(town, Move.URGE, Role.SUPERVISOR, case_id=1 + n % 2)
            group.create_task(urge, name=f"supervisor {n}")
    assert await town.pool.fetchval("SELECT sum(hit_count) FROM case_file") == 62


async def test_steps_never_go_back_in_time(town: Town) -> None:
    await town.hit(HIT)
    step = await go(town, Move.ASSIGN, Role.DEPARTMENT, minutes=-10)
    assert step.taken_at == NOON


async def test_the_times_of_every_stage_can_be_read_back(town: Town) -> None:
    await town.hit(HIT)
    await go(town, Move.ASSIGN, Role.DEPARTMENT, minutes=10)
    await go(town, Move.SUBMIT, Role.DEPARTMENT, minutes=50)
    rows = await town.pool.fetch(
        "SELECT to_stage, unit_id, lead(taken_at) OVER (ORDER BY id) - taken_at AS stay"
        " FROM case_step ORDER BY id"
    )
    assert [tuple(row) for row in rows][2:] == [
        ("pending_handle", DRAINAGE, timedelta(minutes=10)),
        ("handling", DRAINAGE, timedelta(minutes=40)),
        ("handle_finish", DRAINAGE, None),
    ]


async def test_a_case_that_is_not_there_is_said_to_be_so(town: Town) -> None:
    with pytest.raises(CaseNotFoundError):
        await go(town, Move.URGE, Role.SUPERVISOR, case_id=404)
