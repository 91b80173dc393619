"""What the live side has made of a journal, and what a backtest makes of it."""

from datetime import datetime, timedelta

import asyncpg

from rules.backtest.chosen import chosen_rules
from rules.backtest.found import Ask, Found, Progress
from rules.backtest.run import backtest
from tests.rules.workers import ZONE

LIVE_ALARMS = """
SELECT rule, rule_version, device_id, severity, raised_seq, raised_at, measured_at,
       value, threshold, cleared_seq, cleared_at, handling, reason_zh, reason_en,
       dense_rank() OVER (ORDER BY case_id) AS case_id, case_id IS NULL
FROM alarm WHERE handling <> 'shadow' ORDER BY raised_seq, measured_at, rule, device_id
"""

LIVE_CASES = """
SELECT f.subject_kind, f.subject_id, f.scheme, f.type, f.class_code, f.condition,
       f.device_id, f.unit_id, f.rule, f.rule_version, f.severity, f.title_zh,
       f.reason_zh, f.reason_en, f.opened_at, f.measured_at, f.last_hit_at, f.hit_count,
       f.quiet_hits, f.recovered_at, f.unstable_since, f.shape, f.closed_at,
       f.parent_id IS NULL,
       (SELECT count(*) FROM case_member m WHERE m.case_id = f.id)
FROM case_file f ORDER BY f.id
"""

Rows = list[tuple[object, ...]]


async def live_of(pool: asyncpg.Pool) -> tuple[Rows, Rows]:
    """Return every alarm and case there is."""
    alarms = [tuple(row) for row in await pool.fetch(LIVE_ALARMS)]
    return _without_rank(alarms), [tuple(row) for row in await pool.fetch(LIVE_CASES)]


def backtested(found: Found) -> tuple[Rows, Rows]:
    """Return the same of what would have been."""
    alarms: Rows = [
        (
            line.new.rule,
            line.new.rule_version,
            line.new.device_id,
            line.severity,
            line.new.raised_seq,
            line.new.raised_at,
            line.new.measured_at,
            line.new.value,
            line.new.threshold,
            line.cleared_seq,
            line.cleared_at,
            line.handling,
            line.new.reason_zh,
            line.new.reason_en,
            line.case_id,
            line.case_id is None,
        )
        for line in found.alarms
    ]
    cases: Rows = [
        (
            case.key.subject_kind,
            case.key.subject_id,
            case.key.scheme,
            case.key.type,
            case.key.class_code,
            case.key.condition,
            case.device_id,
            case.unit_id,
            case.rule,
            case.rule_version,
            case.severity,
            case.title_zh,
            case.reason_zh,
            case.reason_en,
            case.opened_at,
            case.measured_at,
            case.last_hit_at,
            case.hit_count,
            case.quiet_hits,
            case.recovered_at,
            case.unstable_since,
            case.shape,
            case.closed_at,
            case.parent_id is None,
            len(case.members),
        )
        for case in sorted(found.cases, key=lambda case: case.id)
    ]
    return _without_rank(alarms), cases


def _without_rank(alarms: Rows) -> Rows:
    """Number the cases of alarms by their first alarm: which are together, is left."""
    numbers: dict[object, int] = {}
    told = []
    for row in alarms:
        case_id, has_none = row[-2], row[-1]
        number = 0 if has_none else numbers.setdefault(case_id, len(numbers) + 1)
        told.append((*row[:-2], number))
    return told


async def backtest_of(
    pool: asyncpg.Pool,
    *words: str,
    since: datetime,
    until: datetime,
    warm_up: timedelta = timedelta(),
    against_live: bool = True,
    readings: bool = False,
) -> Found:
    """Run a backtest of the rules that are named."""
    async with pool.acquire() as connection:
        chosen = await chosen_rules(connection, words)
        ask = Ask(
            rules=chosen.rules,
            with_live=chosen.with_live,
            since=since,
            until=until,
            warm_up=warm_up,
            against_live=against_live,
            readings=readings,
        )
        return await backtest(connection, ask, time_zone=ZONE, tell=_nobody)


def _nobody(_: Progress) -> None:
    """Tell nobody how far it is."""
