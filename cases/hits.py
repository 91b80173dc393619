"""One hit: it opens a case, is another hit on one, or says that it is over."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from cases.keeping import (
    ask_for_proof,
    keep_change,
    keep_hit,
    keep_opening,
    keep_return,
)
from cases.move_table import Move
from cases.notice import Notice, Told
from cases.number import LAST_SEQUENCE, case_number
from cases.opening import (
    new_case,
    number_series,
    opening_steps,
    reopening_steps,
    worse_of,
)
from cases.placing import Place, Unplaced, place
from cases.repeat import Course, course_of
from cases.request import FilingRequest, Hit, Mark, Shape
from cases.rework import needs_rework
from cases.routing import Routing
from cases.severity_steps import severity_step
from cases.stage import Stage
from devices.registry.snapshot import Snapshot
from store import case_members as members
from store import case_repeats as repeats
from store import cases as rows
from store.case_rework import mark_rework
from store.case_rows import LockedCase
from store.connection import Connection


class Outcome(StrEnum):
    """What became of a request."""

    OPENED = "opened"  # a new case
    HIT_AGAIN = "hit_again"  # the problem had an open case
    REOPENED = "reopened"  # it was back soon after its case was closed
    EASED = "eased"  # written down; a case keeps its worst severity
    RECOVERED = "recovered"  # the last alarm of its case cleared
    STILL_BAD = "still_bad"  # cleared, but another alarm of its case stands
    NO_CASE = "no_case"  # the alarm never had a case
    NOT_FILED = "not_filed"  # see `why`
    JOINED = "joined"  # members of a group's or a storm's case


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
    """

    outcome: Outcome
    alarm_id: int
    case: LockedCase | None = None
    why: Unplaced | None = None
    notice: Notice | None = None
    also: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where hits are filed.

    Attributes:
        connection: In the transaction that stores the alarms.
        snapshot: The registry as it was when the rules decided.
        routing: Who answers for what.
        county: Six digits for cases that lie in no grid cell; None for the city's.
        zone: It says which day a case number is of.
    """

    connection: Connection
    snapshot: Snapshot
    routing: Routing
    county: str | None
    zone: tzinfo


async def file_hit(desk: Desk, request: FilingRequest) -> Filed:
    """File one hit, whatever became of its alarm."""
    match request.kind, request.mark:
        case Hit.CLEARED, Mark.LEFT:
            return await _leave(desk.connection, request)
        case Hit.CLEARED, Mark.SETTLED:
            return await _settle(desk, request)
        case Hit.RAISED, Mark.QUIET:
            return await _count(desk, request)
        case ((Hit.RAISED | Hit.ESCALATED), _):
            return await raise_hit(desk, request)
        case _:
            return await _relieve(desk, request)


async def raise_hit(desk: Desk, request: FilingRequest) -> Filed:
    """Open a case for a hit, or count it on the open one; say if it is unstable."""
    before = await rows.lock_case_of_alarm(desk.connection, request.alarm_id)
    filed = await _raise(desk, request)
    if filed.case is None:
        return filed
    connection, case_id = desk.connection, filed.case.id
    if request.mark is Mark.UNSTABLE:
        await members.set_unstable(connection, case_id, request.at)
    elif request.mark is Mark.SETTLED:
        await members.set_unstable(connection, case_id, None)
    if request.shape is not Shape.SINGLE:
        await members.set_shape(connection, case_id, request.shape)
    await members.own_case(connection, request.alarm_id, case_id)
    if before is not None and before.id != case_id:
        return replace(filed, also=await _let_go(connection, request, before))
    return filed


async def _let_go(
    connection: Connection, request: FilingRequest, before: LockedCase
) -> Notice | None:
    """Let the case of an upstream recover that a member outlasted, if all else has.

    One that a group or a storm was filed for alone does not: its members left it since
    somebody split it.
    """
    is_own = ":" in before.rule
    if is_own or before.closed_at is not None or before.recovered_at is not None:
        return None
    stands = await rows.another_alarm_stands(
        connection, before.id, alarm_id=request.alarm_id, seq=request.seq
    )
    if stands:
        return None
    await rows.set_recovered(connection, before.id, request.at)
    now = replace(before, recovered_at=request.at)
    return Notice(at=request.at, move=Told.RECOVER, case=now)


async def _count(desk: Desk, request: FilingRequest) -> Filed:
    """Count a raise of what is unstable on the problem's open case, if it has one."""
    found = await _placed(desk, request)
    if isinstance(found, Unplaced):
        return _not_filed(request, found)
    connection = desk.connection
    case = await rows.lock_open_case(connection, found.key)
    if case is None:
        return Filed(outcome=Outcome.NO_CASE, alarm_id=request.alarm_id)
    await rows.link_alarm(connection, request.alarm_id, case.id)
    await members.count_quiet_hit(connection, case.id, request.at)
    await flag(connection, case, request.at)
    return await _filed(connection, Outcome.HIT_AGAIN, request, case.id)


