"""Members join the case of a group or a storm; none is ever lost."""

from dataclasses import replace

from cases.hits import Desk, Filed, Outcome, flag, raise_hit
from cases.notice import Notice, Told
from cases.request import SEVERITIES, FilingRequest, JoinRequest, Severity, Shape
from store import case_members as members
from store import cases as rows
from store.case_members import NewMember
from store.case_rows import Finding, LockedCase


async def join(desk: Desk, request: JoinRequest) -> Filed:
    """Add members to the case that their group or storm stands by.

    Where that case is closed by now the group is filed again; where it cannot be filed
    at all, the members are filed alone.
    """
    case = await _case_of(desk, request.lead)
    if case is None:
        for alone in request.alone:
            await raise_hit(desk, alone)
        return Filed(outcome=Outcome.NO_CASE, alarm_id=request.lead.alarm_id)
    await _add(desk, request, case)
    await rows.record_hit(
        desk.connection,
        case.id,
        again=False,
        at=request.lead.at,
        finding=_finding(case, request),
    )
    await flag(desk.connection, case, request.lead.at)
    now = await rows.lock_case(desk.connection, case.id)
    if now is None:
        raise AssertionError(f"case {case.id} is locked and gone")
    return Filed(
        outcome=Outcome.JOINED,
        alarm_id=request.lead.alarm_id,
        case=now,
        notice=Notice(at=request.lead.at, move=Told.HIT, case=now),
    )


async def _case_of(desk: Desk, lead: FilingRequest) -> LockedCase | None:
    """Return the open case of a lead; if it has none any longer, it gets one."""
    case = await rows.lock_case_of_alarm(desk.connection, lead.alarm_id)
    if case is not None and case.closed_at is None:
        return case
    return (await raise_hit(desk, lead)).case


async def _add(desk: Desk, request: JoinRequest, case: LockedCase) -> None:
    connection, lead = desk.connection, request.lead
    await members.insert_members(
        connection,
        case.id,
        [
            NewMember(
                device_id=member.device_id,
                alarm_id=member.alarm_id,
                state=member.state,
                has_own=member.has_own,
            )
            for member in request.members
            if member.device_id in desk.snapshot.devices
        ],
        at=lead.at,
    )
    shape = Shape.GROUP if lead.shape is Shape.SINGLE else lead.shape
    await members.set_shape(connection, case.id, shape)
    by_alarm = [member for member in request.members if member.alarm_id]
    await members.link_alarms(
        connection,
        [(member.alarm_id, member.has_own) for member in by_alarm],
        case_id=case.id,
        lead_id=lead.alarm_id,
    )
    for member in by_alarm:
        if member.has_own:
            await members.set_parent(connection, member.alarm_id, case.id)


def _finding(case: LockedCase, request: JoinRequest) -> Finding:
    """Return what the case says now: its group's count, if it is the group's own."""
    lead = request.lead
    is_own = case.rule == lead.rule and lead.shape is not Shape.SINGLE
    severity = Severity(case.severity)
    if request.severity is not None:
        severity = max(severity, request.severity, key=SEVERITIES.index)
    kept = Finding(
        severity=severity,
        title_zh=case.title_zh,
        title_en=case.title_en,
        reason_zh=case.reason_zh,
        reason_en=case.reason_en,
    )
    if not is_own:
        return kept
    return replace(kept, reason_zh=lead.reason_zh, reason_en=lead.reason_en)
