"""A version's trial, read from the database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cases.routing import shipped_routing
from devices.registry.snapshot import Snapshot, load_snapshot
from rules.backtest.docket import Docket
from rules.backtest.people import People
from rules.backtest.room import Room, earliest, kept
from rules.backtest.tried import Tried, source_with
from rules.lifecycle.on_trial import Trial, UnitLoad, trial_of
from rules.lifecycle.would_file import kin_of, would_file
from rules.plan.compile import compile_plan
from rules.plan.plan_source import LIVE, PlanSource, RuleText
from rules.triage.settings import Settings, read_settings
from rules.worker.present import current_source
from store.connection import Connection
from store.rules.backtest_read import (
    FiledAlarm,
    TakenStep,
    alarms_of_trial,
    taken_steps,
)
from store.rules.capacity import capacities
from store.rules.read import FoundCase, VersionDetail, cases_between, version_of
from vocabulary.rule_stage import RuleStage
from vocabulary.times import us_from_datetime

TRIAL_ROOM = Room(lines=100_000, steps=100_000)
"""How many alarms and cases of a trial, and steps on real cases, are asked for."""

NO_ZONE = "UTC"
"""Triage knows no local times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """A trial with its stretch, and the registry it was placed by.

    Attributes:
        since: When it began.
        until: When it ended; the time of asking while it lasts.
        whole_until: What came of it is told up to here only, as there was more later
            than there is room for; None if it is told to the end.
        trial: What came of it.
        snapshot: The registry.
    """

    since: datetime
    until: datetime
    whole_until: datetime | None
    trial: Trial
    snapshot: Snapshot


async def trial_report(
    connection: Connection,
    found: VersionDetail,
    *,
    at: datetime,
    room: Room = TRIAL_ROOM,
) -> TrialReport | None:
    """Return what came of a version's trial; None if it never was on trial.

    Args:
        connection: Any.
        found: The version.
        at: The time of asking.
        room: How much is read.

    Raises:
        RuleFileError: If this release does not understand it.
    """
    stretch = _stretch(found, at)
    if stretch is None:
        return None
    since, ended = stretch
    snapshot = await load_snapshot(connection)
    plan = compile_plan(await _source(connection, found, snapshot, since))
    kin = {rule.code for rule in plan.rules} - {found.code}
    met = await _met(connection, found, stretch, sorted(kin), room)
    until = ended if met.whole_until is None else max(since, met.whole_until)
    stated = {row.unit_id: row.cases_per_day for row in await capacities(connection)}
    docket = Docket(snapshot, shipped_routing(), People(met.steps))

    def tried() -> Trial:
        would_file(plan, met.alarms, docket, until_us=us_from_datetime(until))
        return trial_of(
            plan.layout.rules[found.code],
            docket,
            met.cases,
            device_codes=plan.device_codes,
            stretch=(since, until),
            stated=stated,
        )

    # Weeks of alarms take seconds, and whoever asks serves others meanwhile.
    trial = await asyncio.to_thread(tried)
    return TrialReport(
        since=since,
        until=ended,
        whole_until=None if met.whole_until is None else until,
        trial=trial,
        snapshot=snapshot,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Met:
    """What there was in a trial's stretch, as far as there is room for it."""

    alarms: Sequence[FiledAlarm]
    steps: Sequence[TakenStep]
    cases: Sequence[FoundCase]
    whole_until: datetime | None


async def _met(
    connection: Connection,
    found: VersionDetail,
    stretch: tuple[datetime, datetime],
    kin: Sequence[str],
    room: Room,
) -> _Met:
    since, until = stretch
    version = found.code, found.version
    most = room.lines
    alarms, alarms_from = kept(
        await alarms_of_trial(
            connection, version, kin, since=since, until=until, limit=most + 1
        ),
        most,
        lambda alarm: alarm.raised_at,
    )
    steps, steps_from = kept(
        await taken_steps(connection, since=since, until=until, limit=room.steps + 1),
        room.steps,
        lambda taken: taken.step.taken_at,
    )
    cases, cases_from = kept(
        await cases_between(connection, since, until, limit=most + 1),
        most,
        lambda case: case.opened_at,
    )
    end = earliest((alarms_from, steps_from, cases_from))
    return _Met(
        alarms=[each for each in alarms if end is None or each.raised_at < end],
        steps=steps,
        cases=[each for each in cases if end is None or each.opened_at < end],
        whole_until=end,
    )


def over_capacity(report: TrialReport) -> list[tuple[str, str]]:
    """Return who would get more than they can take: their code, and what in words."""
    return [
        (report.snapshot.units[load.unit_id].code, _words(load))
        for load in report.trial.loads
        if load.is_over
    ]


async def warnings_of_live(
    connection: Connection, code: str, version: int, *, at: datetime
) -> tuple[list[tuple[str, str]], str]:
    """Return who would get too much if a version went live, and what nobody can tell.

    Args:
        connection: Any.
        code: The rule.
        version: Which.
        at: The time of asking.

    Raises:
        RuleFileError: If this release does not understand it.
    """
    found = await version_of(connection, code, version)
    report = None if found is None else await trial_report(connection, found, at=at)
    if report is None:
        return [], "it was never on trial: nobody can tell how much it would file"
    return over_capacity(report), _cut_off(report)


def _cut_off(report: TrialReport) -> str:
    if report.whole_until is None:
        return ""
    return (
        f"its trial is told up to {report.whole_until.isoformat()} only: later there"
        " was more than there is room for"
    )


async def _source(
    connection: Connection, found: VersionDetail, snapshot: Snapshot, since: datetime
) -> PlanSource:
    """Return the plan of what triage asks of a version, as if it were live.

    The registry and the triage file are those of now, the windows all since then.
    """
    source = await current_source(connection, snapshot, at=since, time_zone=NO_ZONE)
    file = source.triage
    settings = (
        Settings() if file is None else read_settings(file.source, version=file.version)
    )
    kin = kin_of(found.code, settings)
    rules = [t for t in source.rules if t.code in kin and t.stage == LIVE]
    tried = Tried(
        rules=(RuleText(found.code, found.version, found.source),),
        with_live=True,
        geofences=tuple(snapshot.geofences.values()),
    )
    return source_with(msgspec.structs.replace(source, rules=tuple(rules)), tried)


def _words(load: UnitLoad) -> str:
    return (
        f"would get {load.would_be:.1f} cases a day of it, beside {load.others:.1f} of"
        f" other rules; it says it can take {load.stated:g}"
    )


def _stretch(found: VersionDetail, at: datetime) -> tuple[datetime, datetime] | None:
    """Return from when to when a version was on trial, from the first to the last."""
    begun = [s.taken_at for s in found.steps if s.to_stage == RuleStage.SHADOW]
    ended = [s.taken_at for s in found.steps if s.from_stage == RuleStage.SHADOW]
    if not begun:
        return None
    lasts = len(ended) < len(begun)
    return begun[0], at if lasts else ended[-1]
