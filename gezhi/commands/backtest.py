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
from rich.table import Table

from gezhi.clock import utc_now
from rules.backtest.chosen import NoSuchRuleError, chosen_rules
from rules.backtest.compare import Beside
from rules.backtest.found import Ask, NothingStoredError, Progress
from rules.backtest.report import AlarmRow, Report, report_of
from rules.backtest.run import backtest
from rules.files.rule_file import RuleFileError
from store.capacity import capacities
from store.retention_drop import reading_the_past

USAGE = 2
"""Exit code of a command that was not understood."""

STOPPED = 130
"""Exit code after Ctrl-C."""


SHORTEST_STEP_S = 0.1
"""Of stored samples; a shorter one would only take longer."""

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
    return 1.0 if lasts <= SHORT else 10.0


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


def show(report: Report, console: Console, *, zone: ZoneInfo, most: int) -> None:
    """Print tables: rules, departments, and what differs."""
    console.print(
        f"{_time(report.since, zone)} to {_time(report.until, zone)}, "
        f"{report.samples:,} readings and fixes from {_source(report, zone)}"
    )
    console.print(_under(report, zone))
    console.print(_rules(report))
    if report.loads:
        console.print(_loads(report))
    differing = [row for row in report.alarms if row.beside is not Beside.SAME]
    if differing and most:
        console.print(_alarms(differing[:most], zone))
    if len(differing) > most:
        console.print(f"… and {len(differing) - most} more; --json has all")
    if report.left_off:
        console.print(f"{report.left_off} more were counted and left off")


def _source(report: Report, zone: ZoneInfo) -> str:
    """Return what was read, in words."""
    if report.source == "journal":
        return "the journal's own entries: exact"
    samples = (
        "stored samples at their own times: arrival, lateness, lost links and "
        "entry numbers are not known any more"
    )
    if report.samples_gone_until is not None:
        gone = _time(report.samples_gone_until, zone)
        samples += f"; of what was measured before {gone} some is not kept any more"
    if report.journal_from is None:
        return samples
    joint = _time(report.journal_from, zone)
    return f"{samples}; from {joint} on the journal's own entries: exact"


def _under(report: Report, zone: ZoneInfo) -> str:
    """Return by what was judged, in words."""
    if report.known_from is None:
        return "under the devices, windows and triage file of now, not those of then"
    what = "plan" if report.plans == 1 else "plans"
    told = [f"under {report.plans} {what} of then"]
    if report.known_from > report.begun:
        since = _time(report.known_from, zone)
        told.append(f"what was before {since} is not known: taken as after it")
    told += [
        f"the engine had lost its state at {_time(at, zone)}: the hour after may differ"
        for at in report.lost_at
    ]
    if report.unread:
        told.append(f"{report.unread} of them cannot be read by this release")
    if report.broken:
        told.append(f"{report.broken} entries were left out: the rules broke on them")
    return "; ".join(told)


def _rules(report: Report) -> Table:
    is_beside = any(line.live_alarms is not None for line in report.rules)
    table = Table(box=None, header_style="bold")
    for name in ("rule", "alarms", "cases"):
        table.add_column(name, justify="left" if name == "rule" else "right")
    for name in ("were", "cases were", "same", "shifted", "only new", "only live"):
        if is_beside:
            table.add_column(name, justify="right")
    for line in report.rules:
        told: list[int | None] = [line.alarms, line.cases]
        if is_beside:
            told += [line.live_alarms, line.live_cases, line.same, line.shifted]
            told += [line.only_new, line.only_live]
        table.add_row(line.rule, *("" if n is None else str(n) for n in told))
    return table


def _loads(report: Report) -> Table:
    table = Table(box=None, header_style="bold")
    table.add_column("department")
    for name in ("cases a day", "busiest day", "were", "can take"):
        table.add_column(name, justify="right")
    for line in report.loads:
        busiest = max(line.days.items(), key=lambda item: item[1], default=("", 0))
        table.add_row(
            f"{line.unit} {line.name_zh} {line.name_en}",
            f"{line.mean:.1f}",
            f"{busiest[1]} ({busiest[0]})",
            "" if line.live_mean is None else f"{line.live_mean:.1f}",
            "" if line.stated is None else f"{line.stated:g}{' !' * line.is_over}",
        )
    return table


def _alarms(rows: Sequence[AlarmRow], zone: ZoneInfo) -> Table:
    table = Table(box=None, header_style="bold")
    for name in ("", "raised", "cleared", "rule", "device", "value", "why"):
        table.add_column(name)
    for row in rows:
        table.add_row(
            "" if row.beside is None else row.beside,
            _time(row.raised_at, zone),
            "" if row.cleared_at is None else _time(row.cleared_at, zone),
            row.rule,
            row.device,
            "" if row.value is None else f"{row.value:g}",
            row.reason_en or row.handling,
        )
    return table


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M:%S}"
