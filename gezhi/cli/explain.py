"""`gezhi explain`, `gezhi replay`: why an alarm was raised, shown, decided again."""

from pathlib import Path
from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings


def explain(
    case: Annotated[str, typer.Argument(help="A case's number or id, or an alarm's.")],
    bundle: Annotated[
        Path | None, typer.Option(help="Write the bundle here, for `gezhi replay`.")
    ] = None,
    lang: Annotated[str, typer.Option(help="zh or en; both if empty.")] = "",
    *,
    alarm: Annotated[
        bool, typer.Option("--alarm", help="It is an alarm's id.")
    ] = False,
    replay: Annotated[
        bool, typer.Option("--replay", help="Exit with 1 if it is decided otherwise.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say why an alarm was raised: rule, limits, states, samples, what became of it."""
    from gezhi.commands.explain import Wish, run_explain

    settings = settings_or_exit(beside=True)
    dsn = needed(settings, Settings.needs_database)
    wish = Wish(
        what=case,
        is_alarm=alarm,
        must_be_same=replay,
        bundle=bundle,
        lang=lang,
        as_json=as_json,
    )
    raise typer.Exit(run_explain(dsn, wish, time_zone=settings.time_zone))


def replay(
    bundle: Annotated[Path, typer.Argument(help="As `gezhi explain` wrote it.")],
) -> None:
    """Check a bundle's hashes and decide again on it; needs no database."""
    from gezhi.commands.explain import run_replay

    raise typer.Exit(run_replay(bundle))