async def _settle(desk: Desk, request: FilingRequest) -> Filed:
    """Let the open case of what was unstable recover, if nothing of it stands."""
    found = await _placed(desk, request)
    if isinstance(found, Unplaced):
        return _not_filed(request, found)
    connection = desk.connection
    case = await rows.lock_open_case(connection, found.key)
    if case is None:
        return Filed(outcome=Outcome.NO_CASE, alarm_id=request.alarm_id)
    await members.set_unstable(connection, case.id, None)
    await keep_change(connection, case.id, request)
    return await _recover(desk, request, case)


async def _leave(connection: Connection, request: FilingRequest) -> Filed:
    """Let a member go; what it was a member of still stands."""
    await members.leave_all(connection, request.alarm_id, request.at)
    return Filed(outcome=Outcome.STILL_BAD, alarm_id=request.alarm_id)


async def _placed(desk: Desk, request: FilingRequest) -> Place | Unplaced:
    fix = None
    if request.lon is None:
        fix = await rows.last_fix(desk.connection, request.device_id)
    return place(request, desk.snapshot, desk.routing, last_fix=fix)


async def _raise(desk: Desk, request: FilingRequest) -> Filed:
    found = await _placed(desk, request)
    if isinstance(found, Unplaced):
        return _not_filed(request, found)
    while True:  # ends: either the problem has an open case, or we open it
        case = await rows.lock_open_case(desk.connection, found.key)
        if case is not None:
            return await _hit(desk.connection, request, found, case)
        opened = await _begin(desk, request, found)
        if opened is not None:
            return opened


async def _begin(desk: Desk, request: FilingRequest, found: Place) -> Filed | None:
    """Reopen a problem's last case or open one; None if it has an open one by now."""
    last = await repeats.lock_last_ended(desk.connection, found.key)
    match course_of(last, request, within=found.reopen_within), last:
        case Course.NOTHING, _:
            return Filed(outcome=Outcome.NO_CASE, alarm_id=request.alarm_id)
        case Course.REOPEN, LockedCase():
            return await _reopen(desk, request, found, last)
        case _:
            return await _open(desk, request, found)


async def _reopen(
    desk: Desk, request: FilingRequest, found: Place, case: LockedCase
) -> Filed | None:
    """Let a closed case go on; None if its problem has an open one by now."""
    connection = desk.connection
    steps = reopening_steps(request, found, case)
    if not await repeats.reopen(connection, case.id, steps[-1].to_stage, request.at):
        return None
    for step in steps:
        await rows.insert_step(connection, case.id, step)
    await keep_return(connection, case.id, request)
    await _hit(connection, request, found, _gone_on(case, steps[-1].to_stage))
    return await _filed(connection, Outcome.REOPENED, request, case.id, Move.REOPEN)


def _gone_on(case: LockedCase, stage: str) -> LockedCase:
    return replace(case, stage=stage, closed_at=None)


