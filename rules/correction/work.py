"""Look at late samples, a few at a time, beside the fold and never in its way."""

import asyncio
import logging
import random
from datetime import datetime, timedelta

import asyncpg
import numpy as np

from devices.registry.snapshot import load_snapshot
from rules.bundle.part import part_of
from rules.correction.looking import MICROSECOND, look_again
from rules.correction.reach import Reach
from rules.engine.folded import LateSample
from rules.measures import VALUE
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import LIVE, PlanSource
from rules.worker.halting import BrokenPartError
from rules.worker.halting import part_of as sheltered
from rules.worker.present import current_source
from store.alarms.corrections import Due, LateTime, end_due, first_due, note_late
from store.connection import AWAY, Connection
from store.rules.faults import FaultKind, NewFault, note_faults
from tasks.attempt import attempt
from vocabulary.times import datetime_from_us

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

DAY = timedelta(days=1)
"""So far back are late samples looked at again that meet those that are new."""

_HEAD = "SELECT seq, received_at FROM journal_head WHERE shard = $1"


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
            await attempt(_work(dsn, time_zone, shard))
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

    On which a rule breaks are left out, with a fault that says so.

    Args:
        connection: In no transaction.
        time_zone: The city's IANA zone.
        shard: Whose clock it goes by.
    """
    async with connection.transaction():
        head = await connection.fetchrow(_HEAD, shard)
        due = None if head is None else await first_due(connection, head["received_at"])
        if head is None or due is None:
            return False
        at: datetime = head["received_at"]
        snapshot = await load_snapshot(connection)
        source = await current_source(connection, snapshot, at=at, time_zone=time_zone)
        version = _live_version(source, due)
        try:
            if version is not None:
                async with sheltered(connection):
                    await _correct(connection, due, source, version, at)
        except BrokenPartError as broken:
            fault = NewFault(
                what=FaultKind.RULE,
                reason=f"late samples: {broken.reason}",
                seq=head["seq"],
                at=at,
                rule=due.rule,
                rule_version=version or 0,
            )
            await note_faults(connection, [fault], shard=shard)
        await end_due(connection, due, due_at=at + WAIT)
    return True


def _live_version(source: PlanSource, due: Due) -> int | None:
    """Return the live version of a rule; None if it judges no longer."""
    versions = [
        text.version
        for text in source.rules
        if text.code == due.rule and text.stage == LIVE
    ]
    return versions[-1] if versions else None


async def _correct(
    connection: Connection, due: Due, source: PlanSource, version: int, at: datetime
) -> None:
    part = part_of(source, rule=due.rule, version=version, device_id=due.device_id)
    plan = compile_plan(part)
    slots = np.flatnonzero(
        [plan.subjects[s].device_id == due.device_id for s in plan.slots.subject]
    )
    if not len(slots):
        return
    reach = _reach(plan, int(slots[0]), due)
    await look_again(connection, plan, due, reach, at)


def _reach(plan: Plan, slot: int, due: Due) -> Reach:
    """Return how far late samples of a slot reach."""
    slots = plan.slots
    delays_us = int(slots.on_us[slot] + slots.off_us[slot] + 3 * slots.gap_us[slot])
    around_us = min(delays_us, DAY // MICROSECOND)
    back = LOOK_BACK if slots.measure[slot] == VALUE else LOOK_BACK_MEASURED
    lateness_us = plan.lanes[slots.lane[slot]].late_us
    after = LOOK_BACK + timedelta(minutes=1)
    lasts = max(due.measured_at) - min(due.measured_at)
    return Reach(
        before_us=back // MICROSECOND + around_us,
        after_us=after // MICROSECOND + around_us + lateness_us,
        most_us=min(lasts + DAY, LONGEST) // MICROSECOND,
    )
