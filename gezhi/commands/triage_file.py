"""The triage file from the command line."""

import getpass
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from gezhi.clock import utc_now
from gezhi.commands.rule_shelf import TIME, USAGE, with_database
from rules.lifecycle.triage_versions import put_triage, triage_changes
from rules.lifecycle.versions import UnknownVersionError
from rules.triage.settings import TriageFileError, read_settings
from store.connection import Connection
from store.rules.triage_files import TriageDetail, triage_version, triage_versions
from store.rules.versions import Change

MOST_VERSIONS = 100
"""Most versions that are listed."""


def check(path: Path) -> int:
    """Print everything that is wrong with a triage file; 1 if anything is."""
    text = _text(path)
    if text is None:
        return USAGE
    try:
        settings = read_settings(text, version=1)
    except TriageFileError as error:
        _complain(path, error)
        return 1
    typer.echo(f"{path}: sound, {len(settings.groups)} groups")
    return 0


def show(dsn: str, version: int) -> int:
    """Print a version of the triage file with its author; 0 for that in force."""

    async def act(connection: Connection) -> int:
        found = await _version(connection, version)
        who = f"{found.author}, {found.created_at:{TIME}}"
        typer.echo(f"# version {found.version}: {who} {found.note}".rstrip())
        typer.echo(found.source.rstrip())
        return 0

    return with_database(dsn, act)


def log(dsn: str) -> int:
    """Print the versions, newest first."""

    async def act(connection: Connection) -> int:
        table = Table("version", "author", "since", "note", box=None)
        for row in await triage_versions(connection, before=None, limit=MOST_VERSIONS):
            since = f"{row.created_at:{TIME}}"
            table.add_row(str(row.version), row.author, since, row.note)
        Console(highlight=False).print(table)
        return 0

    return with_database(dsn, act)


def put(dsn: str, path: Path, *, by: str, note: str) -> int:
    """Check a triage file, put it in force and print its version."""
    text = _text(path)
    if text is None:
        return USAGE

    async def act(connection: Connection) -> int:
        change = Change(author=by or getpass.getuser(), at=utc_now(), note=note)
        try:
            done = await put_triage(connection, text, change)
        except TriageFileError as error:
            _complain(path, error)
            return 1
        for warning in done.warnings:
            typer.echo(f"gezhi: {warning}", err=True)
        typer.echo(f"triage version {done.version}: in force")
        return 0

    return with_database(dsn, act)


def diff(dsn: str, version: int, to: int) -> int:
    """Print what a version changed, or what changed from it to another."""

    async def act(connection: Connection) -> int:
        this = (await _version(connection, version)).version
        before, after = (this, to) if to else (this - 1, this)
        typer.echo(await triage_changes(connection, before, after))
        return 0

    return with_database(dsn, act)


async def _version(connection: Connection, version: int) -> TriageDetail:
    found = await triage_version(connection, version or None)
    if found is None:
        raise UnknownVersionError(f"there is no version {version} of the triage file")
    return found


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        typer.echo(f"gezhi: {path}: {error}", err=True)
        return None


def _complain(path: Path, error: TriageFileError) -> None:
    for fault in error.faults:
        typer.echo(f"{path}:{fault}", err=True)
