"""Look at late samples, a few at a time, beside the fold and never in its way."""

import asyncio
import logging
import random
from dataclasses import replace
from datetime import datetime, timedelta

import asyncpg
import numpy as np
import orjson

from devices.registry.snapshot import load_snapshot
from rules.bundle.part import part_of
from rules.correction.again import changed_by
from rules.correction.spans import OPEN_US, Difference, Kind, Span
from rules.engine.folded import LateSample
from rules.measures import VALUE
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import LIVE, PlanSource
from rules.retention.policy import What
from rules.worker.present import current_source
from store.backtest_read import FiledAlarm, filed_alarms
from store.connection import AWAY, Connection
from store.corrections import (
    Due,
    LateTime,
    NewCorrection,
    fixes_between,
    insert_correction,
    note_late,
    series_between,
    take_due,
)
from store.evidence import insert_evidence
from store.retention_state import kept_from
from vocabulary.device import DeviceKind
from vocabulary.times import datetime_from_us, us_from_datetime

log = logging.getLogger(__name__)

WAIT = timedelta(seconds=60)
"""Journal time until late samples are looked at: mostly more of them follow."""

PAUSE_S = 5.0
"""About how long there is nothing to do until the next look."""

YIELD_S = 0.1
"""Pause between two looks: the fold comes first."""

LOOK_BACK = timedelta(hours=1)
"""Judged before the first late sample, beside the rule's own delays."""

LOOK_BACK_MEASURED = timedelta(hours=24)
"""The same where a measure remembers more than the newest sample."""

LONGEST = timedelta(days=7)
"""Late samples further apart than this are looked at from the newest back."""

MOST_ALARMS = 1000
"""Real alarms that a stretch is compared with."""


async def note(connection: Connection, late: list[LateSample]) -> None:
    """Remember what came too late, in the transaction that could not judge it."""
    if not late:
        return
    at = datetime_from_us(max(each.at_us for each in late))
    times = [
        LateTime(each.rule, each.device_id, datetime_from_us(each.measured_us))
        for each in late
    ]
    await note_late(connection, times, due_at=at + WAIT)


async def run_corrections(dsn: str, *, time_zone: str, shard: int = 0) -> None:
    """Look at late samples until cancelled; outlives the database."""
    while True:
        try:
            await _work(dsn, time_zone, shard)
        except AWAY as error:
            log.warning("corrections: the database is away: %s", error)
        await asyncio.sleep(PAUSE_S * random.uniform(0.5, 1.0))  # noqa: S311 not a secret


async def _work(dsn: str, time_zone: str, shard: int) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        while True:
            found = await correct_one(connection, time_zone=time_zone, shard=shard)
            await asyncio.sleep(YIELD_S if found else PAUSE_S)
    finally:
        connection.terminate()


async def correct_one(
    connection: Connection, *, time_zone: str, shard: int = 0
) -> bool:
    """Look at the late samples that have waited longest; tell whether there were any.

    Args:
        connection: In no transaction.
        time_zone: The city's IANA zone.
        shard: Whose clock it goes by.
    """
    at: datetime = await connection.fetchval(
        "SELECT received_at FROM journal_head WHERE shard = $1", shard
    )
    async with connection.transaction():
        due = await take_due(connection, at)
        if due is None:
            return False
        snapshot = await load_snapshot(connection)
        source = await current_source(connection, snapshot, at=at, time_zone=time_zone)
        part = _part(source, due)
        if part is not None:
            await _correct(connection, due, part, at)
    return True


def _part(source: PlanSource, due: Due) -> PlanSource | None:
    """Return the plan of the live version; None if the rule judges no longer."""
    versions = [
        text.version
        for text in source.rules
        if text.code == due.rule and text.stage == LIVE
    ]
    if not versions:
        return None
    return part_of(source, rule=due.rule, version=versions[-1], device_id=due.device_id)


async def _correct(
    connection: Connection, due: Due, source: PlanSource, at: datetime
) -> None:
    plan = compile_plan(source)
    slots = np.flatnonzero(
        [plan.subjects[s].device_id == due.device_id for s in plan.slots.subject]
    )
    if not len(slots):
        return
    since, until = _stretch(plan, int(slots[0]), due, at)
    if await _is_gone(connection, plan, since):
        await insert_correction(connection, _too_old(plan, due, at))
        return
    series = [i for s in plan.subjects for i in s.series.values()]
    devices = [subject.device_id for subject in plan.subjects]
    found = changed_by(
        plan,
        await series_between(connection, series, since, until),
        await fixes_between(connection, devices, since, until),
        late_us={us_from_datetime(each) for each in due.measured_at},
        device_id=due.device_id,
        stretch=(us_from_datetime(since), us_from_datetime(until)),
    )
    alarms = await filed_alarms(
        connection, [due.rule], since=since, until=at, limit=MOST_ALARMS
    )
    of_device = [each for each in alarms if each.device_id == due.device_id]
    for difference in found:
        new = _correction(plan, due, difference, of_device, at)
        if new is not None and await insert_correction(connection, new):
            await _show(connection, new)


