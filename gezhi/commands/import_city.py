"""`gezhi import FOLDER`: a city's folder into the registry, told as a calm table."""

import asyncio
from datetime import datetime
from pathlib import Path

import asyncpg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from devices.registry.city import FILES
from devices.registry.import_result import ImportResult, Outcome, RowResult
from devices.registry.load import import_city

CHANGES_SHOWN = 30
"""Changed rows told one by one; more are only counted."""

NAMES_SHOWN = 5
"""Codes named where a kind has rows that the files have not."""

CONNECT_S = 10.0
"""How long to wait for the database to answer."""


def run_import(folder: Path, dsn: str, *, dry_run: bool, at: datetime) -> int:
    """Import a city's folder and print what was done.

    Args:
        folder: The city's files.
        dsn: The database.
        dry_run: Whether to check and show only.
        at: The platform's time.

    Returns:
        0 if the folder was good, 1 if it was not, 2 if the database was not there.
    """
    try:
        result = asyncio.run(_import(folder, dsn, dry_run=dry_run, at=at))
    except (OSError, asyncpg.PostgresError) as error:
        why = escape(str(error) or type(error).__name__)
        if isinstance(error, asyncpg.UndefinedTableError):
            why += "; run `gezhi migrate` first"
        Console(stderr=True).print(f"the database does not do it: {why}")
        return 2
    print_result(result, Console())
    return 1 if result.is_refused else 0


async def _import(
    folder: Path, dsn: str, *, dry_run: bool, at: datetime
) -> ImportResult:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_S)
    try:
        return await import_city(connection, folder, dry_run=dry_run, at=at)
    finally:
        await connection.close()


def print_result(result: ImportResult, console: Console) -> None:
    """Print what an import found and did."""
    console.print(_table(result))
    for problem in result.problems:
        console.print(
            f"[red]{escape(str(problem))}[/]", soft_wrap=True, highlight=False
        )
    if not result.is_refused:
        _print_changes(result, console)
    _print_absent(result, console)
    console.print(_last_line(result))


def _table(result: ImportResult) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for outcome in Outcome:
        table.add_column(outcome.value, justify="right")
    for _, kind in result.rows_by_table():
        counts = result.count(kind)
        figures = (str(counts[outcome] or "·") for outcome in Outcome)
        table.add_row(FILES[kind], *figures)
    return table


def _print_changes(result: ImportResult, console: Console) -> None:
    updated = [row for row in result.rows if row.outcome is Outcome.UPDATED]
    for row in updated[:CHANGES_SHOWN]:
        console.print(escape(_difference(row)), soft_wrap=True, highlight=False)
    if len(updated) > CHANGES_SHOWN:
        console.print(f"… and {len(updated) - CHANGES_SHOWN} more changed rows")


def _difference(row: RowResult) -> str:
    fields = ", ".join(
        f"{change.column} {_short(change.before)} → {_short(change.after)}"
        for change in row.changes
    )
    return f"{row.file}:{row.line}: {row.code}: {fields}"


def _short(text: str) -> str:
    if len(text) > 40:  # noqa: PLR2004 what fits beside another on one line
        return f"({len(text)} characters)"
    return text or "(empty)"


def _print_absent(result: ImportResult, console: Console) -> None:
    for kind, codes in result.absent.items():
        if codes:
            named = ", ".join(codes[:NAMES_SHOWN])
            more = ", …" if len(codes) > NAMES_SHOWN else ""
            console.print(
                f"{len(codes)} {kind} of the registry are not in {FILES[kind]} and are "
                f"left alone: {escape(named)}{more}",
                soft_wrap=True,
                highlight=False,
            )


def _last_line(result: ImportResult) -> str:
    if result.is_refused:
        count = len(result.problems)
        things = "1 thing is" if count == 1 else f"{count} things are"
        return f"[red]{things} wrong; nothing was written.[/]"
    if result.version_after == result.version_before:
        return f"Everything is as it was: registry version {result.version_before}."
    if result.dry_run:
        return "This was a dry run: it can be imported, and nothing was written."
    return f"Imported: registry version {result.version_after}."
