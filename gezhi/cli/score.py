"""`gezhi score`: does what goes wrong become cases, and nothing else?"""

from pathlib import Path
from typing import Annotated

import typer

from gezhi.cli.settings import needed, settings_or_exit
from gezhi.settings import Settings
from vocabulary.device import DeviceKind

MOST_HOURS = 24 * 7
"""A week of a whole city takes most of a day to play."""


def score(
    city: Annotated[
        Path | None, typer.Argument(help="City folder; the sample city if left out.")
    ] = None,
    *,
    incidents: Annotated[
        str, typer.Option(help="`demo`, `none`, or a timetable file.")
    ] = "demo",
    seed: Annotated[int, typer.Option(help="Same seed, same day.")] = 7,
    start: Annotated[
        str,
        typer.Option(
            help="When it begins, by the city's clock: 03:30, or with a date."
        ),
    ] = "08:00",
    hours: Annotated[
        float, typer.Option(min=0.01, max=MOST_HOURS, help="How long it lasts.")
    ] = 1,
    only: Annotated[
        DeviceKind | None, typer.Option(help="Only this kind of device speaks.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Play a city's hardware through the live rules, without waiting; score the cases.

    Reads registry and rules of the database and changes nothing. Exit code 1 if an
    incident was missed, or something filed that never happened.
    """
    from gezhi.commands.scoring import run_score

    dsn = needed(settings_or_exit(beside=True), Settings.needs_database)
    kinds = frozenset(DeviceKind if only is None else {only})
    raise typer.Exit(
        run_score(
            dsn,
            city,
            incidents=incidents,
            seed=seed,
            start=start,
            hours=hours,
            kinds=kinds,
            as_json=as_json,
        )
    )
