"""Guards: what must hold beside the state and the role."""

from dataclasses import replace

import pytest

from cases.move_table import TABLE, Guard, Move, Role
from cases.refusal import HOLDS, Ask, Standing, StepRefusedError, Why, decide
from cases.stage import Stage

OURS, THEIRS = 7, 8

CASE = Standing(
    stage=Stage.PENDING_CHECK_ACCEPTOR,
    unit_id=OURS,
    condition="lamp_single_out",
    recovered=False,
    moves=(Move.COLLECT, Move.FILE, Move.DISPATCH, Move.CONFIRM, Move.PASS_ON),
)


def ask(
    move: Move,
    role: Role,
    *,
    unit_id: int | None = None,
    worker: str = "",
    note: str = "",
) -> Ask:
    return Ask(move=move, role=role, unit_id=unit_id, worker=worker, note=note)


def refusal(case: Standing, wanted: Ask) -> StepRefusedError:
    with pytest.raises(StepRefusedError) as refused:
        decide(case, wanted)
    return refused.value


CLOSE = ask(Move.CLOSE, Role.SUPERVISOR)


def test_a_case_is_not_closed_on_the_department_s_word_alone() -> None:
    assert refusal(CASE, CLOSE).guard is Guard.CLOSING_CONDITION


def test_a_case_whose_sensor_recovered_can_be_closed() -> None:
    assert decide(replace(CASE, recovered=True), CLOSE).to is Stage.CLOSED


def test_a_case_that_passed_its_field_check_can_be_closed() -> None:
    checked = replace(CASE, moves=(*CASE.moves, Move.ASK_CHECK, Move.CHECK_PASSED))
    assert decide(checked, CLOSE).to is Stage.CLOSED


def test_a_check_of_work_that_was_done_again_does_not_count() -> None:
    again = (Move.ASK_CHECK, Move.CHECK_PASSED, Move.REWORK, Move.SUBMIT, Move.CONFIRM)
    redone = replace(CASE, moves=(*CASE.moves, *again, Move.PASS_ON))
    assert refusal(redone, CLOSE).guard is Guard.CLOSING_CONDITION


@pytest.mark.parametrize(
    ("stage", "move"), [k for k, way in TABLE.items() if Guard.REASON in way.guards]
)
def test_a_move_that_wants_a_reason_is_refused_for_a_blank_one(
    stage: Stage, move: Move
) -> None:
    role = next(iter(TABLE[stage, move].roles))
    unit_id = OURS if role is Role.DEPARTMENT else None
    blank = ask(move, role, unit_id=unit_id, note="  \n")
    assert refusal(replace(CASE, stage=stage), blank).guard is Guard.REASON


def test_a_department_may_not_touch_another_unit_s_case() -> None:
    at_work = replace(CASE, stage=Stage.PENDING_HANDLE)
    theirs = ask(Move.ASSIGN, Role.DEPARTMENT, unit_id=THEIRS, worker="老李")
    assert refusal(at_work, theirs).why is Why.OTHER_UNIT


def test_a_department_without_a_unit_may_touch_nothing() -> None:
    at_work = replace(CASE, stage=Stage.PENDING_HANDLE)
    nobody = ask(Move.ASSIGN, Role.DEPARTMENT, worker="老李")
    assert refusal(at_work, nobody).why is Why.OTHER_UNIT


def test_a_dispatcher_bound_to_a_unit_acts_for_that_unit_alone() -> None:
    case = replace(CASE, stage=Stage.PENDING_DISPATCH)
    own = ask(Move.DISPATCH, Role.DISPATCHER, unit_id=OURS)
    assert decide(case, own).to is Stage.PENDING_HANDLE
    bound = ask(Move.DISPATCH, Role.DISPATCHER, unit_id=THEIRS)
    assert refusal(case, bound).why is Why.OTHER_UNIT


def test_a_worker_must_be_named() -> None:
    at_work = replace(CASE, stage=Stage.PENDING_HANDLE)
    nameless = ask(Move.ASSIGN, Role.DEPARTMENT, unit_id=OURS, worker=" ")
    assert refusal(at_work, nameless).guard is Guard.WORKER


def test_a_result_must_be_described() -> None:
    at_work = replace(CASE, stage=Stage.HANDLING)
    silent = ask(Move.SUBMIT, Role.DEPARTMENT, unit_id=OURS)
    assert refusal(at_work, silent).guard is Guard.RESULT


def test_a_case_is_suspended_once_only() -> None:
    case = replace(CASE, stage=Stage.PENDING_HANDLE)
    wanted = ask(Move.SUSPEND, Role.DISPATCHER, note="等配件")
    assert decide(case, wanted).to is Stage.SUSPENDED
    before = replace(case, moves=(*case.moves, Move.SUSPEND, Move.RESUME))
    assert refusal(before, wanted).guard is Guard.NOT_YET_SUSPENDED


def test_rework_stays_with_its_department_even_when_urged_in_between() -> None:
    back = (*CASE.moves, Move.REWORK_DISPATCH, Move.URGE)
    case = replace(CASE, stage=Stage.PENDING_DISPATCH, moves=back)
    elsewhere = replace(ask(Move.DISPATCH, Role.DISPATCHER), to_unit_id=THEIRS)
    assert refusal(case, elsewhere).guard is Guard.SAME_UNIT
    for unit_id in (OURS, None):
        same = replace(elsewhere, to_unit_id=unit_id)
        assert decide(case, same).to is Stage.PENDING_HANDLE


def test_a_case_without_a_filing_condition_is_not_filed() -> None:
    blank = replace(CASE, stage=Stage.PENDING_REGISTER, condition="")
    wanted = ask(Move.FILE, Role.SUPERVISOR)
    assert refusal(blank, wanted).guard is Guard.FILING_CONDITION


def test_every_guard_of_the_table_is_known() -> None:
    assert set(HOLDS) == set(Guard)
    assert {guard for way in TABLE.values() for guard in way.guards} == set(Guard)


def test_a_refusal_says_what_may_be_done_instead_in_both_languages() -> None:
    case = replace(CASE, stage=Stage.PENDING_DISPATCH)
    refused = refusal(case, ask(Move.CLOSE, Role.DISPATCHER))
    assert str(refused) == (
        "cannot close a case that is pending_dispatch: there is no such move in this "
        "state; dispatcher may do: dispatch, return"
    )
    assert refused.zh == (
        "“待派遣”的案卷不能结案：此状态没有这一步；指挥中心可做：派遣、退回"
    )
    other = refusal(CASE, ask(Move.CLOSE, Role.DISPATCHER))
    assert "that is for the acceptor" in str(other)
    assert "这一步属于监督中心受理员" in other.zh
