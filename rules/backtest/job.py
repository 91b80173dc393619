"""Backtests that the API was asked for: one at a time, and each can be stopped."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import orjson

from rules.backtest.chosen import NoSuchRuleError, chosen_rules
from rules.backtest.found import Ask, NothingStoredError, Progress
from rules.backtest.report import Report, report_of
from rules.backtest.run import backtest
from rules.files.rule_file import RuleFileError
from store.connection import Connection
from store.retention.drop import reading_the_past
from store.rules.backtest_jobs import (
    JobRow,
    end_job,
    fail_running,
    next_job,
    tell_progress,
)
from store.rules.capacity import capacities
from tasks.attempt import attempt
from vocabulary.times import Clock

MOST_LINES = 20_000
"""Alarms, and as many cases, that are kept of one backtest."""

WARM_UP = timedelta(hours=24)
"""Judged before, uncounted."""


class JobAsk(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked, as it is stored.

    Attributes:
        rules: `live`, `now` and `CODE@VERSION`.
        sources: Rule files as text.
        since: From when.
        until: Up to when.
        against_live: Whether to compare with what was filed.
        readings: Whether to read stored samples.
    """

    rules: list[str]
    sources: list[str]
    since: datetime
    until: datetime
    against_live: bool = True
    readings: bool = False


class _NotWantedError(Exception):
    """Somebody took it back."""


@dataclass(slots=True)
class _Teller:
    """Writes down how far it is; a second connection, as the first is busy reading."""

    latest: Progress | None = None

    def tell(self, progress: Progress) -> None:
        """Remember how far it is."""
        self.latest = progress

    async def follow(self, connection: Connection, job_id: int) -> None:
        """Write it down each second until the backtest is not wanted."""
        while True:
            await asyncio.sleep(1)
            done = self.latest
            share, samples = 0.0, 0
            if done is not None:
                whole = (done.until - done.begun) / timedelta(seconds=1)
                share = (done.at - done.begun) / timedelta(seconds=1) / max(whole, 1)
                samples = done.samples
            if not await tell_progress(
                connection, job_id, progress=min(share, 1.0), samples=samples
            ):
                raise _NotWantedError


async def run_job(dsn: str, *, time_zone: str, clock: Clock) -> bool:
    """Run the backtest that has waited longest; tell whether there was one.

    Args:
        dsn: The database.
        time_zone: The city's IANA zone.
        clock: Tells when it begins and ends.
    """
    connection = await asyncpg.connect(dsn)
    beside = await asyncpg.connect(dsn)
    try:
        found = await next_job(connection, at=clock())
        if found is None:
            return False
        report, why = await _attempt(connection, beside, found, time_zone)
        if report is not None:
            await _keep(beside, found.id, report, clock())
        elif why:
            await fail_running(beside, why, at=clock())
    finally:
        connection.terminate()
        beside.terminate()
    return True


async def _attempt(
    connection: Connection, beside: Connection, found: JobRow, time_zone: str
) -> tuple[Report | None, str]:
    """Return the report, or why there is none; nothing if it was taken back."""
    teller, report, why = _Teller(), None, ""

    async def told() -> Report:
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(
                teller.follow(beside, found.id), name="progress"
            )
            report = await _report(connection, found.ask, teller, time_zone)
            following.cancel()
        return report

    try:
        report = await attempt(told())
    except* _NotWantedError:
        report = None
    except* (NoSuchRuleError, NothingStoredError, RuleFileError) as group:
        why = str(group.exceptions[0])
    return report, why


async def _report(
    connection: Connection, text: str, teller: _Teller, time_zone: str
) -> Report:
    asked = msgspec.json.decode(text, type=JobAsk)
    chosen = await chosen_rules(connection, asked.rules, asked.sources)
    ask = Ask(
        rules=chosen.rules,
        with_live=chosen.with_live,
        since=asked.since,
        until=asked.until,
        warm_up=WARM_UP,
        against_live=asked.against_live,
        readings=asked.readings,
    )
    async with reading_the_past(connection):
        found = await backtest(connection, ask, time_zone=time_zone, tell=teller.tell)
    rows = await capacities(connection)
    stated = {row.unit_id: row.cases_per_day for row in rows}
    return report_of(found, zone=ZoneInfo(time_zone), stated=stated)


async def _keep(
    connection: Connection, job_id: int, report: Report, at: datetime
) -> None:
    alarms, cases = report.alarms[:MOST_LINES], report.cases[:MOST_LINES]
    left_off = len(report.alarms) - len(alarms) + len(report.cases) - len(cases)
    short = replace(report, alarms=(), cases=(), left_off=report.left_off + left_off)
    lines = [
        (what, place, orjson.dumps(row, option=orjson.OPT_UTC_Z))
        for what, rows in (("alarm", alarms), ("case", cases))
        for place, row in enumerate(rows, 1)
    ]
    body = orjson.dumps(short, option=orjson.OPT_UTC_Z)
    await end_job(connection, job_id, body, lines, at=at)
