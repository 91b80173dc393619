"""What came of a backtest, as tables for people; --json has all of it."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from rules.backtest.compare import Beside
from rules.backtest.report import AlarmRow, CaseRow, LoadLine, Report

MOST_DAYS = 8
"""Days of which each has a column; of more only the busiest is told."""

BESIDE = {
    Beside.SAME: "same 相同",
    Beside.SHIFTED: "shifted 有出入",
    Beside.ONLY_NEW: "only new 仅回测有",
    Beside.ONLY_LIVE: "only live 仅实际有",
}
"""How something stands beside what was, in words."""

ASSUMED = (
    "cases taken to be closed when their sensors said that it was over, as nobody "
    "worked on one like it then"
)
"""What is assumed of cases that there were not."""

UNWRITTEN = (
    "alarms and cases that could not be written then, at most (gezhi rules faults)"
)
"""What there should have been."""

CUT = (
    "cut off 已截断: there is more than there is room for; everything below is of what "
    "was raised or opened before {at} only, ask again from there on"
)
"""What to say where something is missing."""

LEGEND = (
    "same: the same entry, sample, value, handling and end; shifted: the same rule and "
    "device at an overlapping time; only new: these rules find it, live it was not "
    "there; only live: it was there, these rules do not find it"
)
"""What the columns mean."""


def show(report: Report, console: Console, *, zone: ZoneInfo, most: int) -> None:
    """Print what was judged, by what, and tables: rules, departments, differences."""
    stretch = f"{_day_time(report.since, zone)} to {_day_time(report.until, zone)}"
    console.print(
        f"{stretch} ({zone.key}), {report.samples:,} readings and fixes from "
        f"{_source(report, zone)}",
        highlight=False,
    )
    for line in _conditions(report, zone):
        console.print(f"  {line}", highlight=False)
    if report.whole_until is not None:
        told = CUT.format(at=_day_time(report.whole_until, zone))
        console.print(told, highlight=False, style="bold")
    console.print(_rules(report))
    if report.loads:
        console.print(_loads(report))
    alarms = [row for row in report.alarms if row.beside is not Beside.SAME]
    cases = [row for row in report.cases if row.beside is not Beside.SAME]
    if alarms and most:
        console.print(_alarms(alarms[:most], zone))
    if cases and most:
        console.print(_cases(cases[:most], zone))
    for what, rows in (("alarms", alarms), ("cases", cases)):
        if len(rows) > most:
            console.print(f"… and {len(rows) - most} {what} more; --json has all")
    if report.left_off:
        console.print(f"{report.left_off} more would-be ones were left off")
    if any(row.beside is not None for row in report.alarms):
        console.print(LEGEND, highlight=False)


def _source(report: Report, zone: ZoneInfo) -> str:
    """Return what was read, in words."""
    if report.source == "journal":
        return "the journal's own entries: exact"
    samples = (
        "stored samples at their own times: arrival, lateness, lost links and "
        "entry numbers are not known any more"
    )
    if report.samples_gone_until is not None:
        gone = _day_time(report.samples_gone_until, zone)
        samples += f"; of what was measured before {gone} some is not kept any more"
    if report.journal_from is None:
        return samples
    joint = _day_time(report.journal_from, zone)
    return f"{samples}; from {joint} on the journal's own entries: exact"


def _conditions(report: Report, zone: ZoneInfo) -> list[str]:
    """Return by what was judged and what is assumed, in words."""
    told = [*_plans(report, zone), *_registry(report, zone)]
    counts = {
        ASSUMED: report.assumed,
        "entries left out, as the rules broke on them": report.broken,
        "hits that could not become a case": report.unplaced,
        UNWRITTEN: report.unwritten,
    }
    told += [f"{what}: {count}" for what, count in counts.items() if count]
    return told


def _plans(report: Report, zone: ZoneInfo) -> list[str]:
    if report.known_from is None:
        return ["under the devices, windows and triage file of now, not those of then"]
    what = "plan" if report.plans == 1 else "plans"
    told = [f"under {report.plans} {what} of then (rules, devices, windows, triage)"]
    if report.known_from > report.begun:
        since = _day_time(report.known_from, zone)
        told.append(f"what was before {since} is not known: taken as after it")
    told += [
        f"the engine had lost its state at {_day_time(at, zone)}: "
        "the hour after may differ"
        for at in report.lost_at
    ]
    if report.unread:
        told.append(f"{report.unread} of them cannot be read by this release")
    return told


def _registry(report: Report, zone: ZoneInfo) -> list[str]:
    if report.placed_from is None:
        return ["cases placed by the registry of now: cells and owners may differ"]
    if report.placed_from > report.begun:
        since = _day_time(report.placed_from, zone)
        return [f"cases before {since} placed by the registry of after it"]
    return []


def _rules(report: Report) -> Table:
    is_beside = any(line.live_alarms is not None for line in report.rules)
    table = Table(
        box=None,
        header_style="bold",
    )
    table.add_column("rule\n规则")
    names = ["alarms\n告警", "cases\n案卷"]
    if is_beside:
        names += ["real alarms\n实际告警", "real cases\n实际案卷", "same\n相同"]
        names += ["shifted\n有出入", "only new\n仅回测有", "only live\n仅实际有"]
    for name in names:
        table.add_column(name, justify="right")
    for line in report.rules:
        told: list[int | None] = [line.alarms, line.cases]
        if is_beside:
            told += [line.live_alarms, line.live_cases, line.same, line.shifted]
            told += [line.only_new, line.only_live]
        table.add_row(line.rule, *("" if n is None else str(n) for n in told))
    return table


def _loads(report: Report) -> Table:
    """Return what each department gets, by day while these fit on a line."""
    days = sorted({day for line in report.loads for day in line.days})
    shown = days if len(days) <= MOST_DAYS else []
    table = Table(
        box=None,
        header_style="bold",
        title="cases by department and day 各部门每日案卷",
        title_justify="left",
    )
    table.add_column("department\n部门")
    for day in shown:
        table.add_column(f"{day[5:]}\n件", justify="right")
    for name in (
        *(() if shown else ("busiest day\n最多一日",)),
        "a day\n日均",
        "real, a day\n实际日均",
        "can take\n日承办能力",
    ):
        table.add_column(name, justify="right")
    for line in report.loads:
        table.add_row(
            f"{line.unit} {line.name_zh} {line.name_en}",
            *(str(line.days.get(day, 0)) for day in shown),
            *(() if shown else (_busiest(line),)),
            f"{line.mean:.1f}",
            "" if line.live_mean is None else f"{line.live_mean:.1f}",
            "" if line.stated is None else f"{line.stated:g}{' over' * line.is_over}",
        )
    return table


def _busiest(line: LoadLine) -> str:
    day, cases = max(line.days.items(), key=lambda item: item[1], default=("", 0))
    return f"{cases} ({day})" if day else "0"


def _alarms(rows: Sequence[AlarmRow], zone: ZoneInfo) -> Table:
    names = ("raised 发生", "cleared 解除", "rule", "device", "value", "why")
    table = _differences("alarms 告警", rows[0].beside, names)
    for row in rows:
        table.add_row(
            "" if row.beside is None else BESIDE[row.beside],
            _time(row.raised_at, zone),
            "stands" if row.cleared_at is None else _time(row.cleared_at, zone),
            row.rule,
            row.device,
            "" if row.value is None else f"{row.value:g}",
            row.reason_en or row.handling,
        )
    return table


def _cases(rows: Sequence[CaseRow], zone: ZoneInfo) -> Table:
    names = (
        "opened 立案",
        "closed 结案",
        "rule",
        "device",
        "department",
        "hits",
        "case",
    )
    table = _differences("cases 案卷", rows[0].beside, names)
    for row in rows:
        table.add_row(
            "" if row.beside is None else BESIDE[row.beside],
            _time(row.opened_at, zone),
            "open" if row.closed_at is None else _time(row.closed_at, zone),
            row.rule,
            row.device,
            row.unit,
            str(row.hits),
            row.number or row.condition,
        )
    return table


def _differences(what: str, beside: Beside | None, names: Sequence[str]) -> Table:
    title = what if beside is None else f"{what}: what differs 有差异的"
    table = Table(box=None, header_style="bold", title=title, title_justify="left")
    for name in ("", *names):
        table.add_column(name)
    return table


def _time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%m-%d %H:%M:%S}"


def _day_time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
