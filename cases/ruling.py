"""Decide what becomes of a hit: one function for what is live and for a backtest. Pure.

raised, escalated   a hit on the problem's open case; or its last one goes on, or a
                    new one is opened, or nothing (`cases.repeat`)
quiet               counted on the open case, nobody is told
settled             the open case is stable, and over if nothing of it stands
eased, cleared      written down on the alarm's own case, which is over if nothing
                    else of it stands
left                a member goes; what it was a member of still stands
join                members come to the lead's case; if that is closed by now, the
                    lead is filed again, and if it cannot be, its members alone
"""

from dataclasses import dataclass, replace

from cases.acts import (
    Act,
    Count,
    Facts,
    Join,
    Keep,
    Leave,
    Link,
    MarkRework,
    Open,
    Outcome,
    Own,
    Record,
    Recover,
    Reopen,
    Ruling,
    SetShape,
    SetUnstable,
    TakeStep,
)
from cases.move_table import Move
from cases.notice import Told
from cases.opening import finding_of, opening_steps, reopening_steps, worse_of
from cases.placing import Place, Unplaced
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
from cases.rework import needs_rework
from cases.severity_steps import severity_step
from cases.stage import Stage
from devices.registry.snapshot import Snapshot
from store.cases.rows import Finding, LockedCase


def hit_of(request: FilingRequest | JoinRequest) -> FilingRequest:
    """Return the hit that a request is about."""
    return request.lead if isinstance(request, JoinRequest) else request


def asks_place(
    request: FilingRequest | JoinRequest, of_alarm: LockedCase | None
) -> bool:
    """Tell whether it matters where a hit belongs.

    Args:
        request: The hit.
        of_alarm: The case its alarm belongs to.
    """
    if isinstance(request, JoinRequest):
        return not _is_open(of_alarm)
    if request.kind is Hit.CLEARED:
        return request.mark is Mark.SETTLED
    return request.kind is not Hit.EASED


def may_recover(
    request: FilingRequest | JoinRequest,
    of_alarm: LockedCase | None,
    open_case: LockedCase | None,
) -> LockedCase | None:
    """Return the case that may be over with a hit, if none of its other alarms stands.

    Args:
        request: The hit.
        of_alarm: The case its alarm belongs to.
        open_case: The open case of its problem.
    """
    hit = hit_of(request)
    match hit.kind, hit.mark:
        case (Hit.CLEARED, Mark.LEFT) | (Hit.EASED, _) | (Hit.RAISED, Mark.QUIET):
            return None
        case Hit.CLEARED, Mark.SETTLED:
            return open_case
        case Hit.CLEARED, _:
            return of_alarm
        case _:
            return _may_let_go(of_alarm, open_case)


def ruling_on(
    request: FilingRequest | JoinRequest, facts: Facts, snapshot: Snapshot
) -> Ruling:
    """Decide what becomes of a hit.

    Args:
        request: The hit.
        facts: What is known as it comes in.
        snapshot: The registry as it was when the rules decided.
    """
    if isinstance(request, JoinRequest):
        return _join(request, facts, snapshot)
    match request.kind, request.mark:
        case Hit.CLEARED, Mark.LEFT:
            return Ruling(hit=request, outcome=Outcome.STILL_BAD, acts=(Leave(),))
        case Hit.CLEARED, Mark.SETTLED:
            return _settle(request, facts)
        case Hit.RAISED, Mark.QUIET:
            return _count(request, facts)
        case ((Hit.RAISED | Hit.ESCALATED), _):
            return _raise(request, facts)[0]
        case _:
            return _relieve(request, facts)


@dataclass(frozen=True, slots=True)
class _After:
    """What a case says once it has been hit.

    Attributes:
        finding: In words.
        stage: Where it stands.
        rule: The one that opened it.
    """

    finding: Finding
    stage: Stage
    rule: str


def _is_open(case: LockedCase | None) -> bool:
    return case is not None and case.closed_at is None


