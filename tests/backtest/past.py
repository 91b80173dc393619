"""What the live side has made of a journal, and what a backtest makes of it."""

from collections.abc import Mapping
from dataclasses import astuple
from datetime import datetime, timedelta

import asyncpg

from rules.backtest.chosen import chosen_rules
from rules.backtest.found import Ask, Found, Progress
from rules.backtest.lines import CaseLine
from rules.backtest.room import Room
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
       f.device_id, f.cell_id, f.lon, f.lat, f.unit_id, f.unit_reason, f.simulated,
       f.rule, f.rule_version, f.severity, f.title_zh, f.reason_zh, f.reason_en,
       f.opened_at, f.measured_at, f.last_hit_at, f.hit_count, f.quiet_hits,
       f.recovered_at, f.unstable_since, f.shape, f.stage, f.worker, f.rework_at,
       f.closed_at, f.reopened_at, f.reopen_count, f.repeat_count,
       (SELECT count(*) FROM case_file e WHERE e.id <= f.repeat_of),
       (SELECT count(*) FROM case_file e WHERE e.id <= f.parent_id)
FROM case_file f ORDER BY f.id
"""

LIVE_STEPS = """
SELECT (SELECT count(*) FROM case_file e WHERE e.id <= s.case_id), s.taken_at, s.move,
       s.from_stage, s.to_stage, s.actor, s.role, s.unit_id, s.worker, s.note, s.seq
FROM case_step s ORDER BY s.case_id, s.id
"""

LIVE_MEMBERS = """
SELECT (SELECT count(*) FROM case_file e WHERE e.id <= m.case_id), m.device_id,
       m.alarm_id <> 0, m.state, m.has_own, m.joined_at, m.left_at
FROM case_member m ORDER BY m.case_id, m.device_id, m.alarm_id
"""

Rows = list[tuple[object, ...]]


async def live_of(pool: asyncpg.Pool) -> tuple[Rows, Rows]:
    """Return every alarm there is; every case, step and member."""
    alarms = [tuple(row) for row in await pool.fetch(LIVE_ALARMS)]
    parts = [await pool.fetch(q) for q in (LIVE_CASES, LIVE_STEPS, LIVE_MEMBERS)]
    return _without_rank(alarms), [tuple(row) for rows in parts for row in rows]


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
    lines = sorted(found.cases, key=lambda case: case.id)
    places = {line.id: place for place, line in enumerate(lines, 1)}
    cases = [_case(line, places) for line in lines]
    steps: Rows = [
        (places[line.id], *astuple(step)) for line in lines for step in line.steps
    ]
    members: Rows = [
        (
            places[line.id],
            device_id,
            alarm_id != 0,
            member.state,
            member.has_own,
            member.joined_at,
            member.left_at,
        )
        for line in lines
        for (device_id, alarm_id), member in sorted(line.members.items())
    ]
    return _without_rank(alarms), [*cases, *steps, *members]


def _case(case: CaseLine, places: Mapping[int, int]) -> tuple[object, ...]:
    return (
        case.key.subject_kind,
        case.key.subject_id,
        case.key.scheme,
        case.key.type,
        case.key.class_code,
        case.key.condition,
        case.device_id,
        case.cell_id,
        case.lon,
        case.lat,
        case.unit_id,
        case.unit_reason,
        case.simulated,
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
        case.stage,
        case.worker,
        case.rework_at,
        case.closed_at,
        case.reopened_at,
        case.reopen_count,
        case.repeat_count,
        places[case.repeat_of] if case.repeat_of else 0,
        places[case.parent_id] if case.parent_id else 0,
    )


def _without_rank(alarms: Rows) -> Rows:
    """Number the cases of alarms by their first alarm: which are together, is left."""
    numbers: dict[object, int] = {}
    told = []
    for row in alarms:
        case_id, has_none = row[-2], row[-1]
        number = 0 if has_none else numbers.setdefault(case_id, len(numbers) + 1)
        told.append((*row[:-2], number))
    return told


ALARM_FIELDS = (
    "rule version device severity raised_seq raised_at measured_at value threshold"
    " cleared_seq cleared_at handling reason_zh reason_en case"
)

CASE_FIELDS = (
    "subject_kind subject_id scheme type class_code condition device cell lon lat unit"
    " unit_reason simulated rule version severity title_zh reason_zh reason_en"
    " opened_at measured_at last_hit_at hits quiet_hits recovered_at unstable_since"
    " shape stage worker rework_at closed_at reopened_at reopens repeats repeat_of"
    " parent"
)

STEP_FIELDS = "case taken_at move from to actor role unit worker note seq"

MEMBER_FIELDS = "case device has_alarm state has_own joined_at left_at"


def apart(live: Rows, tried: Rows) -> list[str]:
    """Return in words what differs, row by row."""
    told_of = ALARM_FIELDS, CASE_FIELDS, STEP_FIELDS, MEMBER_FIELDS
    names = {len(each.split()): each.split() for each in told_of}
    told = [f"{len(live)} rows live, {len(tried)} tried"] * (len(live) != len(tried))
    for place, (one, other) in enumerate(zip(live, tried, strict=False)):
        fields = zip(names[len(one)], one, other, strict=False)
        told += [f"{place}: {n}: {a} live, {b} tried" for n, a, b in fields if a != b]
    return told


async def backtest_of(
    pool: asyncpg.Pool,
    *words: str,
    since: datetime,
    until: datetime,
    warm_up: timedelta = timedelta(),
    against_live: bool = True,
    readings: bool = False,
    room: Room | None = None,
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
            room=room or Room(),
        )
        return await backtest(connection, ask, time_zone=ZONE, tell=_nobody)


def _nobody(_: Progress) -> None:
    """Tell nobody how far it is."""
