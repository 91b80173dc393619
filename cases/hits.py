"""Hits in the database: ask what is known, and do what `cases.ruling` decides."""

from dataclasses import dataclass, replace

from cases.acts import Facts, Outcome, Ruling
from cases.carrying import Desk, carry_out
from cases.notice import Notice, Told
from cases.number import NumbersSpentError
from cases.placing import Place, Unplaced, place
from cases.request import FilingRequest, JoinRequest
from cases.ruling import asks_place, hit_of, may_recover, ruling_on
from store.cases import filed as rows
from store.cases import repeats
from store.cases.rows import LockedCase

__all__ = ["Desk", "Filed", "file_one"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of one request.

    Attributes:
        outcome: In a word.
        alarm_id: The request's alarm.
        case: The case as it is now; None if there is none.
        why: Why there is none, where `outcome` is `NOT_FILED`.
        notice: What the journal tells of it, if anything.
        also: What it tells of the case that the alarm was a member of, if anything.
        instead: What became of those that were filed in its place.
    """

    outcome: Outcome
    alarm_id: int
    case: LockedCase | None = None
    why: Unplaced | None = None
    notice: Notice | None = None
    also: Notice | None = None
    instead: "tuple[Filed, ...]" = ()


async def file_one(desk: Desk, request: FilingRequest | JoinRequest) -> Filed:
    """File one hit, whatever became of its alarm; or members, and their lead first."""
    while True:  # ends: either the problem has an open case, or we open it
        facts = await _facts(desk, request)
        ruling = ruling_on(request, facts, desk.snapshot)
        try:
            case_id = await carry_out(desk, ruling)
        except NumbersSpentError:
            return _filed(ruling, Outcome.NOT_FILED, None, why=Unplaced.NO_NUMBER)
        if case_id is not None:
            break
    case = await rows.lock_case(desk.connection, case_id) if case_id else None
    filed = _filed(ruling, ruling.outcome, case, why=ruling.why)
    instead = [await file_one(desk, alone) for alone in ruling.instead]
    return replace(filed, instead=tuple(instead))


async def _facts(desk: Desk, request: FilingRequest | JoinRequest) -> Facts:
    """Return what is known as a hit comes in; its cases are locked."""
    connection, hit = desk.connection, hit_of(request)
    of_alarm = await rows.lock_case_of_alarm(connection, hit.alarm_id)
    facts = Facts(of_alarm=of_alarm)
    if asks_place(request, of_alarm):
        facts = await _about_problem(desk, hit, facts)
    over = may_recover(request, of_alarm, facts.open)
    if over is None:
        return facts
    stands = await rows.another_alarm_stands(
        connection, over.id, alarm_id=hit.alarm_id, seq=hit.seq
    )
    hold = desk.routing.proof_hold(over.type, over.condition)
    return replace(facts, stands=stands, hold=hold)


async def _about_problem(desk: Desk, hit: FilingRequest, facts: Facts) -> Facts:
    connection = desk.connection
    # By the journal's order: fixes that came at the hit's very instant may be later.
    fix = desk.fix_of(hit.device_id, hit.seq) if hit.lon is None else None
    found = place(hit, desk.snapshot, desk.routing, last_fix=fix)
    if not isinstance(found, Place):
        return replace(facts, found=found)
    open_case = await rows.lock_open_case(connection, found.key)
    if open_case is not None:
        return replace(facts, found=found, open=open_case)
    return replace(
        facts,
        found=found,
        last=await repeats.lock_last_ended(connection, found.key),
        solved_id=await repeats.last_solved(connection, found.key),
    )


def _filed(
    ruling: Ruling, outcome: Outcome, case: LockedCase | None, *, why: Unplaced | None
) -> Filed:
    at, notice, also = ruling.hit.at, None, None
    if case is not None and ruling.told is not None:
        notice = Notice(at=at, move=ruling.told, case=case)
    if case is not None and ruling.let_go is not None:
        over = replace(ruling.let_go, recovered_at=at)
        also = Notice(at=at, move=Told.RECOVER, case=over)
    return Filed(
        outcome=outcome,
        alarm_id=ruling.hit.alarm_id,
        case=case,
        why=why,
        notice=notice,
        also=also,
    )
