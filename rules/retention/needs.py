"""Who needs the journal from where on: consumers, explanations still to be made."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from rules.bundle.reach import BEFORE
from rules.retention.cut import Cut, Need
from rules.worker.resume import CONSUMER
from store.connection import Connection
from store.journal.kept import Kept, seq_before
from store.retention.read import bundles_need, consumers_need, time_of_entry
from store.retention.state import Holding

BUNDLES = "explanations that are still to be made"
"""Who needs the entries around alarms whose bundle nobody has made yet."""

MARGIN = timedelta(hours=1)
"""Members of a group were raised before it, by so much at most."""


async def needs_of(
    connection: Connection, journals: Sequence[tuple[int, Kept]]
) -> list[Need]:
    """Return who needs which journal from where on.

    Backtests and whoever else reads the past hold a lock instead, see
    `store.retention.drop`. Trials, corrections and streams need no journal: they go by
    alarms and by stored samples, and a stream is told of a gap.

    Args:
        connection: Any.
        journals: Numbers of the journals, and what is left of each.
    """
    found = [
        Need(need.who, need.shard, need.from_seq)
        for need in await consumers_need(connection, [CONSUMER])
    ]
    raised_at = await bundles_need(connection)
    if raised_at is None:
        return found
    begins_at = raised_at - max(BEFORE) - MARGIN
    for shard, kept in journals:
        seq = await seq_before(connection, kept, begins_at, shard=shard)
        found.append(Need(BUNDLES, shard, seq + 1))
    return found


async def holdings_of(connection: Connection, cuts: Sequence[Cut]) -> list[Holding]:
    """Return who holds back what, with the times of the entries."""
    return [
        Holding(
            who=need.who,
            shard=need.shard,
            from_seq=need.from_seq,
            at=await _time(connection, need),
        )
        for cut in cuts
        for need in cut.holding
    ]


async def _time(connection: Connection, need: Need) -> datetime | None:
    return await time_of_entry(connection, need.from_seq, shard=need.shard)
