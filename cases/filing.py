"""File what rules found: one open case for one problem on one subject.

Runs in the caller's transaction, and all times are those of the requests. It ends by
appending to the journal, so the caller should commit soon after it.
"""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from cases.acts import Outcome
from cases.carrying import FixOf, nowhere
from cases.hits import Desk, Filed, file_one
from cases.keeping import keep_later_samples
from cases.notice import Notice, notice_body
from cases.request import FilingRequest, JoinRequest
from cases.routing import Routing, shipped_routing
from devices.registry.snapshot import Snapshot
from store.alarms.evidence import take_due
from store.cases import filed as rows
from store.connection import Connection
from store.journal import entries as journal

MOST_DUE = 50
"""Most cases whose later samples are copied in one transaction."""

__all__ = ["Filed", "Outcome", "append_notice", "collect_due", "file_cases"]


async def file_cases(
    connection: Connection,
    requests: Sequence[FilingRequest | JoinRequest],
    snapshot: Snapshot,
    *,
    time_zone: str,
    fix_of: FixOf = nowhere,
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
        fix_of: Tells where a device last was, for requests that do not say.
        county: Six digits for cases that lie in no grid cell; None to take the city's.
        routing: Who answers for what; the shipped one if not given.
        shard: The journal that the rules read.

    Returns:
        What became of each request, in the same order.
    """
    if not requests:
        return []
    desk = Desk(
        connection=connection,
        snapshot=snapshot,
        routing=routing or shipped_routing(),
        county=county,
        zone=ZoneInfo(time_zone),
        fix_of=fix_of,
    )
    await rows.lock_filing(connection)
    filed = [await file_one(desk, request) for request in requests]
    for notice in _told(filed):
        await append_notice(connection, notice, shard=shard)
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


def _told(outcomes: Sequence[Filed]) -> list[Notice]:
    """Return what the journal is told; of members that join one case, once."""
    filed = [each for one in outcomes for each in (one, *one.instead)]
    joined = {
        each.case.id: place
        for place, each in enumerate(filed)
        if each.outcome is Outcome.JOINED and each.case is not None
    }
    return [
        notice
        for place, each in enumerate(filed)
        for notice in (each.also, each.notice)
        if notice is not None
        and (each.outcome is not Outcome.JOINED or place in joined.values())
    ]
