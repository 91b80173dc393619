"""`gezhi token`: who may see and act over the API."""

from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings

token = typer.Typer(no_args_is_help=True, help="Who may see and act over the API.")


@token.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Whose it is, for people.")],
    role: Annotated[
        str, typer.Option(help="viewer, department, dispatcher, supervisor or admin.")
    ] = "viewer",
    unit: Annotated[
        str, typer.Option(help="Code of the unit it sees and acts for; all if empty.")
    ] = "",
) -> None:
    """Make a token and print it once; only its hash is kept."""
    from gezhi.commands.tokens import create

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    raise typer.Exit(create(dsn, name=name, role=role, unit_code=unit))


@token.command("list")
def token_list() -> None:
    """List tokens, without their secrets."""
    from gezhi.commands.tokens import show_all

    raise typer.Exit(
        show_all(needed(settings_or_exit(beside=True), Settings.needs_database))
    )


@token.command("revoke")
def token_revoke(
    key: Annotated[str, typer.Argument(help="The middle part of gz_KEY_SECRET.")],
) -> None:
    """Make a token worthless, at once."""
    from gezhi.commands.tokens import revoke

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    raise typer.Exit(revoke(dsn, key))
