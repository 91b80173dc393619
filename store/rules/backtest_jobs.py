"""Backtests that were asked for: queued, run by one worker, read page by page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection

MOST_QUEUED = 10
"""Backtests that may wait or run at a time."""

MOST_KEPT = 50
"""Backtests that are kept; older ones go when a new one is asked for."""

BACKTEST_LOCK = int.from_bytes(b"backtest")
"""Advisory lock of the one process that runs them."""

_ROW = (
    "id, state, ask::text AS ask, author, asked_at, begun_at, ended_at, progress,"
    " samples, failure, report::text AS report"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """One backtest.

    Attributes:
        id: `backtest.id`.
        state: queued, running, done, failed or cancelled.
        ask: What was asked, JSON.
        author: By whom.
        asked_at: When.
        begun_at: When it was begun.
        ended_at: When it ended.
        progress: From 0 to 1.
        samples: Readings and fixes judged so far.
        failure: Why it failed; empty if it did not.
        report: What came of it without its lines, JSON; None until it is done.
    """

    id: int
    state: str
    ask: str
    author: str
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    progress: float
    samples: int
    failure: str
    report: str | None


@dataclass(frozen=True, slots=True)
class JobLine:
    """One alarm or case of a backtest.

    Attributes:
        place: From 1.
        body: JSON.
    """

    place: int
    body: str


async def ask_backtest(
    connection: Connection, ask: bytes, *, author: str, at: datetime
) -> int | None:
    """Queue a backtest and return its id; None if too many wait already."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE backtest IN SHARE ROW EXCLUSIVE MODE")
        waiting = await connection.fetchval(
            "SELECT count(*) FROM backtest WHERE state IN ('queued', 'running')"
        )
        if waiting >= MOST_QUEUED:
            return None
        await connection.execute(
            "DELETE FROM backtest WHERE state NOT IN ('queued', 'running') AND id <"
            " (SELECT min(id) FROM (SELECT id FROM backtest ORDER BY id DESC LIMIT $1)"
            " AS newest)",
            MOST_KEPT,
        )
        found: int = await connection.fetchval(
            "INSERT INTO backtest (ask, author, asked_at)"
            " VALUES ($1::text::jsonb, $2, $3) RETURNING id",
            ask.decode(),
            author,
            at,
        )
    return found


async def next_job(connection: Connection, *, at: datetime) -> JobRow | None:
    """Begin the backtest that has waited longest; None if none waits."""
    row = await connection.fetchrow(
        "UPDATE backtest SET state = 'running', begun_at = $1 WHERE id ="  # noqa: S608 our own words
        " (SELECT id FROM backtest WHERE state = 'queued' ORDER BY id LIMIT 1)"
        f" RETURNING {_ROW}",
        at,
    )
    return None if row is None else JobRow(**row)


async def fail_running(connection: Connection, why: str, *, at: datetime) -> None:
    """Say of whatever runs that it has failed: nobody runs it any more."""
    await connection.execute(
        "UPDATE backtest SET state = 'failed', failure = $1, ended_at = $2"
        " WHERE state = 'running'",
        why,
        at,
    )


async def tell_progress(
    connection: Connection, job_id: int, *, progress: float, samples: int
) -> bool:
    """Say how far a backtest is, and return whether it is still wanted."""
    state = await connection.fetchval(
        "UPDATE backtest SET progress = $2, samples = $3 WHERE id = $1 RETURNING state",
        job_id,
        progress,
        samples,
    )
    return bool(state == "running")


async def end_job(
    connection: Connection,
    job_id: int,
    report: bytes,
    lines: Sequence[tuple[str, int, bytes]],
    *,
    at: datetime,
) -> None:
    """Keep what came of a backtest, unless it was cancelled meanwhile."""
    async with connection.transaction():
        found = await connection.fetchval(
            "UPDATE backtest SET state = 'done', progress = 1, ended_at = $2,"
            " report = $3::text::jsonb WHERE id = $1 AND state = 'running'"
            " RETURNING id",
            job_id,
            at,
            report.decode(),
        )
        if found is not None:
            await connection.executemany(
                "INSERT INTO backtest_line (backtest_id, what, place, body)"
                " VALUES ($1, $2, $3, $4::text::jsonb)",
                [(job_id, what, place, body.decode()) for what, place, body in lines],
            )


async def cancel_job(connection: Connection, job_id: int, *, at: datetime) -> bool:
    """Take a backtest back; return whether it was not over yet."""
    found = await connection.fetchval(
        "UPDATE backtest SET state = 'cancelled', ended_at = $2"
        " WHERE id = $1 AND state IN ('queued', 'running') RETURNING id",
        job_id,
        at,
    )
    return found is not None


async def job(connection: Connection, job_id: int) -> JobRow | None:
    """Return one backtest; None if there is none."""
    row = await connection.fetchrow(
        f"SELECT {_ROW} FROM backtest WHERE id = $1",  # noqa: S608 our own words
        job_id,
    )
    return None if row is None else JobRow(**row)


async def jobs(
    connection: Connection, *, before: int | None, limit: int
) -> list[JobRow]:
    """Return backtests, newest first."""
    rows = await connection.fetch(
        f"SELECT {_ROW} FROM backtest"  # noqa: S608 our own words
        " WHERE ($1::bigint IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
        before,
        limit,
    )
    return [JobRow(**row) for row in rows]


async def lines_of_job(
    connection: Connection, job_id: int, what: str, *, after: int, limit: int
) -> list[JobLine]:
    """Return alarms or cases of a backtest, in their order."""
    rows = await connection.fetch(
        "SELECT place, body::text AS body FROM backtest_line"
        " WHERE backtest_id = $1 AND what = $2 AND place > $3 ORDER BY place LIMIT $4",
        job_id,
        what,
        after,
        limit,
    )
    return [JobLine(**row) for row in rows]
