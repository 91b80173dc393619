"""The rules in the database, from the command line."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg
import typer
from rich.console import Console
from rich.table import Table

from gezhi.clock import utc_now
from rules.files.rule_file import RuleFileError
from rules.lifecycle.on_trial import Verdict
from rules.lifecycle.reaching import Registered, registered
from rules.lifecycle.trial_report import TrialReport, trial_report, warnings_of_live
from rules.lifecycle.versions import (
    StageRefusedError,
    UnknownVersionError,
    add_draft,
    bring_to,
    changes_between,
)
from store.access import unit_id_of
from store.connection import Connection
from store.rules.capacity import capacities, state_capacity
from store.rules.read import VersionDetail, newest_versions, version_of, versions
from store.rules.versions import Change
from vocabulary.rule_stage import RuleStage

USAGE = 2
"""Exit code of a command that was not understood, or named what is not there."""

TIME = "%Y-%m-%d %H:%MZ"
"""How times are shown, in UTC."""


def show_list(dsn: str, stage: RuleStage | None, *, time_zone: str) -> int:
    """Print rules with their versions, stages, and how many devices each judges."""

    async def act(connection: Connection) -> int:
        registry = await registered(connection, time_zone=time_zone)
        table = Table("rule", "version", "stage", "judges", "author", box=None)
        table.add_column("since")
        table.add_column("note")
        for row in await newest_versions(connection, stage=stage):
            found = await version_of(connection, row.code, row.version)
            judges = "" if found is None else _judges(registry, found)
            since, version = f"{row.created_at:{TIME}}", str(row.version)
            what = row.code, version, row.stage, judges
            table.add_row(*what, row.author, since, row.note)
        _print(table)
        return 0

    return with_database(dsn, act)


def _judges(registry: Registered, found: VersionDetail) -> str:
    """Return how many devices a version judges; why, if none."""
    try:
        reach = registry.reach(found.source, found.version)
    except RuleFileError:
        return "nobody can read it"
    if reach.judged or not reach.lacks:
        return f"{reach.judged} of {reach.devices}"
    return f"0 of {reach.devices}: {reach.lacks[0].en}"


def show_one(dsn: str, code: str, version: int, *, time_zone: str) -> int:
    """Print a version with its life and its text; the newest if it is 0."""

    async def act(connection: Connection) -> int:
        newest = await versions(connection, code, before=None, limit=1)
        wanted = version or (newest[0].version if newest else 0)
        found = await version_of(connection, code, wanted)
        if found is None:
            raise UnknownVersionError(f"there is no version {version} of a rule {code}")
        typer.echo(f"{code} version {found.version}: {found.stage}")
        table = Table("when", "stage", "by", "note", box=None)
        for step in found.steps:
            stages = f"{step.from_stage or ''} → {step.to_stage}".strip()
            table.add_row(f"{step.taken_at:{TIME}}", stages, step.author, step.note)
        _print(table)
        await _show_reach(connection, found, time_zone=time_zone)
        typer.echo(f"\n{found.source.rstrip()}")
        return 0

    return with_database(dsn, act)


async def _show_reach(
    connection: Connection, found: VersionDetail, *, time_zone: str
) -> None:
    registry = await registered(connection, time_zone=time_zone)
    try:
        reach = registry.reach(found.source, found.version)
    except RuleFileError:
        return  # `gezhi rules check` says what is wrong with it
    typer.echo(f"\njudges {reach.judged} of {reach.devices} of kind {reach.kind}")
    for lack in reach.lacks:
        typer.echo(f"  {lack.devices:6} not: {lack.en}")


def put(dsn: str, file: Path, *, by: str, note: str) -> int:
    """Check a rule file, put it in as a draft and print its version."""
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        typer.echo(f"gezhi: {file}: {error}", err=True)
        return USAGE

    async def act(connection: Connection) -> int:
        change = Change(author=by or getpass.getuser(), at=utc_now(), note=note)
        code, version = await add_draft(connection, text, change, name=str(file))
        typer.echo(f"{code} version {version}: draft")
        return 0

    return with_database(dsn, act)


def bring(
    dsn: str,
    code: str,
    version: int,
    stage: RuleStage,
    *,
    by: str,
    note: str,
    confirm: bool,
) -> int:
    """Bring a version to a stage; 1 if a department would get too much of it."""

    async def act(connection: Connection) -> int:
        change = Change(author=by or getpass.getuser(), at=utc_now(), note=note)
        if stage is RuleStage.LIVE:
            over, unknown = await warnings_of_live(
                connection, code, version, at=change.at
            )
            for line in [*(f"unit {unit} {what}" for unit, what in over), unknown]:
                typer.echo(f"gezhi: {line}" if line else "", err=True, nl=bool(line))
            if over and not confirm:
                typer.echo("gezhi: nothing changed; --confirm goes live", err=True)
                return 1
        now = await bring_to(connection, code, version, stage, change)
        typer.echo(f"{code} version {now}: {stage}")
        return 0

    return with_database(dsn, act)


def show_diff(dsn: str, code: str, version: int, to: int) -> int:
    """Print what a version changed, or what changed from it to another."""

    async def act(connection: Connection) -> int:
        before, after = (version, to) if to else (version - 1, version)
        typer.echo(await changes_between(connection, code, before, after))
        return 0

    return with_database(dsn, act)


def show_trial(dsn: str, code: str, version: int) -> int:
    """Print what a version would have filed while it was on trial."""

    async def act(connection: Connection) -> int:
        found = await version_of(connection, code, version)
        if found is None:
            raise UnknownVersionError(f"there is no version {version} of a rule {code}")
        report = await trial_report(connection, found, at=utc_now())
        if report is None:
            typer.echo(f"gezhi: {code} version {version} was never on trial", err=True)
            return USAGE
        _show_report(report)
        return 0

    return with_database(dsn, act)


def capacity(dsn: str, unit: str, cases_per_day: float, *, by: str) -> int:
    """Print what units can take; state it of one if one is named."""

    async def act(connection: Connection) -> int:
        unit_id = await unit_id_of(connection, unit) if unit else None
        if unit and (unit_id is None or cases_per_day <= 0):
            what = "no such unit" if unit_id is None else "cases a day must be over 0"
            typer.echo(f"gezhi: {unit}: {what}", err=True)
            return USAGE
        if unit_id is not None:
            who, at = by or getpass.getuser(), utc_now()
            await state_capacity(connection, unit_id, cases_per_day, author=who, at=at)
        table = Table("unit", "name", "cases a day", "stated by", "since", box=None)
        for row in await capacities(connection):
            figures = f"{row.cases_per_day:g}", row.author, f"{row.stated_at:{TIME}}"
            table.add_row(row.unit, row.name_zh, *figures)
        _print(table)
        return 0

    return with_database(dsn, act)


def _show_report(report: TrialReport) -> None:
    trial, told = report.trial, report.trial.verdicts
    typer.echo(
        f"{report.since:{TIME}} to {report.until:{TIME}}: {trial.alarms} alarms would"
        f" have been {len(trial.cases)} cases"
    )
    if report.whole_until is not None:
        typer.echo(
            f"cut off at {report.whole_until:{TIME}}: later there was more than there"
            " is room for, and nothing of it is in these figures"
        )
    made = ", ".join(f"{n} {word}" for word, n in sorted(trial.handlings.items()))
    shared = f"; part of {trial.joined} cases of groups with other rules"
    if made:
        typer.echo(f"of the alarms: {made}{shared if trial.joined else ''}")
    precision = "unknown" if trial.precision is None else f"{trial.precision:.0%}"
    typer.echo(
        f"dispatch found {told[Verdict.REAL]} real and {told[Verdict.UNREAL]} not"
        f" (precision {precision}); {told[Verdict.OPEN]} are not decided,"
        f" {told[Verdict.NONE]} had no case; {trial.missed} cases it would have missed"
    )
    table = Table("unit", "would be a day", "others", "can take", "", box=None)
    for load in trial.loads:
        table.add_row(
            report.snapshot.units[load.unit_id].code,
            f"{load.would_be:.1f}",
            f"{load.others:.1f}",
            "—" if load.stated is None else f"{load.stated:g}",
            "too much" if load.is_over else "",
        )
    _print(table)


def with_database(dsn: str, act: Callable[[Connection], Awaitable[int]]) -> int:
    """Do something with a connection; say what is refused, with its exit code."""

    async def run() -> int:
        connection = await asyncpg.connect(dsn)
        try:
            return await act(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(run())
    except RuleFileError as error:
        typer.echo(str(error), err=True)
        return 1
    except (UnknownVersionError, StageRefusedError) as error:
        typer.echo(f"gezhi: {error}", err=True)
        return USAGE


def _print(table: Table) -> None:
    Console(highlight=False).print(table)
