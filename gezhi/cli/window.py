"""`gezhi window`: while somebody works there, hits are recorded and not filed."""

from datetime import timedelta
from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings

window = typer.Typer(no_args_is_help=True, help="Maintenance windows.")


@window.command("add")
def window_add(
    reason: Annotated[str, typer.Option(help="Why.")],
    owner: Annotated[str, typer.Option(help="Who asked for it.")],
    hours: Annotated[
        float, typer.Option(min=0.01, max=720, help="How long it lasts, from now.")
    ],
    *,
    component: Annotated[str, typer.Option(help="Code of a component.")] = "",
    circuit: Annotated[
        str, typer.Option(help="Code of a device: it and all that hangs from it.")
    ] = "",
    gateway: Annotated[
        str, typer.Option(help="Code of a gateway: all that it speaks for.")
    ] = "",
    device: Annotated[str, typer.Option(help="Code of a device alone.")] = "",
    cell: Annotated[str, typer.Option(help="Code of a grid cell.")] = "",
    rule: Annotated[str, typer.Option(help="Code of a rule.")] = "",
    safety: Annotated[
        bool, typer.Option("--safety", help="Keep matters of safety back too.")
    ] = False,
) -> None:
    """Open a window now; what is named must all be so."""
    from gezhi.commands.windows import Asked, add
    from store.rules.window_targets import TargetCodes

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    codes = TargetCodes(
        component=component,
        circuit=circuit,
        gateway=gateway,
        device=device,
        cell=cell,
        rule=rule,
    )
    asked = Asked(
        codes=codes,
        lasts=timedelta(hours=hours),
        reason=reason,
        owner=owner,
        safety=safety,
    )
    raise typer.Exit(add(dsn, asked))


@window.command("list")
def window_list(
    *,
    every: Annotated[
        bool, typer.Option("--all", help="Those that are over as well.")
    ] = False,
) -> None:
    """List windows, newest first, with what each has kept back."""
    from gezhi.commands.windows import show_all

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    raise typer.Exit(show_all(dsn, every=every))


@window.command("end")
def window_end(
    window_id: Annotated[int, typer.Argument(min=1, help="Its number in the list.")],
    by: Annotated[str, typer.Option(help="Who ends it.")],
) -> None:
    """End a window now: what it kept back and still stands is filed."""
    from gezhi.commands.windows import end

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    raise typer.Exit(end(dsn, window_id, by=by))
