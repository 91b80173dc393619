"""`gezhi quarantine`: what could not be taken in, and what to do with it."""

from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings

quarantine = typer.Typer(no_args_is_help=True, help="What could not be taken in.")

Ids = Annotated[
    list[int] | None,
    typer.Argument(min=1, max=2**63 - 1, help="Rows of the list, by number."),
]
OfReason = Annotated[str, typer.Option(help="All refused for this reason.")]
OfGateway = Annotated[str, typer.Option(help="All come through this gateway.")]


@quarantine.command("list")
def quarantine_list(
    reason: OfReason = "",
    gateway: OfGateway = "",
    before: Annotated[
        int | None, typer.Option(help="Go on below this row, for the next page.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Rows of a page.")] = 50,
) -> None:
    """List what could not be taken in, the newest first."""
    from gezhi.commands.quarantine import Chosen, show_list

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    chosen = Chosen(reason=reason, gateway=gateway, is_page=True)
    raise typer.Exit(show_list(dsn, chosen, before=before, limit=limit))


@quarantine.command("show")
def quarantine_show(row: Annotated[int, typer.Argument(help="Its number.")]) -> None:
    """Show all that is known of one row, and what came."""
    from gezhi.commands.quarantine import show_one

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    raise typer.Exit(show_one(dsn, row))


@quarantine.command("retry")
def quarantine_retry(
    ids: Ids = None, reason: OfReason = "", gateway: OfGateway = ""
) -> None:
    """Try again: what is right by now is stored, the rest stays."""
    from gezhi.commands.quarantine import Chosen, retry_all

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    chosen = Chosen(ids=ids or (), reason=reason, gateway=gateway)
    raise typer.Exit(retry_all(dsn, chosen))


@quarantine.command("drop")
def quarantine_drop(
    ids: Ids = None,
    reason: OfReason = "",
    gateway: OfGateway = "",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Throw away for good."""
    from gezhi.commands.quarantine import Chosen, drop_all

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    chosen = Chosen(ids=ids or (), reason=reason, gateway=gateway)
    raise typer.Exit(drop_all(dsn, chosen, is_sure=yes))