def _may_let_go(
    before: LockedCase | None, open_case: LockedCase | None
) -> LockedCase | None:
    """Return the case of an upstream that a member outlasts, if it has one.

    One that a group or a storm was filed for alone is none: its members left it since
    somebody split it.
    """
    if before is None or (open_case is not None and open_case.id == before.id):
        return None
    is_own = ":" in before.rule
    is_over = before.closed_at is not None or before.recovered_at is not None
    return None if is_own or is_over else before


def _raise(hit: FilingRequest, facts: Facts) -> tuple[Ruling, _After | None]:
    """Open a case for a hit, or count it on the open one; say if it is unstable."""
    found = facts.found
    if not isinstance(found, Place):
        return _not_filed(hit, found), None
    filed, after = _filed(hit, facts, found)
    if after is None:
        return filed, None
    acts: list[Act] = list(filed.acts)
    if hit.mark is Mark.UNSTABLE:
        acts.append(SetUnstable(hit.at))
    elif hit.mark is Mark.SETTLED:
        acts.append(SetUnstable(None))
    if hit.shape is not Shape.SINGLE:
        acts.append(SetShape(hit.shape))
    acts.append(Own())
    let_go = None if facts.stands else _may_let_go(facts.of_alarm, facts.open)
    return replace(filed, acts=tuple(acts), let_go=let_go), after


def _filed(
    hit: FilingRequest, facts: Facts, found: Place
) -> tuple[Ruling, _After | None]:
    if facts.open is not None:
        return _hit(hit, facts.open, found)
    last = facts.last
    match course_of(last, hit, within=found.reopen_within), last:
        case Course.NOTHING, _:
            return Ruling(hit=hit, outcome=Outcome.NO_CASE), None
        case Course.REOPEN, LockedCase():
            return _reopen(hit, last, found)
        case _:
            return _open(hit, found, facts.solved_id)


def _open(
    hit: FilingRequest, found: Place, solved_id: int | None
) -> tuple[Ruling, _After]:
    steps = tuple(opening_steps(hit, found))
    ruling = Ruling(
        hit=hit,
        outcome=Outcome.OPENED,
        acts=(Open(found, steps, solved_id), Link()),
        told=Move.FILE,
    )
    return ruling, _After(finding_of(hit), Stage(steps[-1].to_stage), hit.rule)


def _reopen(
    hit: FilingRequest, last: LockedCase, found: Place
) -> tuple[Ruling, _After]:
    steps = tuple(reopening_steps(hit, found, last))
    gone_on = replace(last, stage=steps[-1].to_stage, closed_at=None)
    again, after = _hit(hit, gone_on, found)
    ruling = replace(
        again,
        outcome=Outcome.REOPENED,
        case=last,
        acts=(Reopen(steps), *again.acts),
        told=Move.REOPEN,
    )
    return ruling, after


def _hit(hit: FilingRequest, case: LockedCase, found: Place) -> tuple[Ruling, _After]:
    """Count a hit on an open case; the worse of both is what it says."""
    finding = worse_of(case, hit)
    acts: list[Act] = [Record(hit.kind is Hit.RAISED, finding), Link()]
    acts += _severity(case, hit)
    acts += _flag(case.stage)
    acts.append(Keep(found))
    ruling = Ruling(
        hit=hit,
        outcome=Outcome.HIT_AGAIN,
        case=case,
        acts=tuple(acts),
        told=Told.HIT,
    )
    return ruling, _After(finding, Stage(case.stage), case.rule)


def _severity(case: LockedCase, hit: FilingRequest) -> list[Act]:
    step = severity_step(case, hit)
    return [] if step is None else [TakeStep(step)]


def _flag(stage: str) -> list[Act]:
    """Mark an open case for rework that is said to be done, as its sensor says bad."""
    return [MarkRework()] if needs_rework(to=Stage(stage), stands=True) else []


