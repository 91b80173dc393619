"""`gezhi retention`: what is kept how long, and who holds back what would go."""

from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings

retention = typer.Typer(
    invoke_without_command=True,
    help="What is kept how long; set with GEZHI_KEEP_DAYS where the rules run.",
)


@retention.callback()
def show(
    context: typer.Context,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what is kept, how large it is, what goes next, and who holds it back."""
    if context.invoked_subcommand is None:
        from gezhi.commands.retention import show_standing

        raise typer.Exit(show_standing(_dsn(), as_json=as_json))


@retention.command("run")
def run() -> None:
    """Drop now what is old, as the rules process does each ten minutes."""
    from gezhi.commands.retention import run_now

    settings = settings_or_exit(beside=True)
    dsn = needed(settings, Settings.needs_database)
    raise typer.Exit(run_now(dsn, settings.policy()))


@retention.command("believe-clock")
def believe_clock() -> None:
    """Say that the journal's clock is right, though it has jumped: let things go."""
    from gezhi.commands.retention import believe

    raise typer.Exit(believe(_dsn()))


def _dsn() -> str:
    return needed(settings_or_exit(beside=True), Settings.needs_database)
