"""How bad a case is, up and down, as steps that move it nowhere. Pure.

A case keeps its worst severity: that is what somebody has to answer for. But whoever
holds it sees when it grew worse and when its sensor eased.
"""

from cases.move_table import Move, Role
from cases.opening import ACTOR
from cases.refusal import Ask, Standing, decide
from cases.request import SEVERITIES, FilingRequest, Hit, Severity
from cases.stage import Stage
from store.cases.rows import LockedCase, NewStep


def severity_step(case: LockedCase, request: FilingRequest) -> NewStep | None:
    """Return the step that a hit is for its severity; None if it is none.

    Args:
        case: Before the hit.
        request: The hit.
    """
    rank = SEVERITIES.index
    is_worse = rank(request.severity) > rank(Severity(case.severity))
    if request.kind is Hit.EASED:
        move = Move.EASE
    elif request.kind is Hit.ESCALATED or is_worse:
        move = Move.WORSEN
    else:
        return None
    if case.closed_at is not None:
        return None
    standing = Standing(
        stage=Stage(case.stage),
        unit_id=case.unit_id,
        condition=case.condition,
        recovered=False,
        moves=(),
    )
    to = decide(standing, Ask(move=move, role=Role.RULES, unit_id=None)).to
    return NewStep(
        taken_at=request.at,
        move=move,
        from_stage=case.stage,
        to_stage=to,
        actor=ACTOR,
        role=Role.RULES,
        unit_id=case.unit_id,
        worker=case.worker,
        note=f"{request.severity}: {request.rule} v{request.rule_version}",
        seq=request.seq,
    )
