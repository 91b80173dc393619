"""Retention in figures, for probes and metrics."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from store.connection import Connection
from store.journal.kept import journal_kept
from store.retention.read import TableSize, table_sizes
from store.retention.state import (
    ClockRow,
    RetentionRow,
    retention_clock,
    retention_rows,
)

SIZED = frozenset(
    (
        *("journal", "reading", "position", "triage_record", "plan_piece"),
        *("quarantine", "quarantine_message", "bundle", "evidence", "alarm"),
        *("case_file", "case_step", "command", "backtest_line", "lamp_night"),
    )
)
"""Tables whose size is worth a figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionTold:
    """Retention in figures.

    Attributes:
        clock: Its clock; None before the first run.
        rows: What has days of its own.
        journal_age: From the oldest entry to the newest, by their own times.
        sizes: Of the tables that grow.
    """

    clock: ClockRow | None
    rows: list[RetentionRow]
    journal_age: timedelta
    sizes: list[TableSize]


async def retention_told(connection: Connection) -> RetentionTold:
    """Return retention in figures."""
    kept = await journal_kept(connection)
    sizes = await table_sizes(connection)
    return RetentionTold(
        clock=await retention_clock(connection),
        rows=await retention_rows(connection),
        journal_age=timedelta() if kept is None else kept.newest_at - kept.oldest_at,
        sizes=[size for size in sizes if size.table in SIZED],
    )


async def retention_wrong(
    connection: Connection, *, now: datetime, jumped: timedelta, late: timedelta
) -> list[str]:
    """Return what somebody should see to, in words.

    Args:
        connection: Any.
        now: This machine's clock.
        jumped: The journal's clock may be ahead of that of retention by so much.
        late: So long ago the last run may be.
    """
    clock = await retention_clock(connection)
    if clock is None:
        return []
    found = []
    if clock.told_at - clock.at > jumped:
        found.append(
            f"the journal's clock ({clock.told_at:%Y-%m-%d %H:%M}Z) is ahead of that of"
            f" retention ({clock.at:%Y-%m-%d %H:%M}Z): it has jumped or stood still"
        )
    if now - clock.ran_at > late:
        found.append(f"nothing old was dropped since {clock.ran_at:%Y-%m-%d %H:%M}Z")
    for row in await retention_rows(connection):
        found += [
            f"{row.what}: {each.who} holds back all since entry {each.from_seq}"
            f" ({each.at:%Y-%m-%d %H:%M}Z)"
            for each in row.holding
            if each.at is not None
        ]
        if row.failure:
            found.append(f"{row.what}: {row.failure}")
    return found
