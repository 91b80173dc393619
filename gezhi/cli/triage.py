"""`gezhi triage`: what is not filed alarm by alarm, as a file with versions."""

from pathlib import Path
from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings

triage = typer.Typer(
    no_args_is_help=True,
    help="The triage file: groups, storm budgets, flapping.",
)

File = Annotated[Path, typer.Argument(help="A triage file, YAML.")]
Version = Annotated[int, typer.Argument(min=0, help="Its version; 0 for the newest.")]


@triage.command("show")
def triage_show(version: Version = 0) -> None:
    """Show the triage file in force, or another version."""
    from gezhi.commands.triage_file import show

    raise typer.Exit(show(_dsn(), version))


@triage.command("log")
def triage_log() -> None:
    """List the versions, newest first, with author and note."""
    from gezhi.commands.triage_file import log

    raise typer.Exit(log(_dsn()))


@triage.command("check")
def triage_check(file: File) -> None:
    """Say everything that is wrong with a triage file; needs no database."""
    from gezhi.commands.triage_file import check

    raise typer.Exit(check(file))


@triage.command("set")
def triage_set(
    file: File,
    by: Annotated[str, typer.Option(help="Who does it; this machine's user.")] = "",
    note: Annotated[str, typer.Option(help="What has changed, or why.")] = "",
) -> None:
    """Check a triage file and put it in force."""
    from gezhi.commands.triage_file import put

    raise typer.Exit(put(_dsn(), file, by=by, note=note))


@triage.command("diff")
def triage_diff(
    version: Version = 0,
    to: Annotated[
        int, typer.Option(min=0, help="The version after; this one, if left out.")
    ] = 0,
) -> None:
    """Show what a version changed, or what changed from it to another."""
    from gezhi.commands.triage_file import diff

    raise typer.Exit(diff(_dsn(), version, to))


@triage.command("schema")
def triage_schema() -> None:
    """Print the JSON Schema of triage files, for editors."""
    from rules.triage.schema import triage_schema_text

    typer.echo(triage_schema_text(), nl=False)


def _dsn() -> str:
    return needed(settings_or_exit(beside=True), Settings.needs_database)
