"""What is kept how long, from the command line."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson
import typer
from rich.console import Console
from rich.table import Table

from gezhi.clock import utc_now
from gezhi.commands.rule_shelf import TIME, with_database
from gezhi.processes.retention import RETENTION_LOCK
from rules.retention.job import believe_clock, run_once
from rules.retention.policy import FOREVER, Policy
from rules.retention.standing import RetentionStanding, standing_of
from store.connection import Connection
from store.retention.state import RetentionRow

BUSY = 1
"""Exit code where another process is at it, or something was in the way."""

MOST_TABLES = 15
"""Tables that are listed, the largest first."""

WITH_IT = {
    "journal": "with it what triage went by and the plans of then",
    "bundles": "explanations of closed cases; open ones stay",
    "quarantine": "since it was seen last",
    "commands": "since nothing more is awaited",
}
"""What is meant by a name."""


def show_standing(dsn: str, *, as_json: bool) -> int:
    """Print what is kept and why; 0 always."""

    async def act(connection: Connection) -> int:
        standing = await standing_of(connection)
        if as_json:
            typer.echo(orjson.dumps(standing, option=orjson.OPT_UTC_Z))
        else:
            _show(standing, Console(highlight=False))
        return 0

    return with_database(dsn, act)


def run_now(dsn: str, policy: Policy) -> int:
    """Drop what is old, print what stands, and return the exit code."""

    async def act(connection: Connection) -> int:
        if not await connection.fetchval(
            "SELECT pg_try_advisory_lock($1)", RETENTION_LOCK
        ):
            # The rules process has it all its life.
            typer.echo("gezhi: the rules process does that by itself", err=True)
            return BUSY
        is_whole = await run_once(
            connection, policy, elapsed=timedelta(), ran_at=utc_now()
        )
        _show(await standing_of(connection), Console(highlight=False))
        return 0 if is_whole else BUSY

    return with_database(dsn, act)


def believe(dsn: str) -> int:
    """Take the journal's clock for right, and return the exit code."""

    async def act(connection: Connection) -> int:
        clock = await believe_clock(connection)
        if clock is None:
            typer.echo("gezhi: nothing was looked at yet", err=True)
            return BUSY
        typer.echo(f"the clock of retention says {clock.at:{TIME}} now")
        return 0

    return with_database(dsn, act)


def _show(standing: RetentionStanding, console: Console) -> None:
    if standing.clock is None:
        console.print("nothing was looked at yet: the rules process does that")
    else:
        clock = standing.clock
        console.print(f"looked at {clock.ran_at:{TIME}}; clock {clock.at:{TIME}}")
        if clock.is_braking:
            console.print(
                f"BRAKE: the journal's clock says {clock.told_at:{TIME}}. If that is"
                " right: gezhi retention believe-clock"
            )
    console.print(_kept(standing.kept))
    for journal in standing.journals:
        old = journal.keep_seq - journal.oldest_seq
        console.print(
            f"journal {journal.shard}: entries {journal.oldest_seq:,} to"
            f" {journal.newest_seq:,}, since {journal.oldest_at:{TIME}};"
            f" {old:,} may go, with their whole chunk"
        )
    for each in standing.holding:
        console.print(
            f"HELD by {each.who}: needs journal {each.shard} from entry"
            f" {each.from_seq:,} ({_time(each.at)})"
        )
    console.print(_sizes(standing))


def _kept(rows: Sequence[RetentionRow]) -> Table:
    table = Table("what", "days", "since", "dropped", "last", "why not", box=None)
    for row in rows:
        days = FOREVER if row.keep_days is None else str(row.keep_days)
        dropped = f"{row.chunks:,} chunks" if row.chunks else f"{row.rows:,} rows"
        why = [each.who for each in row.holding] + [row.failure] * bool(row.failure)
        since, last = _time(row.kept_from), _time(row.dropped_at)
        note = "; ".join(why) or WITH_IT.get(row.what, "")
        table.add_row(row.what, days, since, dropped, last, note)
    return table


def _sizes(standing: RetentionStanding) -> Table:
    table = Table("table", "MiB", "chunks", "rows, about", box=None)
    for size in standing.tables[:MOST_TABLES]:
        mib = f"{size.octets / 2**20:,.1f}"
        chunks = "" if size.chunks is None else f"{size.chunks:,}"
        table.add_row(
            size.table, mib, chunks, "" if size.rows is None else f"{size.rows:,}"
        )
    return table


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at:{TIME}}"
