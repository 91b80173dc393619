"""A version's trial, read from the database."""

from dataclasses import dataclass
from datetime import datetime

from cases.routing import shipped_routing
from devices.registry.snapshot import Snapshot, load_snapshot
from rules.files.rule_file import parse_rule
from rules.lifecycle.on_trial import Trial, UnitLoad, trial_of
from store.capacity import capacities
from store.connection import Connection
from store.rule_read import (
    VersionDetail,
    cases_between,
    trial_alarms,
    version_of,
)
from vocabulary.rule_stage import RuleStage


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
    snapshot = await load_snapshot(connection)
    trial = trial_of(
        parse_rule(found.source, version=found.version, name=found.code),
        await trial_alarms(connection, found.code, found.version),
        await cases_between(connection, *stretch),
        snapshot=snapshot,
        routing=shipped_routing(),
        stretch=stretch,
        stated={row.unit_id: row.cases_per_day for row in await capacities(connection)},
    )
    since, until = stretch
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
