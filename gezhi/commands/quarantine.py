"""The quarantine from the command line: look, try again, throw away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import asyncpg
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from devices.registry.snapshot import load_snapshot
from gezhi.clock import utc_now
from ingest.quarantine.retry import Retried, retry
from store.quarantine.refused import Quarantined, quarantined, quarantined_by_id
from store.quarantine.retry import drop, kept_messages
from store.telemetry.batch import Writer
from vocabulary.refusal import Reason

USAGE = 2
"""Exit code of a command that was not understood."""

AT_ONCE = 500
"""Rows read at a time when all of a reason or gateway are meant."""

SHOWN_OCTETS = 2_048
"""How much of a message is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which rows are meant.

    Attributes:
        ids: These.
        reason: All of this reason; empty for any.
        gateway: All come through this gateway; empty for any.
        is_page: Only a page of them is to be looked at, so all may be meant.
    """

    ids: Sequence[int] = ()
    reason: str = ""
    gateway: str = ""
    is_page: bool = False

    @property
    def fault(self) -> str:
        """What is wrong with the choice; empty if nothing is."""
        if not (self.is_page or self.ids or self.reason or self.gateway):
            return "which? name rows, or --reason, or --gateway"
        if self.ids and (self.reason or self.gateway):
            return "name rows, or a reason and a gateway, not both"
        if self.reason and self.reason not in set(Reason):
            return f"no reason {self.reason!r}; there are {', '.join(Reason)}"
        return ""


def show_list(dsn: str, chosen: Chosen, *, before: int | None, limit: int) -> int:
    """Print a page of the quarantine, newest first, and return the exit code."""

    async def run(connection: asyncpg.Connection) -> int:
        rows = await quarantined(
            connection,
            reason=chosen.reason or None,
            gateway=chosen.gateway or None,
            before=before,
            limit=limit + 1,
        )
        Console().print(_table(rows[:limit]) if rows else "nothing is in quarantine")
        if len(rows) > limit:
            typer.echo(f"more: --before {rows[limit - 1].id}")
        return 0

    return _run(dsn, chosen, run)


def show_one(dsn: str, row_id: int) -> int:
    """Print all that is known of one row, and return the exit code."""

    async def run(connection: asyncpg.Connection) -> int:
        row = await quarantined_by_id(connection, row_id)
        if row is None:
            return _no_such(row_id)
        kept = await kept_messages(connection, row)
        Console().print(_facts(row, len(kept)))
        return 0

    return _run(dsn, Chosen(ids=[row_id]), run)


def retry_all(dsn: str, chosen: Chosen) -> int:
    """Try rows again and say what became of each.

    Returns:
        The exit code: 0 if all of them landed, 1 if some are still refused.
    """

    async def run(connection: asyncpg.Connection) -> int:
        snapshot, writer = await load_snapshot(connection), Writer()
        left = 0
        for row_id in await _ids(connection, chosen):
            done = await retry(
                connection, row_id, snapshot, writer=writer, at=utc_now()
            )
            if done is None:
                left += _no_such(row_id)
            else:
                typer.echo(f"{row_id}: {_outcome(done)}")
                left += not done.has_landed
        return int(left > 0)

    return _run(dsn, chosen, run)


def drop_all(dsn: str, chosen: Chosen, *, is_sure: bool) -> int:
    """Throw rows away for good, and return the exit code.

    Args:
        dsn: The database.
        chosen: Which rows.
        is_sure: Whether not to ask where they are not named one by one.
    """

    async def run(connection: asyncpg.Connection) -> int:
        ids = await _ids(connection, chosen)
        if not (is_sure or chosen.ids):
            typer.confirm(f"drop all {len(ids)} for good?", abort=True)
        dropped = [await drop(connection, row_id) for row_id in ids]
        typer.echo(f"dropped {sum(dropped)} of {len(ids)}")
        return int(not all(dropped))

    return _run(dsn, chosen, run)


def _run(
    dsn: str, chosen: Chosen, action: Callable[[asyncpg.Connection], Awaitable[int]]
) -> int:
    async def connected() -> int:
        connection = await asyncpg.connect(dsn)
        try:
            return await action(connection)
        finally:
            await connection.close()

    if chosen.fault:
        typer.echo(f"gezhi: {chosen.fault}", err=True)
        return USAGE
    return asyncio.run(connected())


async def _ids(connection: asyncpg.Connection, chosen: Chosen) -> list[int]:
    """Return the ids of the rows that are meant, the oldest first."""
    if chosen.ids:
        return list(chosen.ids)
    ids: list[int] = []
    while True:
        rows = await quarantined(
            connection,
            reason=chosen.reason or None,
            gateway=chosen.gateway or None,
            before=ids[-1] if ids else None,
            limit=AT_ONCE,
        )
        ids += [row.id for row in rows]
        if len(rows) < AT_ONCE:
            return ids[::-1]


def _table(rows: Sequence[Quarantined]) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("id", "reason", "gateway", "device", "count", "first", "last"):
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    table.add_column("what was wrong", overflow="ellipsis", no_wrap=True)
    for row in rows:
        words = (
            f"{row.id}",
            row.reason,
            row.gateway,
            row.identity,
            f"{row.count}",
            f"{row.first_seen:%m-%d %H:%M}Z",
            f"{row.last_seen:%m-%d %H:%M}Z",
            row.detail,
        )
        table.add_row(*(Text(word) for word in words))  # names are not markup
    return table


def _facts(row: Quarantined, kept: int) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    facts = {
        "id": f"{row.id}",
        "reason": row.reason,
        "what was wrong": row.detail,
        "transport": row.transport,
        "gateway": row.gateway,
        "device": row.identity,
        "from": row.peer,
        "topic": row.topic,
        "count": f"{row.count}, of which {kept} kept",
        "first came": f"{row.first_seen:%Y-%m-%d %H:%M:%S}Z",
        "last came": f"{row.last_seen:%Y-%m-%d %H:%M:%S}Z",
        "tried again": f"{row.retried_at:%Y-%m-%d %H:%M:%S}Z" if row.retried_at else "",
        "octets": f"{len(row.octets)}, the last time:",
        "": _legible(row.octets),
    }
    for name, words in facts.items():
        if words:
            table.add_row(name, Text(words))
    return table


def _legible(octets: bytes) -> str:
    """Return octets as text where they are text, else in hexadecimal."""
    shown = octets[:SHOWN_OCTETS]
    more = " …" if len(octets) > len(shown) else ""
    try:
        text = shown.decode()
    except UnicodeDecodeError:
        return shown.hex(" ") + more
    return (text if text.isprintable() else shown.hex(" ")) + more


def _outcome(done: Retried) -> str:
    written = done.written
    stored = written.readings_stored + written.positions_stored
    repeated = written.readings_repeated + written.positions_repeated
    words = f"{stored} rows stored" + (f", {repeated} were" if repeated else "")
    if done.has_landed:
        return words
    if not done.is_readable:
        return f"still {done.row.reason}; what was kept cannot be read by itself"
    first = done.left[0]
    return f"{words}; still refused: {first.reason}, {first.detail}"


def _no_such(row_id: int) -> int:
    typer.echo(f"gezhi: {row_id} is not in quarantine", err=True)
    return 1