async def _is_gone(connection: Connection, plan: Plan, since: datetime) -> bool:
    """Tell whether what is stored of a stretch has been dropped in part."""
    moves = any(subject.kind is DeviceKind.VEHICLE for subject in plan.subjects)
    whole_from = [
        await kept_from(connection, what)
        for what in (What.READINGS, What.POSITIONS)
        if what is What.READINGS or moves
    ]
    return any(at is not None and since < at for at in whole_from)


def _too_old(plan: Plan, due: Due, at: datetime) -> NewCorrection:
    """Return that late samples cannot be judged any more."""
    log.warning("correction: %s on device %d: too old", due.rule, due.device_id)
    return NewCorrection(
        kind=Kind.CANNOT_JUDGE,
        rule=due.rule,
        rule_version=plan.rules[0].version,
        device_id=due.device_id,
        alarm_id=None,
        case_id=None,
        measured_at=min(due.measured_at),
        cleared_at=None,
        severity="",
        value=None,
        late_at=sorted(due.measured_at),
        found_at=at,
    )


def _stretch(
    plan: Plan, slot: int, due: Due, at: datetime
) -> tuple[datetime, datetime]:
    slots = plan.slots
    delays_us = int(slots.on_us[slot] + slots.off_us[slot] + 3 * slots.gap_us[slot])
    around = timedelta(microseconds=min(delays_us, 86_400_000_000))
    back = LOOK_BACK if slots.measure[slot] == VALUE else LOOK_BACK_MEASURED
    first, last = min(due.measured_at), max(due.measured_at)
    since = max(first, last - LONGEST) - back - around
    late = timedelta(microseconds=plan.lanes[slots.lane[slot]].late_us)
    return since, min(last + LOOK_BACK + around, at) + late + timedelta(minutes=1)


def _correction(
    plan: Plan,
    due: Due,
    difference: Difference,
    alarms: list[FiledAlarm],
    at: datetime,
) -> NewCorrection | None:
    """Return what is to be said; None where no such thing had been decided."""
    span = difference.now or difference.before
    if span is None:
        raise AssertionError("a difference between nothing and nothing")
    alarm, kind = _alarm_of(difference.before or span, alarms), difference.kind
    if alarm is None and kind is Kind.OTHER_TIME:
        alarm, span = _stood(span, difference.before, alarms)
    if kind is Kind.WOULD_HAVE_RAISED and alarm is not None:
        return None  # it was raised: the engine knew more than is stored
    if kind is not Kind.WOULD_HAVE_RAISED and alarm is None:
        return None  # it was not decided so
    is_over = span.cleared_us != OPEN_US
    return NewCorrection(
        kind=kind,
        rule=due.rule,
        rule_version=plan.rules[0].version,
        device_id=due.device_id,
        alarm_id=None if alarm is None else alarm.id,
        case_id=None if alarm is None else alarm.case_id,
        measured_at=datetime_from_us(span.raised_us),
        cleared_at=datetime_from_us(span.cleared_us) if is_over else None,
        severity=span.severity,
        value=span.value,
        late_at=sorted(due.measured_at),
        found_at=at,
    )


def _alarm_of(span: Span, alarms: list[FiledAlarm]) -> FiledAlarm | None:
    """Return the real alarm that a sample raised."""
    at = datetime_from_us(span.raised_us)
    return next((alarm for alarm in alarms if alarm.measured_at == at), None)


def _stood(
    now: Span, before: Span | None, alarms: list[FiledAlarm]
) -> tuple[FiledAlarm | None, Span]:
    """Return the real alarm that stood before we looked, and since when it would have.

    Judged again, it begins where the stretch does: with the late samples and without.
    """
    at = datetime_from_us(now.raised_us)
    if before is None or before.raised_us != now.raised_us:
        return None, now
    for alarm in alarms:
        if alarm.measured_at < at and (
            alarm.cleared_at is None or alarm.cleared_at > at
        ):
            raised_us = us_from_datetime(alarm.measured_at)
            value = now.value if alarm.value is None else alarm.value
            return alarm, replace(now, raised_us=raised_us, value=value)
    return None, now


async def _show(connection: Connection, new: NewCorrection) -> None:
    log.info("correction: %s %s on device %d", new.kind, new.rule, new.device_id)
    if new.case_id is not None:
        body = orjson.dumps(new, option=orjson.OPT_UTC_Z)
        await insert_evidence(
            connection, new.case_id, kind="correction", at=new.found_at, body=body
        )
