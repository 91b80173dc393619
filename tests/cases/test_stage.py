"""Every state and every move: either in the table, or refused."""

from dataclasses import replace

import pytest

from cases.move_table import (
    OPENINGS,
    ROLE_OF,
    TABLE,
    Guard,
    Move,
    Post,
    Role,
    allowed_moves,
)
from cases.refusal import Ask, Standing, StepRefusedError, Why, decide
from cases.stage import ENDED, OPEN, PHASE_OF, SOLVED, Phase, Stage
from cases.words import (
    GUARD_WORDS,
    MOVE_WORDS,
    PHASE_WORDS,
    POST_WORDS,
    ROLE_WORDS,
    STAGE_WORDS,
)

UNIT = 7


def standing(stage: Stage, *moves: Move, recovered: bool = True) -> Standing:
    return Standing(
        stage=stage,
        unit_id=UNIT,
        condition="cover_missing_or_displaced",
        recovered=recovered,
        moves=moves,
        came_back=True,
    )


def ask(move: Move, role: Role) -> Ask:
    unit_id = UNIT if role is Role.DEPARTMENT else None
    return Ask(move=move, role=role, unit_id=unit_id, worker="老李", note="因为")


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("move", Move)
def test_a_move_is_in_the_table_and_the_role_s_own_or_it_is_refused(
    stage: Stage, move: Move
) -> None:
    way = TABLE.get((stage, move))
    theirs = frozenset[Role]() if way is None else way.roles
    for role in theirs:
        assert decide(standing(stage), ask(move, role)) is way
    for role in set(Role) - theirs:
        with pytest.raises(StepRefusedError) as refused:
            decide(standing(stage), ask(move, role))
        assert refused.value.why is (Why.WRONG_ROLE if way else Why.NO_SUCH_MOVE)
        assert refused.value.allowed == allowed_moves(stage, role)


def test_every_open_case_can_reach_closed_without_force() -> None:
    reached = {Stage.CLOSED}
    while more := {a for (a, _), way in TABLE.items() if way.to in reached} - reached:
        reached |= more
    assert reached == {*OPEN, *SOLVED}


def test_every_state_can_be_reached() -> None:
    reached = {way.to for way in OPENINGS.values()}
    while more := {way.to for (a, _), way in TABLE.items() if a in reached} - reached:
        reached |= more
    assert reached == set(Stage)


def test_only_coming_back_leads_out_of_an_ended_case_and_never_of_a_refused_one() -> (
    None
):
    out = {key for key in TABLE if key[0] in ENDED}
    assert out == {(stage, Move.REOPEN) for stage in SOLVED}
    assert {way.roles for key, way in TABLE.items() if key in out} == {
        frozenset({Role.RULES})
    }


def test_nothing_is_reopened_that_did_not_come_back() -> None:
    still = replace(standing(Stage.CLOSED), came_back=False)
    with pytest.raises(StepRefusedError) as refused:
        decide(still, ask(Move.REOPEN, Role.RULES))
    assert refused.value.guard is Guard.CAME_BACK


def test_the_states_make_up_all_seven_stages_in_order() -> None:
    assert [*dict.fromkeys(PHASE_OF[stage] for stage in Stage)] == list(Phase)
    assert len(Phase) == 7


def test_no_role_can_both_dispatch_and_close() -> None:
    moves_of = {
        role: {move for (_, move), way in TABLE.items() if role in way.roles}
        for role in Role
    }
    assert Move.CLOSE not in moves_of[Role.DISPATCHER]
    assert Move.DISPATCH not in moves_of[Role.SUPERVISOR]
    assert [role for role in Role if Move.CLOSE in moves_of[role]] == [Role.SUPERVISOR]
    assert moves_of[Role.ADMIN] == {Move.FORCE_CLOSE}
    assert not moves_of[Role.VIEWER]


def test_supervision_and_command_never_share_a_move_in_one_state() -> None:
    shared = [
        key
        for key, way in TABLE.items()
        if {Role.SUPERVISOR, Role.DISPATCHER} <= way.roles
    ]
    assert shared == []


def test_the_machine_moves_a_case_in_the_first_three_stages_and_reopens_it_alone() -> (
    None
):
    own = {
        key
        for key, way in TABLE.items()
        if Role.RULES in way.roles and way.to is not key[0]
    }
    assert own == {
        (Stage.PENDING_REGISTER, Move.FILE),
        (Stage.PENDING_DISPATCH, Move.DISPATCH),
        (Stage.CLOSED, Move.REOPEN),
        (Stage.FORCED_CLOSE, Move.REOPEN),
    }


def test_who_received_a_return_can_only_correct() -> None:
    forward = {Move.PASS_ON, Move.CONFIRM, Move.CLOSE, Move.ASK_CHECK}
    for stage in (Stage.RETURNED_TO_ACCEPTOR, Stage.RETURNED_TO_DISPATCHER):
        assert not forward & {move for (at, move) in TABLE if at is stage}


def test_a_department_with_a_worker_out_cannot_return_the_case() -> None:
    assert (Stage.HANDLING, Move.RETURN) not in TABLE
    assert (Stage.HANDLING, Move.WITHDRAW) in TABLE


def test_a_worker_cannot_hand_back_after_submitting() -> None:
    assert (Stage.HANDLE_FINISH, Move.HAND_BACK) not in TABLE


def test_everything_has_words() -> None:
    assert set(STAGE_WORDS) == set(Stage)
    assert set(PHASE_WORDS) == set(Phase)
    assert set(MOVE_WORDS) == set(Move)
    assert set(GUARD_WORDS) == set(Guard)
    assert set(ROLE_WORDS) == set(Role)
    assert set(POST_WORDS) == set(Post) == set(ROLE_OF)