async def _hit(
    connection: Connection, request: FilingRequest, found: Place, case: LockedCase
) -> Filed:
    finding = worse_of(case, request)
    await rows.record_hit(
        connection,
        case.id,
        again=request.kind is Hit.RAISED,
        at=request.at,
        finding=finding,
    )
    await rows.link_alarm(connection, request.alarm_id, case.id)
    await _note_severity(connection, case, request)
    await flag(connection, case, request.at)
    await keep_hit(connection, case.id, request, found)
    return await _filed(connection, Outcome.HIT_AGAIN, request, case.id, Told.HIT)


async def _note_severity(
    connection: Connection, case: LockedCase, request: FilingRequest
) -> None:
    step = severity_step(case, request)
    if step is not None:
        await rows.insert_step(connection, case.id, step)


async def flag(connection: Connection, case: LockedCase, at: datetime) -> None:
    """Mark a case for rework that is said to be done, as its sensor says bad."""
    if case.closed_at is None and needs_rework(to=Stage(case.stage), stands=True):
        await mark_rework(connection, case.id, at)


async def _open(desk: Desk, request: FilingRequest, found: Place) -> Filed | None:
    """Open a case; None if somebody else did in the meantime."""
    connection = desk.connection
    county, day = number_series(
        request, found, desk.snapshot, county=desk.county, zone=desk.zone
    )
    sequence = await rows.next_sequence(connection, county, day)
    if sequence > LAST_SEQUENCE:
        return _not_filed(request, Unplaced.NO_NUMBER)
    steps = opening_steps(request, found)
    number = case_number(county, day, sequence)
    case = new_case(request, found, number=number, stage=steps[-1].to_stage)
    earlier = await repeats.last_solved(connection, found.key)
    case = replace(case, repeat_of=earlier)
    case_id = await rows.insert_case(connection, case)
    if case_id is None:
        return None
    for step in steps:
        await rows.insert_step(connection, case_id, step)
    await rows.link_alarm(connection, request.alarm_id, case_id)
    await rows.adopt_alarms(connection, case_id, found.key, seq=request.seq)
    await keep_opening(connection, case_id, request, found, desk.snapshot)
    return await _filed(connection, Outcome.OPENED, request, case_id, Move.FILE)


async def _relieve(desk: Desk, request: FilingRequest) -> Filed:
    connection = desk.connection
    if request.kind is Hit.CLEARED:
        await members.leave_all(connection, request.alarm_id, request.at)
    case = await rows.lock_case_of_alarm(connection, request.alarm_id)
    if case is None:
        return Filed(outcome=Outcome.NO_CASE, alarm_id=request.alarm_id)
    await keep_change(connection, case.id, request)
    if request.kind is Hit.EASED:
        await _note_severity(connection, case, request)
        return await _filed(connection, Outcome.EASED, request, case.id)
    return await _recover(desk, request, case)


async def _recover(desk: Desk, request: FilingRequest, case: LockedCase) -> Filed:
    """Say that a case has recovered, if none of its alarms stands."""
    connection, case_id = desk.connection, case.id
    still_bad = await rows.another_alarm_stands(
        connection, case_id, alarm_id=request.alarm_id, seq=request.seq
    )
    if still_bad:
        return await _filed(connection, Outcome.STILL_BAD, request, case_id)
    await rows.set_recovered(connection, case_id, request.at)
    hold = desk.routing.proof_hold(case.type, case.condition)
    if hold is not None:
        await ask_for_proof(connection, case_id, request, hold)
    told = Told.RECOVER
    return await _filed(connection, Outcome.RECOVERED, request, case_id, told)


async def _filed(
    connection: Connection,
    outcome: Outcome,
    request: FilingRequest,
    case_id: int,
    told: Move | Told | None = None,
) -> Filed:
    case = await rows.lock_case(connection, case_id)
    if case is None:
        raise AssertionError(f"case {case_id} is locked and gone")
    notice = Notice(at=request.at, move=told, case=case) if told is not None else None
    return Filed(outcome=outcome, alarm_id=request.alarm_id, case=case, notice=notice)


def _not_filed(request: FilingRequest, why: Unplaced) -> Filed:
    return Filed(outcome=Outcome.NOT_FILED, alarm_id=request.alarm_id, why=why)
