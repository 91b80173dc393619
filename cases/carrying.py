"""Do in the database what was decided on a hit, act by act; decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypeAlias, assert_never

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
from cases.keeping import (
    ask_for_proof,
    keep_change,
    keep_hit,
    keep_opening,
    keep_return,
)
from cases.number import case_number
from cases.opening import new_case, number_series
from cases.placing import Place
from cases.request import FilingRequest, Member
from cases.routing import Routing
from cases.subject import Point
from devices.registry.snapshot import Snapshot
from store.cases import filed as rows
from store.cases import members, repeats
from store.cases.members import NewMember
from store.cases.rework import mark_rework
from store.connection import Connection

FixOf: TypeAlias = Callable[[int, int], Point | None]
"""Tells where a device last was, degrees east and north, WGS-84, as far as a journal
entry knows; None if nobody knew."""

NOBODY = 0
"""Stands for a case where there is none."""


def nowhere(device_id: int, seq: int) -> Point | None:
    """Tell that nobody knows where any device was."""
    _ = device_id, seq
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where hits are filed.

    Attributes:
        connection: In the transaction that stores the alarms.
        snapshot: The registry as it was when the rules decided.
        routing: Who answers for what.
        county: Six digits for cases that lie in no grid cell; None for the city's.
        zone: It says which day a case number is of.
        fix_of: For hits that do not say where they are.
    """

    connection: Connection
    snapshot: Snapshot
    routing: Routing
    county: str | None
    zone: tzinfo
    fix_of: FixOf


async def carry_out(desk: Desk, ruling: Ruling) -> int | None:
    """Do what was decided and return the id of the case at hand, `NOBODY` for none.

    Nothing is done, and None returned, if the problem has got another open case since
    somebody looked: only the index knows that.

    Raises:
        NumbersSpentError: If a new case needs a number and none is left; nothing is
            done then.
    """
    hit, connection = ruling.hit, desk.connection
    case_id = NOBODY if ruling.case is None else ruling.case.id
    for act in ruling.acts:
        if isinstance(act, Open):
            opened = await _open(desk, hit, act)
            if opened is None:
                return None
            case_id = opened
        elif isinstance(act, Reopen):
            if not await _reopen(connection, case_id, hit, act):
                return None
        else:
            await _do(connection, case_id, hit, act)
    if ruling.let_go is not None:
        await rows.set_recovered(connection, ruling.let_go.id, hit.at)
    return case_id


async def _open(desk: Desk, hit: FilingRequest, act: Open) -> int | None:
    """Open a case; None if somebody else did in the meantime."""
    connection, place = desk.connection, act.place
    county, day = number_series(
        hit, place, desk.snapshot, county=desk.county, zone=desk.zone
    )
    sequence = await rows.next_sequence(connection, county, day)
    case = new_case(hit, act, number=case_number(county, day, sequence))
    case_id = await rows.insert_case(connection, case)
    if case_id is None:
        return None
    for step in act.steps:
        await rows.insert_step(connection, case_id, step)
    await rows.adopt_alarms(connection, case_id, place.key, seq=hit.seq)
    await keep_opening(connection, case_id, hit, place, desk.snapshot)
    return case_id


async def _reopen(
    connection: Connection, case_id: int, hit: FilingRequest, act: Reopen
) -> bool:
    """Let a closed case go on; False if its problem has an open one by now."""
    if not await repeats.reopen(connection, case_id, act.steps[-1].to_stage, hit.at):
        return False
    for step in act.steps:
        await rows.insert_step(connection, case_id, step)
    await keep_return(connection, case_id, hit)
    return True


async def _do(  # noqa: C901, PLR0912 a line for each kind of act
    connection: Connection, case_id: int, hit: FilingRequest, act: Act
) -> None:
    match act:
        case Record(again, finding):
            await rows.record_hit(
                connection, case_id, again=again, at=hit.at, finding=finding
            )
        case Count():
            await members.count_quiet_hit(connection, case_id, hit.at)
        case TakeStep(step):
            await rows.insert_step(connection, case_id, step)
        case MarkRework():
            await mark_rework(connection, case_id, hit.at)
        case SetUnstable(since):
            await members.set_unstable(connection, case_id, since)
        case SetShape(shape):
            await members.set_shape(connection, case_id, shape)
        case Link():
            await rows.link_alarm(connection, hit.alarm_id, case_id)
        case Own():
            await members.own_case(connection, hit.alarm_id, case_id)
        case Join():
            await _join(connection, case_id, hit, act)
        case Leave():
            await members.leave_all(connection, hit.alarm_id, hit.at)
        case Recover(hold):
            await rows.set_recovered(connection, case_id, hit.at)
            if hold is not None:
                await ask_for_proof(connection, case_id, hit, hold)
        case Keep(place):
            await _keep(connection, case_id, hit, place)
        case Open() | Reopen():
            raise AssertionError("done where they may fail")
        case _:
            assert_never(act)


async def _keep(
    connection: Connection, case_id: int, hit: FilingRequest, place: Place | None
) -> None:
    if place is None:
        await keep_change(connection, case_id, hit)
    else:
        await keep_hit(connection, case_id, hit, place)


async def _join(
    connection: Connection, case_id: int, hit: FilingRequest, act: Join
) -> None:
    rows_of = [_member(member) for member in act.members]
    await members.insert_members(connection, case_id, rows_of, at=hit.at)
    await members.link_alarms(
        connection,
        [(member.alarm_id, member.has_own) for member in act.spoken_for],
        case_id=case_id,
        lead_id=hit.alarm_id,
    )
    for member in act.spoken_for:
        if member.has_own:
            await members.set_parent(connection, member.alarm_id, case_id)


def _member(member: Member) -> NewMember:
    return NewMember(
        device_id=member.device_id,
        alarm_id=member.alarm_id,
        state=member.state,
        has_own=member.has_own,
    )
