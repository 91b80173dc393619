"""How retention stands: what is kept, how large it is, what goes next, who holds it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rules.retention.clock import RetentionClock
from rules.retention.journal_job import cuts_of
from rules.retention.needs import holdings_of
from rules.retention.policy import What
from store.connection import Connection
from store.journal.kept import journal_kept
from store.retention.read import TableSize, journal_shards, table_sizes
from store.retention.state import (
    Holding,
    RetentionRow,
    retention_clock,
    retention_rows,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStanding:
    """What is kept of one journal, and what may go of it now.

    Attributes:
        shard: Its number.
        oldest_seq: The oldest entry.
        oldest_at: Its time.
        newest_seq: The newest entry.
        newest_at: Its time.
        keep_seq: The entries before this one may go; where there are chunks, with the
            chunk they are in.
    """

    shard: int
    oldest_seq: int
    oldest_at: datetime
    newest_seq: int
    newest_at: datetime
    keep_seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStanding:
    """The clock that things grow old by.

    Attributes:
        at: What it said at the last run.
        told_at: What the journal said.
        ran_at: What the machine's clock said.
        behind_s: How far the journal's clock was ahead of it.
        is_braking: Whether that is so far that somebody should look why.
    """

    at: datetime
    told_at: datetime
    ran_at: datetime
    behind_s: float
    is_braking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionStanding:
    """How retention stands.

    Attributes:
        clock: Its clock; None before the first run.
        kept: What has days of its own, as of the last run.
        journals: What is kept of each journal.
        holding: Who needs what is old of a journal.
        tables: How large every table is, the largest first.
    """

    clock: ClockStanding | None
    kept: Sequence[RetentionRow]
    journals: Sequence[JournalStanding]
    holding: Sequence[Holding]
    tables: Sequence[TableSize]


async def standing_of(connection: Connection) -> RetentionStanding:
    """Return how retention stands; nothing is changed."""
    clock = await _clock(connection)
    kept = await retention_rows(connection)
    days = next((row.keep_days for row in kept if row.what == What.JOURNAL), None)
    cuts = []
    if clock is not None and days is not None:
        cuts = await cuts_of(connection, clock.at, timedelta(days=days))
    keep_seqs = {cut.shard: cut.keep_seq for cut in cuts}
    return RetentionStanding(
        clock=_told(clock),
        kept=kept,
        journals=await _journals(connection, keep_seqs),
        holding=await holdings_of(connection, cuts),
        tables=await table_sizes(connection),
    )


async def _clock(connection: Connection) -> RetentionClock | None:
    row = await retention_clock(connection)
    return None if row is None else RetentionClock(row.at, row.told_at, row.ran_at)


def _told(clock: RetentionClock | None) -> ClockStanding | None:
    if clock is None:
        return None
    return ClockStanding(
        at=clock.at,
        told_at=clock.told_at,
        ran_at=clock.ran_at,
        behind_s=clock.behind.total_seconds(),
        is_braking=clock.is_braking,
    )


async def _journals(
    connection: Connection, keep_seqs: dict[int, int]
) -> list[JournalStanding]:
    found = []
    for shard in await journal_shards(connection):
        kept = await journal_kept(connection, shard=shard)
        if kept is not None:
            found.append(
                JournalStanding(
                    shard=shard,
                    oldest_seq=kept.oldest_seq,
                    oldest_at=kept.oldest_at,
                    newest_seq=kept.newest_seq,
                    newest_at=kept.newest_at,
                    keep_seq=max(keep_seqs.get(shard, 0), kept.oldest_seq),
                )
            )
    return found
