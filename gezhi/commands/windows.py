"""Maintenance windows from the command line."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from gezhi.clock import utc_now
from store.rules.window_targets import TargetCodes, window_target
from store.rules.windows import NewWindow, WindowRow, end_window, insert_window, windows

USAGE = 2
"""Exit code of a command that was not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The window that is asked for.

    Attributes:
        codes: What it names.
        lasts: From now.
        reason: Why.
        owner: Who asked for it.
        safety: Whether matters of safety are kept back too.
    """

    codes: TargetCodes
    lasts: timedelta
    reason: str
    owner: str
    safety: bool


def add(dsn: str, asked: Asked) -> int:
    """Open a window now, print it, and return the exit code."""
    return asyncio.run(_add(dsn, asked))


def show_all(dsn: str, *, every: bool) -> int:
    """Print windows, newest first, and return the exit code."""
    return asyncio.run(_show_all(dsn, every=every))


def end(dsn: str, window_id: int, *, by: str) -> int:
    """End a window now, and return the exit code."""
    return asyncio.run(_end(dsn, window_id, by=by))


async def _add(dsn: str, asked: Asked) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        target = await window_target(connection, asked.codes)
        if target.unknown or asked.codes == TargetCodes():
            what = ", ".join(target.unknown) or "nothing named"
            typer.echo(f"gezhi: no such thing: {what}", err=True)
            return USAGE
        at = utc_now()
        async with connection.transaction():
            window_id = await insert_window(
                connection,
                NewWindow(
                    component_id=target.component_id,
                    circuit_id=target.circuit_id,
                    gateway_id=target.gateway_id,
                    device_id=target.device_id,
                    cell_id=target.cell_id,
                    rule=target.rule,
                    safety=asked.safety,
                    from_at=at,
                    until_at=at + asked.lasts,
                    reason=asked.reason,
                    owner=asked.owner,
                ),
                at=at,
            )
    finally:
        await connection.close()
    typer.echo(f"window {window_id} until {at + asked.lasts:%Y-%m-%d %H:%M}Z")
    return 0


async def _show_all(dsn: str, *, every: bool) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await windows(
            connection,
            scope=None,
            before=None,
            not_over_at=None if every else utc_now(),
            limit=1000,
        )
    finally:
        await connection.close()
    Console().print(_table(rows) if rows else "no window lasts or is to come")
    return 0


def _table(rows: list[WindowRow]) -> Table:
    table = Table(
        "id", "covers", "from", "until", "kept back", "owner", "reason", box=None
    )
    for row in rows:
        named = {
            "component": row.component,
            "circuit": row.circuit,
            "gateway": row.gateway,
            "device": row.device,
            "cell": row.cell,
            "rule": row.rule,
        }
        covers = [f"{what} {code}" for what, code in named.items() if code]
        table.add_row(
            str(row.id),
            ", ".join([*covers, *(["safety too"] if row.safety else [])]),
            f"{row.from_at:%Y-%m-%d %H:%M}Z",
            f"{row.until_at:%Y-%m-%d %H:%M}Z",
            f"{row.suppressed} ({row.standing} standing)",
            row.owner,
            row.reason,
        )
    return table


async def _end(dsn: str, window_id: int, *, by: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            found = await end_window(connection, window_id, by=by, at=utc_now())
    finally:
        await connection.close()
    text = "ended window" if found else "gezhi: no window that is not over:"
    typer.echo(f"{text} {window_id}", err=not found)
    return 0 if found else 1
