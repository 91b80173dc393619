"""Scoring from the command line: a bar while it plays, then a table or JSON."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gezhi.commands.score import OtherCityError, play
from gezhi.processes.simulators import SAMPLE_CITY
from simulators.city import read_city
from simulators.incidents import CAUSES, Incident
from simulators.scenario import ScenarioError, read_scenario
from simulators.scoring import Filed, Line, happened, score
from simulators.timetable import demo_timetable
from simulators.town import PERIOD_S, Town, build_town
from simulators.world import World
from vocabulary.device import DeviceKind

WIDE = 110
"""Columns of the table: a cut one would say less than a wrapped one."""

USAGE = 2
"""Exit code of a command that was not understood."""

USUAL_DAY = "2026-11-25"
"""A Wednesday without anything."""

HOUR_S = 3600.0
"""Seconds."""


def run_score(
    dsn: str,
    folder: Path | None,
    *,
    incidents: str,
    seed: int,
    start: str,
    hours: float,
    kinds: frozenset[DeviceKind],
    as_json: bool,
) -> int:
    """Play and score; print the score.

    Returns:
        0 if all that happened was filed in time and nothing else, 1 if not, 2 if it
        could not be played.
    """
    try:
        town = build_town(read_city(folder or SAMPLE_CITY), seed=seed)
        timetable, period_s = _timetable(town, incidents)
        at = _begin(start, town.city.zone)
        world = World.begin(town, timetable, start=at, period_s=period_s)
        for_s = hours * HOUR_S
        filed = asyncio.run(_play(dsn, world, for_s, kinds))
    except (ScenarioError, OtherCityError, OSError, ValueError) as error:
        typer.echo(f"gezhi: {error}", err=True)
        return USAGE
    played = [one for one in timetable if CAUSES[one.cause].kind in kinds]
    known = happened(played, start=at, period_s=period_s, for_s=for_s)
    lines = score(known, filed)
    if as_json:
        typer.echo(orjson.dumps([_told(line) for line in lines]))
    else:
        Console(highlight=False, width=WIDE).print(_table(lines))
    return int(any(line.missed or line.late or line.false for line in lines))


def _timetable(town: Town, incidents: str) -> tuple[Sequence[Incident], float]:
    if incidents == "none":
        return (), PERIOD_S
    if incidents == "demo":
        return demo_timetable(town), PERIOD_S
    return read_scenario(Path(incidents), town)


def _begin(text: str, zone: ZoneInfo) -> datetime:
    """Return a time of the city's clock; of a time of day, that of one usual day."""
    at = datetime.fromisoformat(text if "-" in text else f"{USUAL_DAY}T{text}")
    return at.replace(tzinfo=zone) if at.tzinfo is None else at


async def _play(
    dsn: str, world: World, for_s: float, kinds: frozenset[DeviceKind]
) -> list[Filed]:
    connection = await asyncpg.connect(dsn)
    columns = TextColumn("playing"), BarColumn(), TimeRemainingColumn()
    try:
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=for_s)
            return await play(
                connection,
                world,
                for_s=for_s,
                kinds=kinds,
                tell=lambda second: bar.update(task, completed=second),
            )
    finally:
        await connection.close()


def _told(line: Line) -> dict[str, str | int | float | None]:
    further = {"missed": line.missed, "false": line.false}
    shares = {"recall": line.recall, "precision": line.precision}
    return asdict(line) | further | shares


def _table(lines: Sequence[Line]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("cause", no_wrap=True)
    names = "played", "in time", "late", "missed", "filed", "right", "beside", "false"
    for name in (*names, "recall", "precision"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in lines:
        counts = (line.happened, line.in_time, line.late, line.missed)
        filed = (line.filed, line.right, line.beside, line.false)
        shares = _share(line.recall), _share(line.precision)
        table.add_row(line.name, *map(str, (*counts, *filed)), *shares)
    return table


def _share(share: float | None) -> str:
    return "—" if share is None else f"{share:.0%}"
