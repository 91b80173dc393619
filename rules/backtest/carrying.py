"""Do in a docket what was decided on a hit: `cases.carrying` without a database. Pure.

It decides nothing, but for one thing that is not decided live: a case that nobody
worked on is closed when its sensors say that it is over, see `rules.backtest.people`.
"""

from typing import assert_never

from cases.acts import (
    Act,
    Count,
    Join,
    Keep,
    Leave,
    Link,
    MarkRework,
    Open,
    Own,
    Record,
    Recover,
    Reopen,
    Ruling,
    SetShape,
    SetUnstable,
    TakeStep,
)
from cases.opening import new_case
from cases.request import FilingRequest, Member, Shape
from cases.stage import Stage
from rules.backtest.docket import Docket
from rules.backtest.lines import CaseLine, MemberLine, opened_line


def carry_out(docket: Docket, ruling: Ruling) -> None:
    """Do what was decided on a hit."""
    hit = ruling.hit
    case = None if ruling.case is None else docket.cases[ruling.case.id]
    for act in ruling.acts:
        if isinstance(act, Open):
            case = _open(docket, hit, act)
        elif isinstance(act, Leave):
            _leave(docket, hit)
        elif case is not None:
            _do(docket, case, hit, act)
    if ruling.let_go is not None:
        _recover(docket, docket.cases[ruling.let_go.id], hit)


def _open(docket: Docket, hit: FilingRequest, act: Open) -> CaseLine:
    before = docket.last_solved(act.place.key)
    case = opened_line(
        docket.next_id(),
        new_case(hit, act, number=""),
        repeat_count=0 if before is None else before.repeat_count + 1,
    )
    for step in act.steps:
        case.take(step)
    docket.add(case, seq=hit.seq)
    return case


def _do(  # noqa: C901, PLR0912 a line for each kind of act
    docket: Docket, case: CaseLine, hit: FilingRequest, act: Act
) -> None:
    match act:
        case Reopen():
            _reopen(case, hit, act)
        case Record():
            _record(case, hit, act)
        case Count():
            case.quiet_hits += 1
            case.recovered_at = None
            case.last_hit_at = max(case.last_hit_at, hit.at)
        case TakeStep(step):
            case.take(step)
        case MarkRework():
            case.rework_at = case.rework_at or hit.at
        case SetUnstable(since):
            case.unstable_since = since and (case.unstable_since or since)
        case SetShape(shape):
            case.shape = shape if case.shape == Shape.SINGLE else case.shape
        case Link():
            docket.link(hit.alarm_id, case)
        case Own():
            _own(docket, case, hit)
        case Join():
            _join(docket, case, hit, act)
        case Recover():
            _recover(docket, case, hit)
        case Keep():
            pass  # evidence is kept of real cases only
        case Open() | Leave():
            raise AssertionError("done where there need be no case")
        case _:
            assert_never(act)


def _reopen(case: CaseLine, hit: FilingRequest, act: Reopen) -> None:
    case.stage, case.worker, case.closed_at = act.steps[-1].to_stage, "", None
    case.rework_at, case.unstable_since = None, None
    case.reopened_at, case.reopen_count = hit.at, case.reopen_count + 1
    case.is_assumed = False
    for step in act.steps:
        case.take(step)


def _record(case: CaseLine, hit: FilingRequest, act: Record) -> None:
    found = act.finding
    case.severity = found.severity
    case.title_zh, case.title_en = found.title_zh, found.title_en
    case.reason_zh, case.reason_en = found.reason_zh, found.reason_en
    case.hit_count += act.again
    case.last_hit_at = max(case.last_hit_at, hit.at)
    case.recovered_at = None


def _recover(docket: Docket, case: CaseLine, hit: FilingRequest) -> None:
    case.recovered_at = hit.at
    if case.closed_at is None and not docket.is_worked_on(case.key):
        case.stage, case.closed_at, case.is_assumed = Stage.CLOSED, hit.at, True


def _leave(docket: Docket, hit: FilingRequest) -> None:
    for _, member in docket.member_of.get(hit.alarm_id, ()):
        member.left_at = member.left_at or hit.at


def _own(docket: Docket, case: CaseLine, hit: FilingRequest) -> None:
    """Say that a member has a case of its own, part of what it is a member of."""
    parents = [
        (parent, member)
        for parent, member in docket.member_of.get(hit.alarm_id, ())
        if parent is not case and member.left_at is None
    ]
    for _, member in parents:
        member.has_own = True
    if parents:
        _set_parent(docket, hit.alarm_id, parents[0][0])


def _join(docket: Docket, case: CaseLine, hit: FilingRequest, act: Join) -> None:
    spoken_for = {member.device_id for member in act.members if member.alarm_id}
    for member in act.members:
        if member.alarm_id or member.device_id not in spoken_for:
            _add_member(docket, case, hit, member)
    for member in act.spoken_for:
        alarm = docket.alarms.get(member.alarm_id)
        if alarm is not None:
            alarm.lead_id = hit.alarm_id
        if member.has_own:
            _set_parent(docket, member.alarm_id, case)
        else:
            docket.link(member.alarm_id, case)


def _add_member(
    docket: Docket, case: CaseLine, hit: FilingRequest, member: Member
) -> None:
    if member.alarm_id:
        case.members.pop((member.device_id, 0), None)
    key = member.device_id, member.alarm_id
    line = case.members.get(key)
    if line is None:
        line = MemberLine(member.state, member.has_own, hit.at)
        case.members[key] = line
        if member.alarm_id:
            docket.member_of.setdefault(member.alarm_id, []).append((case, line))
    line.has_own, line.left_at = line.has_own or member.has_own, None


def _set_parent(docket: Docket, alarm_id: int, parent: CaseLine) -> None:
    own = docket.case_of_alarm(alarm_id)
    if own is not None and own is not parent and own.closed_at is None:
        own.parent_id = parent.id
