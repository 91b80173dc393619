"""Run a backtest from the command line: a bar while it runs, then tables or JSON."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Self
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from gezhi.clock import utc_now
from gezhi.commands.backtest_shown import show
from rules.backtest.chosen import NoSuchRuleError, chosen_rules
from rules.backtest.found import Ask, NothingStoredError, Progress
from rules.backtest.report import Report, report_of
from rules.backtest.run import backtest
from rules.engine.hearing import LARGEST_STEP_US
from rules.files.rule_file import RuleFileError
from store.retention.drop import reading_the_past
from store.rules.capacity import capacities

USAGE = 2
"""Exit code of a command that was not understood."""

STOPPED = 130
"""Exit code after Ctrl-C."""


SHORTEST_STEP_S = 0.1
"""Of stored samples; a shorter one would only take longer."""

LONGEST_STEP_S = LARGEST_STEP_US / 1_000_000
"""Of stored samples; over a longer one the engine takes us to have been away, and then
nobody is ever silent."""

SHORT = timedelta(hours=6)
"""Stretches of stored samples up to this are laid out second by second."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A command line's words.

    Attributes:
        rules: Files, folders, CODE@VERSION, `live` or `now`.
        since: From when.
        until: Up to when; empty for now.
        against: `live` or nothing.
        warm_up_h: Hours judged before.
        step_s: Of stored samples; 0 for what suits.
        readings: Whether to read stored samples at once.
        as_json: Whether JSON is wanted.
        most: Lines of differences to print.
    """

    rules: Sequence[str]
    since: str
    until: str
    against: str
    warm_up_h: float
    step_s: float
    readings: bool
    as_json: bool
    most: int


class UsageError(ValueError):
    """What was asked for cannot be."""


def run_backtest(dsn: str, wish: Wish, *, time_zone: str) -> int:
    """Run a backtest, print what came of it, and return the exit code."""
    zone = ZoneInfo(time_zone)
    try:
        report = asyncio.run(_run(dsn, wish, zone))
    except KeyboardInterrupt:
        typer.echo("gezhi: stopped; nothing was changed", err=True)
        return STOPPED
    except (UsageError, NoSuchRuleError, NothingStoredError, RuleFileError) as error:
        typer.echo(f"gezhi: {error}", err=True)
        return USAGE
    if wish.as_json:
        typer.echo(orjson.dumps(report, option=orjson.OPT_UTC_Z))
    else:
        show(report, Console(), zone=zone, most=wish.most)
    return 0


async def _run(dsn: str, wish: Wish, zone: ZoneInfo) -> Report:
    if wish.against not in ("", "live"):
        raise UsageError(f"--against {wish.against}: only `live` is known")
    since = time_from(wish.since, zone)
    until = time_from(wish.until, zone) if wish.until else utc_now()
    if until <= since:
        raise UsageError("--to must be after --from")
    connection = await asyncpg.connect(dsn)
    try:
        chosen = await chosen_rules(connection, wish.rules)
        ask = Ask(
            rules=chosen.rules,
            with_live=chosen.with_live,
            since=since,
            until=until,
            warm_up=timedelta(hours=wish.warm_up_h),
            against_live=wish.against == "live",
            readings=wish.readings,
            step_us=round(step_of(wish.step_s, until - since) * 1_000_000),
        )
        with _Shown() as shown:
            async with reading_the_past(connection):
                found = await backtest(
                    connection, ask, time_zone=zone.key, tell=shown.tell
                )
        rows = await capacities(connection)
    finally:
        await connection.close()
    stated = {row.unit_id: row.cases_per_day for row in rows}
    return report_of(found, zone=zone, stated=stated)


def step_of(step_s: float, lasts: timedelta) -> float:
    """Return the seconds that one entry of stored samples tells."""
    if step_s > 0:
        return max(step_s, SHORTEST_STEP_S)
    return 1.0 if lasts <= SHORT else LONGEST_STEP_S


def time_from(text: str, zone: ZoneInfo) -> datetime:
    """Return a time; without a zone it is the city's.

    Raises:
        UsageError: If it is none.
    """
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no time like 2026-11-20T08:00") from error
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


class _Shown:
    """A bar on standard error, with readings a second and how often real time."""

    def __init__(self) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %  {task.fields[speed]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task: TaskID = self._bar.add_task("backtest", total=1.0, speed="")
        self._begun_s = monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def tell(self, progress: Progress) -> None:
        """Show how far it is."""
        took_s = max(monotonic() - self._begun_s, 1e-6)
        done_s = (progress.at - progress.begun).total_seconds()
        whole_s = (progress.until - progress.begun).total_seconds()
        self._bar.update(
            self._task,
            completed=done_s / whole_s if whole_s > 0 else 1.0,
            description=f"{progress.at:%Y-%m-%d %H:%M}Z",
            speed=f"{progress.samples / took_s:,.0f} readings/s, "
            f"{done_s / took_s:,.0f} × real time",
        )
