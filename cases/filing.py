"""File what rules found: one open case for one problem on one subject.

Runs in the caller's transaction, and all times are those of the requests. It ends by
appending to the journal, so the caller should commit soon after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from cases.keeping import keep_change, keep_hit, keep_later_samples, keep_opening
from cases.move_table import Move
from cases.notice import Notice, Told, notice_body
from cases.number import LAST_SEQUENCE, case_number
from cases.opening import new_case, number_series, opening_steps, worse_of
from cases.placing import Place, Unplaced, place
from cases.request import FilingRequest, Hit
from cases.routing import Routing, shipped_routing
from devices.registry.snapshot import Snapshot
from store import cases as rows
from store import journal
from store.case_rows import LockedCase
from store.connection import Connection
from store.evidence import take_due

MOST_DUE = 50
"""Most cases whose later samples are copied in one transaction."""


class Outcome(StrEnum):
    """What became of a request."""

    OPENED = "opened"  # a new case
    HIT_AGAIN = "hit_again"  # the problem had an open case
    EASED = "eased"  # written down; a case keeps its worst severity
    RECOVERED = "recovered"  # the last alarm of its case cleared
    STILL_BAD = "still_bad"  # cleared, but another alarm of its case stands
    NO_CASE = "no_case"  # the alarm never had a case
    NOT_FILED = "not_filed"  # see `why`


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """What became of one request.

    Attributes:
        outcome: In a word.
        alarm_id: The request's alarm.
        case: The case as it is now; None if there is none.
        why: Why there is none, where `outcome` is `NOT_FILED`.
        notice: What the journal tells of it, if anything.
    """

    outcome: Outcome
    alarm_id: int
    case: LockedCase | None = None
    why: Unplaced | None = None
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    connection: Connection
    snapshot: Snapshot
    routing: Routing
    county: str | None
    zone: tzinfo


async def file_cases(
    connection: Connection,
    requests: Sequence[FilingRequest],
    snapshot: Snapshot,
    *,
    time_zone: str,
    county: str | None = None,
    routing: Routing | None = None,
    shard: int = 0,
) -> list[Filed]:
    """File what rules found.

    Args:
        connection: In the transaction that stores the alarms; each request's alarm must
            be there already, cleared ones with their `cleared_seq`.
        requests: In journal order.
        snapshot: The registry as it was when the rules decided.
        time_zone: The city's IANA zone: it says which day a case number is of.
        county: Six digits for cases that lie in no grid cell; None to take the city's.
        routing: Who answers for what; the shipped one if not given.
        shard: The journal that the rules read.

    Returns:
        What became of each request, in the same order.
    """
    if not requests:
        return []
    desk = _Desk(
        connection=connection,
        snapshot=snapshot,
        routing=routing or shipped_routing(),
        county=county,
        zone=ZoneInfo(time_zone),
    )
    await rows.lock_filing(connection)
    filed = [await _file(desk, request) for request in requests]
    for each in filed:
        if each.notice is not None:
            await append_notice(connection, each.notice, shard=shard)
    return filed


async def collect_due(
    connection: Connection, *, now: datetime, limit: int = MOST_DUE
) -> int:
    """Copy the samples after the decision of cases that have waited long enough.

    Args:
        connection: In a transaction.
        now: The journal's time.
        limit: Most cases to look after.

    Returns:
        How many cases were looked after.
    """
    due = await take_due(connection, now, limit)
    for each in due:
        await keep_later_samples(connection, each, now)
    return len(due)


async def append_notice(
    connection: Connection, notice: Notice, *, shard: int = 0
) -> int:
    """Tell the journal what happened to a case; nothing may follow but the commit."""
    body = notice_body(notice)
    return await journal.append(
        connection, journal.Kind.CASE, body, at=notice.at, shard=shard
    )


async def _file(desk: _Desk, request: FilingRequest) -> Filed:
    match request.kind:
        case Hit.RAISED | Hit.ESCALATED:
            return await _raise(desk, request)
        case Hit.EASED | Hit.CLEARED:
            return await _relieve(desk.connection, request)


async def _raise(desk: _Desk, request: FilingRequest) -> Filed:
    fix = None
    if request.lon is None:
        fix = await rows.last_fix(desk.connection, request.device_id)
    found = place(request, desk.snapshot, desk.routing, last_fix=fix)
    if isinstance(found, Unplaced):
        return _not_filed(request, found)
    while True:  # ends: either the problem has an open case, or we open it
        case = await rows.lock_open_case(desk.connection, found.key)
        if case is not None:
            return await _hit(desk.connection, request, found, case)
        opened = await _open(desk, request, found)
        if opened is not None:
            return opened


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
    await keep_hit(connection, case.id, request, found)
    return await _filed(connection, Outcome.HIT_AGAIN, request, case.id, Told.HIT)


async def _open(desk: _Desk, request: FilingRequest, found: Place) -> Filed | None:
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
    case_id = await rows.insert_case(connection, case)
    if case_id is None:
        return None
    for step in steps:
        await rows.insert_step(connection, case_id, step)
    await rows.link_alarm(connection, request.alarm_id, case_id)
    await rows.adopt_alarms(connection, case_id, found.key, seq=request.seq)
    await keep_opening(connection, case_id, request, found, desk.snapshot)
    return await _filed(connection, Outcome.OPENED, request, case_id, Move.FILE)


async def _relieve(connection: Connection, request: FilingRequest) -> Filed:
    case = await rows.lock_case_of_alarm(connection, request.alarm_id)
    if case is None:
        return Filed(outcome=Outcome.NO_CASE, alarm_id=request.alarm_id)
    await keep_change(connection, case.id, request)
    if request.kind is Hit.EASED:
        return await _filed(connection, Outcome.EASED, request, case.id)
    still_bad = await rows.another_alarm_stands(
        connection, case.id, alarm_id=request.alarm_id, seq=request.seq
    )
    if still_bad:
        return await _filed(connection, Outcome.STILL_BAD, request, case.id)
    await rows.set_recovered(connection, case.id, request.at)
    told = Told.RECOVER
    return await _filed(connection, Outcome.RECOVERED, request, case.id, told)


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
