"""`gezhi backtest`: what rules would have filed in the past."""

from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings


def backtest(
    rules: Annotated[
        list[str],
        typer.Argument(
            metavar="RULES…",
            help="Files, folders, CODE@VERSION, `live` for all that were, each while "
            "it was, `now` for all that are live now; of one code the last one named.",
        ),
    ],
    since: Annotated[
        str, typer.Option("--from", help="2026-11-20, 2026-11-20T08:00, or with zone.")
    ],
    until: Annotated[str, typer.Option("--to", help="Likewise; now if left out.")] = "",
    against: Annotated[
        str, typer.Option(help="`live`: compare with what was filed.")
    ] = "",
    *,
    warm_up_h: Annotated[
        float, typer.Option(min=0, max=24 * 90, help="Hours judged before, uncounted.")
    ] = 24.0,
    step_s: Annotated[
        float,
        typer.Option(
            min=0,
            max=5,
            help="Of stored samples one entry tells so many seconds; 0: 1, over more "
            "than six hours 5.",
        ),
    ] = 0.0,
    most: Annotated[
        int, typer.Option(min=0, help="Alarms and cases that differ to print.")
    ] = 20,
    readings: Annotated[
        bool, typer.Option("--readings", help="Read stored samples, not the journal.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print everything as one JSON object.")
    ] = False,
) -> None:
    """Say what rules would have filed, beside what was filed; changes nothing."""
    from gezhi.commands.backtest import Wish, run_backtest

    settings = settings_or_exit(beside=True)
    wish = Wish(
        rules=rules,
        since=since,
        until=until,
        against=against,
        warm_up_h=warm_up_h,
        step_s=step_s,
        readings=readings,
        as_json=as_json,
        most=most,
    )
    dsn = needed(settings, Settings.needs_database)
    raise typer.Exit(run_backtest(dsn, wish, time_zone=settings.time_zone))
