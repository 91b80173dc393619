"""One run of retention: the clock, then everything that has days, each by itself."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

import asyncpg

from rules.retention.clock import RetentionClock, believed, first_clock, followed
from rules.retention.journal_job import drop_journals, repeat
from rules.retention.policy import Policy, What
from store.connection import Connection
from store.edition import Edition, edition_of
from store.journal.kept import journal_kept
from store.retention.drop import (
    ReadingGoesOnError,
    delete_bundles,
    delete_commands,
    delete_quarantined,
    delete_samples,
    drop_time_chunk,
    sources_of,
)
from store.retention.read import looked_at
from store.retention.state import (
    ClockRow,
    Holding,
    note_days,
    note_dropped,
    note_look,
    retention_clock,
    save_retention_clock,
)

log = logging.getLogger(__name__)

TOLD_SHARD = 0
"""Whose journal the clock follows."""

READER = "somebody who reads the past at the moment: a backtest, say"
"""Who holds everything back for as long as it takes."""

TABLES = {What.READINGS: "reading", What.POSITIONS: "position"}
"""Where samples are."""

SOURCES = 500
"""So many series or devices at a time, where there are no chunks."""

Delete = Callable[[Connection, datetime], Awaitable[int]]

DELETES: dict[What, Delete] = {
    What.QUARANTINE: delete_quarantined,
    What.COMMANDS: delete_commands,
    What.BUNDLES: delete_bundles,
}
"""What goes row by row in every edition, and how."""


async def run_once(
    connection: Connection, policy: Policy, *, elapsed: timedelta, ran_at: datetime
) -> bool:
    """Drop what is old and nobody needs; tell whether all of it went.

    One run at a time: the caller holds a lock.

    Args:
        connection: In no transaction.
        policy: How many days of what are kept.
        elapsed: Real time since the run before, by a clock that nobody sets.
        ran_at: This machine's clock.
    """
    clock = await look_at_clock(connection, elapsed=elapsed, ran_at=ran_at)
    is_whole = True
    for what in What:
        await note_days(connection, what, policy.days[what])
        lasting = policy.lasting(what)
        if clock is not None and lasting is not None:
            is_whole &= await _part(connection, what, clock.at, lasting)
        else:
            await note_look(connection, what, holding=(), failure="")
    return is_whole


async def look_at_clock(
    connection: Connection, *, elapsed: timedelta, ran_at: datetime
) -> RetentionClock | None:
    """Move the clock of retention on; None while there is no journal."""
    kept = await journal_kept(connection, shard=TOLD_SHARD)
    if kept is None:
        return None
    row = await retention_clock(connection)
    if row is None:
        looks = await looked_at(connection, kept, shard=TOLD_SHARD)
        clock = first_clock(looks, ran_at=ran_at)
    else:
        before = RetentionClock(row.at, row.told_at, row.ran_at)
        clock = followed(before, kept.newest_at, elapsed=elapsed, ran_at=ran_at)
    await _save(connection, clock)
    if clock.is_braking:
        log.warning("retention: the journal's clock is ahead by %s", clock.behind)
    return clock


async def believe_clock(connection: Connection) -> RetentionClock | None:
    """Take the journal's clock for right, as somebody says; None without a clock."""
    row = await retention_clock(connection)
    if row is None:
        return None
    clock = believed(RetentionClock(row.at, row.told_at, row.ran_at))
    await _save(connection, clock)
    return clock


async def _save(connection: Connection, clock: RetentionClock) -> None:
    row = ClockRow(clock.at, clock.told_at, clock.ran_at)
    await save_retention_clock(connection, row)


async def _part(
    connection: Connection, what: What, at: datetime, lasting: timedelta
) -> bool:
    """Drop what is old of one kind of thing; tell whether nobody was in the way."""
    holding: Sequence[Holding] = ()
    failure = ""
    try:
        if what is What.JOURNAL:
            holding = await drop_journals(connection, at, lasting)
        elif what in TABLES:
            await _drop_samples(connection, what, at, at - lasting)
        else:
            await _delete(connection, what, at, at - lasting)
    except ReadingGoesOnError:
        holding = [Holding(who=READER)]
    except (asyncpg.LockNotAvailableError, asyncpg.QueryCanceledError) as error:
        failure = f"tried again soon: {error}"
        log.warning("retention: %s: %s", what, error)
    await note_look(connection, what, holding=holding, failure=failure)
    return not failure and not holding


async def _drop_samples(
    connection: Connection, what: What, at: datetime, before: datetime
) -> None:
    if await edition_of(connection) is Edition.PLAIN:
        await _delete_samples(connection, what, at, before)
        return

    async def drop() -> bool:
        until = await drop_time_chunk(connection, TABLES[what], before)
        if until is None:
            return False
        await note_dropped(connection, what, at=at, chunks=1, kept_from=until)
        return True

    await repeat(connection, drop)


async def _delete_samples(
    connection: Connection, what: What, at: datetime, before: datetime
) -> None:
    sources = await sources_of(connection, TABLES[what])
    for start in range(0, len(sources), SOURCES):
        some = sources[start : start + SOURCES]

        async def drop(some: list[int] = some) -> bool:
            rows = await delete_samples(connection, TABLES[what], some, before)
            if rows:
                await note_dropped(connection, what, at=at, rows=rows, kept_from=before)
            return rows > 0

        await repeat(connection, drop)


async def _delete(
    connection: Connection, what: What, at: datetime, before: datetime
) -> None:
    async def drop() -> bool:
        rows = await DELETES[what](connection, before)
        if rows:
            await note_dropped(connection, what, at=at, rows=rows)
        return rows > 0

    await repeat(connection, drop)