def _count(hit: FilingRequest, facts: Facts) -> Ruling:
    """Count a raise of what is unstable on the problem's open case, if it has one."""
    if not isinstance(facts.found, Place):
        return _not_filed(hit, facts.found)
    case = facts.open
    if case is None:
        return Ruling(hit=hit, outcome=Outcome.NO_CASE)
    acts: tuple[Act, ...] = (Link(), Count(), *_flag(case.stage))
    return Ruling(hit=hit, outcome=Outcome.HIT_AGAIN, case=case, acts=acts)


def _settle(hit: FilingRequest, facts: Facts) -> Ruling:
    """Let the open case of what was unstable recover, if nothing of it stands."""
    if not isinstance(facts.found, Place):
        return _not_filed(hit, facts.found)
    case = facts.open
    if case is None:
        return Ruling(hit=hit, outcome=Outcome.NO_CASE)
    return _recover(hit, facts, case, (SetUnstable(None), Keep()))


def _relieve(hit: FilingRequest, facts: Facts) -> Ruling:
    left: tuple[Act, ...] = (Leave(),) if hit.kind is Hit.CLEARED else ()
    case = facts.of_alarm
    if case is None:
        return Ruling(hit=hit, outcome=Outcome.NO_CASE, acts=left)
    if hit.kind is Hit.EASED:
        acts: tuple[Act, ...] = (*left, Keep(), *_severity(case, hit))
        return Ruling(hit=hit, outcome=Outcome.EASED, case=case, acts=acts)
    return _recover(hit, facts, case, (*left, Keep()))


def _recover(
    hit: FilingRequest, facts: Facts, case: LockedCase, acts: tuple[Act, ...]
) -> Ruling:
    """Say that a case has recovered, if none of its alarms stands."""
    if facts.stands:
        return Ruling(hit=hit, outcome=Outcome.STILL_BAD, case=case, acts=acts)
    return Ruling(
        hit=hit,
        outcome=Outcome.RECOVERED,
        case=case,
        acts=(*acts, Recover(facts.hold)),
        told=Told.RECOVER,
    )


def _join(request: JoinRequest, facts: Facts, snapshot: Snapshot) -> Ruling:
    lead, case = request.lead, facts.of_alarm
    if case is not None and case.closed_at is None:
        before = Ruling(hit=lead, outcome=Outcome.JOINED, case=case, told=Told.HIT)
        after = _After(_words_of(case), Stage(case.stage), case.rule)
    else:
        before, filed = _raise(lead, facts)
        if filed is None:
            return replace(before, instead=request.alone)
        after = filed
    acts = _joining(request, after, snapshot)
    return replace(before, acts=(*before.acts, *acts))


def _joining(
    request: JoinRequest, after: _After, snapshot: Snapshot
) -> tuple[Act, ...]:
    lead, members = request.lead, request.members
    known = tuple(m for m in members if m.device_id in snapshot.devices)
    spoken_for = tuple(m for m in members if m.alarm_id)
    shape = Shape.GROUP if lead.shape is Shape.SINGLE else lead.shape
    finding = _joined(after, request)
    return (
        Join(known, spoken_for),
        SetShape(shape),
        Record(again=False, finding=finding),
        *_flag(after.stage),
    )


def _joined(after: _After, request: JoinRequest) -> Finding:
    """Return what the case says now: its group's count, if it is the group's own."""
    lead, finding = request.lead, after.finding
    if request.severity is not None:
        worst = max(Severity(finding.severity), request.severity, key=SEVERITIES.index)
        finding = replace(finding, severity=worst)
    if after.rule != lead.rule or lead.shape is Shape.SINGLE:
        return finding
    return replace(finding, reason_zh=lead.reason_zh, reason_en=lead.reason_en)


def _words_of(case: LockedCase) -> Finding:
    return Finding(
        severity=case.severity,
        title_zh=case.title_zh,
        title_en=case.title_en,
        reason_zh=case.reason_zh,
        reason_en=case.reason_en,
    )


def _not_filed(hit: FilingRequest, why: Place | Unplaced | None) -> Ruling:
    reason = why if isinstance(why, Unplaced) else None
    return Ruling(hit=hit, outcome=Outcome.NOT_FILED, why=reason)
