"""What becomes of requests in a docket: `cases.hits` and `cases.joining` over again."""

from collections.abc import Iterable

from cases.opening import finding_of
from cases.placing import Place
from cases.repeat import Course, course_of
from cases.request import (
    SEVERITIES,
    FilingRequest,
    Hit,
    JoinRequest,
    Mark,
    Severity,
    Shape,
)
from rules.backtest.docket import Docket
from rules.backtest.lines import CaseLine
from store.case_rows import LockedCase

rank = SEVERITIES.index


def file_all(docket: Docket, requests: Iterable[FilingRequest | JoinRequest]) -> None:
    """File what rules found, in journal order."""
    for request in requests:
        if isinstance(request, JoinRequest):
            _join(docket, request)
        else:
            _file(docket, request)


def _file(docket: Docket, request: FilingRequest) -> None:
    match request.kind, request.mark:
        case Hit.CLEARED, Mark.LEFT:
            docket.leave(request.alarm_id)
        case Hit.CLEARED, Mark.SETTLED:
            _settle(docket, request)
        case Hit.RAISED, Mark.QUIET:
            _count(docket, request)
        case ((Hit.RAISED | Hit.ESCALATED), _):
            _raise(docket, request)
        case _:
            _relieve(docket, request)


def _raise(docket: Docket, request: FilingRequest) -> CaseLine | None:
    before = docket.case_of_alarm(request.alarm_id)
    found = docket.place(request)
    if found is None:
        return None
    case = docket.open_case(found.key, request.at)
    if case is None:
        case = _begin(docket, request, found)
    else:
        _hit(docket, request, case)
    if case is None:
        return None
    if request.mark is Mark.UNSTABLE:
        case.unstable_since = case.unstable_since or request.at
    elif request.mark is Mark.SETTLED:
        case.unstable_since = None
    if request.shape is not Shape.SINGLE and case.shape == Shape.SINGLE:
        case.shape = request.shape
    docket.own(request.alarm_id, case, request.at)
    if before is not None and before is not case and ":" not in before.rule:
        _let_go(docket, request, before)
    return case


def _let_go(docket: Docket, request: FilingRequest, before: CaseLine) -> None:
    """Let the case of an upstream recover that a member outlasted, if all else has."""
    if docket.is_open(before, request.at) and before.recovered_at is None:
        _recover(request, before)


def _begin(docket: Docket, request: FilingRequest, found: Place) -> CaseLine | None:
    """Let a problem's last case go on or open one, unless it was refused."""
    last = docket.last_of(found.key)
    locked = None if last is None else _locked(last)
    course = course_of(locked, request, within=found.reopen_within)
    if course is Course.NOTHING:
        return None
    if course is Course.FILE or last is None:
        return docket.open(request, found, finding_of(request))
    last.closed_at, last.stage = None, ""
    last.reopened_at, last.reopen_count = request.at, last.reopen_count + 1
    _hit(docket, request, last)
    return last


def _locked(case: CaseLine) -> LockedCase:
    """Return a case as `course_of` wants it."""
    return LockedCase(
        id=case.id,
        number="",
        type=case.key.type,
        class_code=case.key.class_code,
        condition=case.key.condition,
        stage=case.stage,
        unit_id=case.unit_id,
        unit_reason="",
        worker="",
        cell_id=None,
        lon=None,
        lat=None,
        severity=case.severity,
        title_zh=case.title_zh,
        title_en=case.title_en,
        reason_zh=case.reason_zh,
        reason_en=case.reason_en,
        recovered_at=case.recovered_at,
        closed_at=case.closed_at,
        simulated=False,
        rule=case.rule,
    )


def _hit(docket: Docket, request: FilingRequest, case: CaseLine) -> None:
    """Count a hit on an open case; the worse of both is what it says."""
    if rank(request.severity) > rank(Severity(case.severity)):
        found = finding_of(request)
        case.severity = found.severity
        case.title_zh, case.title_en = found.title_zh, found.title_en
        case.reason_zh, case.reason_en = found.reason_zh, found.reason_en
    case.hit_count += request.kind is Hit.RAISED
    case.last_hit_at = max(case.last_hit_at, request.at)
    case.recovered_at = None
    docket.link(request.alarm_id, case)


def _count(docket: Docket, request: FilingRequest) -> None:
    case = _open_case(docket, request)
    if case is not None:
        docket.link(request.alarm_id, case)
        case.quiet_hits += 1
        case.recovered_at = None
        case.last_hit_at = max(case.last_hit_at, request.at)


def _settle(docket: Docket, request: FilingRequest) -> None:
    case = _open_case(docket, request)
    if case is not None:
        case.unstable_since = None
        _recover(request, case)


def _open_case(docket: Docket, request: FilingRequest) -> CaseLine | None:
    found = docket.place(request)
    return None if found is None else docket.open_case(found.key, request.at)


def _relieve(docket: Docket, request: FilingRequest) -> None:
    if request.kind is Hit.CLEARED:
        docket.leave(request.alarm_id)
    case = docket.case_of_alarm(request.alarm_id)
    if case is not None and request.kind is not Hit.EASED:
        docket.is_open(case, request.at)
        _recover(request, case)


def _recover(request: FilingRequest, case: CaseLine) -> None:
    """Say that a case has recovered, if none of its alarms stands."""
    others = (a for i, a in case.alarms.items() if i != request.alarm_id)
    if not any(alarm.stands_at(request.seq) for alarm in others):
        case.recovered_at = request.at


def _join(docket: Docket, request: JoinRequest) -> None:
    lead = request.lead
    case = docket.case_of_alarm(lead.alarm_id)
    if case is None or not docket.is_open(case, lead.at):
        case = _raise(docket, lead)
    if case is None:
        for alone in request.alone:
            _raise(docket, alone)
        return
    is_own = case.rule == lead.rule and lead.shape is not Shape.SINGLE
    docket.join(case, request)
    if request.severity is not None:
        worst = max(Severity(case.severity), request.severity, key=rank)
        case.severity = worst
    if is_own:
        case.reason_zh, case.reason_en = lead.reason_zh, lead.reason_en
    case.last_hit_at = max(case.last_hit_at, lead.at)
    case.recovered_at = None
