"""A version's trial, read from the database."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import msgspec

from cases.routing import shipped_routing
from devices.registry.snapshot import Snapshot, load_snapshot
from rules.backtest.docket import Docket
from rules.backtest.people import People
from rules.backtest.tried import Tried, source_with
from rules.lifecycle.on_trial import Trial, UnitLoad, trial_of
from rules.lifecycle.would_file import kin_of, would_file
from rules.plan.compile import compile_plan
from rules.plan.plan_source import LIVE, PlanSource, RuleText
from rules.triage.settings import Settings, read_settings
from rules.worker.present import current_source
from store.connection import Connection
from store.rules.backtest_read import alarms_of_trial, taken_steps
from store.rules.capacity import capacities
from store.rules.read import VersionDetail, cases_between, version_of
from vocabulary.rule_stage import RuleStage
from vocabulary.times import us_from_datetime

MOST_STEPS = 100_000
"""Steps on real cases that are asked for."""

NO_ZONE = "UTC"
"""Triage knows no local times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialReport:
    """A trial with its stretch, and the registry it was placed by.

    Attributes:
        since: When it began.
        until: When it ended; the time of asking while it lasts.
        trial: What came of it.
        snapshot: The registry.
    """

    since: datetime
    until: datetime
    trial: Trial
    snapshot: Snapshot


async def trial_report(
    connection: Connection, found: VersionDetail, *, at: datetime
) -> TrialReport | None:
    """Return what came of a version's trial; None if it never was on trial.

    Args:
        connection: Any.
        found: The version.
        at: The time of asking.

    Raises:
        RuleFileError: If this release does not understand it.
    """
    stretch = _stretch(found, at)
    if stretch is None:
        return None
    since, until = stretch
    snapshot = await load_snapshot(connection)
    plan = compile_plan(await _source(connection, found, snapshot, since))
    kin = {rule.code for rule in plan.rules} - {found.code}
    alarms = await alarms_of_trial(
        connection, (found.code, found.version), sorted(kin), since=since, until=until
    )
    steps = await taken_steps(connection, since=since, until=until, limit=MOST_STEPS)
    cases = await cases_between(connection, *stretch)
    stated = {row.unit_id: row.cases_per_day for row in await capacities(connection)}
    docket = Docket(snapshot, shipped_routing(), People(steps))

    def tried() -> Trial:
        would_file(plan, alarms, docket, until_us=us_from_datetime(until))
        return trial_of(
            plan.layout.rules[found.code],
            docket,
            cases,
            device_codes=plan.device_codes,
            stretch=stretch,
            stated=stated,
        )

    # Weeks of alarms take seconds, and whoever asks serves others meanwhile.
    trial = await asyncio.to_thread(tried)
    return TrialReport(since=since, until=until, trial=trial, snapshot=snapshot)


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
    return over_capacity(report), ""


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
