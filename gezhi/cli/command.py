"""`gezhi command`: what devices are told, and what came of it."""

from typing import Annotated

import typer

from gezhi.cli.settings import complain, needed, settings_or_exit
from gezhi.settings import Settings

command = typer.Typer(no_args_is_help=True, help="Tell devices what to do.")

Id = Annotated[str, typer.Argument(help="Its id, or how that begins.")]


def _dsn() -> str:
    return needed(settings_or_exit(beside=True), Settings.needs_database)


@command.command("send")
def command_send(
    device: Annotated[str, typer.Argument(help="Its code.")],
    what: Annotated[
        str,
        typer.Argument(
            help="switch, dim, programme, text, locate, interval or native."
        ),
    ],
    facts: Annotated[
        list[str] | None,
        typer.Argument(help="on=true, pct=40, text='…', interval_s=60, …"),
    ] = None,
    *,
    expires_in_s: Annotated[
        float, typer.Option(min=1, help="After this it is not done any more.")
    ] = 3600,
    key: Annotated[
        str, typer.Option(help="Your name for it: the same again is not done twice.")
    ] = "",
    wait_s: Annotated[
        float, typer.Option(min=0, help="How long to wait for what comes of it.")
    ] = 30,
) -> None:
    """Tell a device something; exit 0 once it was seen, or answered, to be done."""
    from gezhi.commands.command import UsageError, order_from, send

    try:
        order = order_from(what, facts or [])
    except UsageError as error:
        complain(str(error))
        raise typer.Exit(2) from None
    raise typer.Exit(
        send(
            _dsn(),
            device,
            order,
            expires_in_s=expires_in_s,
            key=key,
            wait_s=wait_s,
        )
    )


@command.command("list")
def command_list(
    device: Annotated[str, typer.Option(help="Of this device.")] = "",
    state: Annotated[str, typer.Option(help="In this state.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most rows.")] = 50,
) -> None:
    """List commands, the newest first."""
    from gezhi.commands.command import show_list

    raise typer.Exit(show_list(_dsn(), device=device, state=state, limit=limit))


@command.command("show")
def command_show(command_id: Id) -> None:
    """Show one command and every step it took."""
    from gezhi.commands.command import show_one

    raise typer.Exit(show_one(_dsn(), command_id))


@command.command("cancel")
def command_cancel(command_id: Id) -> None:
    """Take a command back that was not said yet."""
    from gezhi.commands.command import cancel

    raise typer.Exit(cancel(_dsn(), command_id))
