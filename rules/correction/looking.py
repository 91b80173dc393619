"""A look at late samples: what is stored is judged again, what comes of it written."""

import asyncio
import logging
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from rules.backtest.sources import words_of
from rules.correction.again import changed_by
from rules.correction.against import corrections_of
from rules.correction.gone import is_gone, too_old
from rules.correction.reach import Held, Look, Reach, looks_at, looks_on
from rules.correction.spans import OPEN_US, Difference
from rules.correction.standing import settled
from rules.plan.plan import Plan
from store.alarms.correction_standing import (
    Standing,
    Superseded,
    known_late,
    new_ids,
    remember_late,
    standing_corrections,
    supersede,
)
from store.alarms.corrections import Due, NewCorrection, insert_correction
from store.alarms.evidence import insert_evidence
from store.commands.stored import stored_moves
from store.connection import Connection
from store.rules.backtest_read import filed_alarms
from store.telemetry.stored import stored_positions, stored_readings
from vocabulary.times import datetime_from_us, us_from_datetime

log = logging.getLogger(__name__)

MICROSECOND = timedelta(microseconds=1)

MOST_ALARMS = 1000
"""Real alarms of the rule on the device that a stretch is compared with."""

REMEMBERED = timedelta(days=30)
"""So long late samples are known as such; those of corrections that stand, longer."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is looked at, by which plan, and when."""

    plan: Plan
    due: Due
    at: datetime


async def look_again(
    connection: Connection, plan: Plan, due: Due, reach: Reach, at: datetime
) -> None:
    """Say what late samples change, and which corrections they make untrue.

    Args:
        connection: In the transaction that took what is due.
        plan: Of one rule, and what its device hangs from.
        due: The late samples.
        reach: How far each reaches.
        at: Journal time.
    """
    at_us = us_from_datetime(at)
    due_us = {us_from_datetime(each) for each in due.measured_at}
    back = timedelta(microseconds=reach.most_us + 2 * reach.before_us)
    since = min(due.measured_at) - back
    known = await known_late(connection, due.rule, due.device_id, since, at)
    known_us = {us_from_datetime(each) for each in known}
    standing = await standing_corrections(
        connection, due.rule, due.device_id, since, at
    )
    held = [_held(one) for one in standing]
    asked = _Asked(plan, due, at)
    for look in looks_at(due_us, known_us, held, reach, at_us=at_us):
        if await is_gone(connection, plan, datetime_from_us(look.since_us)):
            await _give_up(connection, asked, look, due_us)
            continue
        seen, found = look, await _changed(connection, asked, look)
        while any(map(_is_open, found)):
            further = looks_on(seen, due_us | known_us, reach, at_us=at_us)
            if further is None:
                break
            seen, found = further, await _changed(connection, asked, further)
        await _write(connection, asked, seen, found)
    await remember_late(
        connection,
        due.rule,
        due.device_id,
        due.measured_at,
        keep_since=at - REMEMBERED,
    )


async def _give_up(
    connection: Connection, asked: _Asked, look: Look, due_us: AbstractSet[int]
) -> None:
    """Say that nobody can tell any more; what stands, stands."""
    late_at = [datetime_from_us(each) for each in look.late_us if each in due_us]
    (number,) = await new_ids(connection, 1)
    new = too_old(asked.plan, asked.due, late_at, asked.at)
    await insert_correction(connection, number, new)


def _held(one: Standing) -> Held:
    return Held(
        [us_from_datetime(each) for each in one.late_at],
        us_from_datetime(one.measured_at),
        None if one.cleared_at is None else us_from_datetime(one.cleared_at),
    )


def _is_open(difference: Difference) -> bool:
    """Tell whether nobody knows yet when an alarm ends."""
    spans = difference.now, difference.before
    return any(span is not None and span.cleared_us == OPEN_US for span in spans)


async def _changed(
    connection: Connection, asked: _Asked, look: Look
) -> list[Difference]:
    """Return what the late samples of a look change."""
    plan = asked.plan
    since, until = datetime_from_us(look.since_us), datetime_from_us(look.until_us)
    series = [i for s in plan.subjects for i in s.series.values()]
    devices = [subject.device_id for subject in plan.subjects]
    # The worker runs on this loop as well, and is not to wait for a week judged twice.
    return await asyncio.to_thread(
        changed_by,
        plan,
        await stored_readings(connection, since, until, series=series),
        await stored_positions(connection, since, until, devices=devices),
        words_of(await stored_moves(connection, since, until, devices=devices)),
        late_us=set(look.late_us),
        device_id=asked.due.device_id,
        stretch=(look.since_us, look.until_us),
    )


async def _write(
    connection: Connection,
    asked: _Asked,
    look: Look,
    differences: Sequence[Difference],
) -> None:
    due, at, since = asked.due, asked.at, datetime_from_us(look.since_us)
    alarms = await filed_alarms(
        connection,
        [due.rule],
        since=since,
        until=at,
        limit=MOST_ALARMS,
        device_id=due.device_id,
    )
    found = corrections_of(
        differences,
        alarms,
        rule=asked.plan.rules[0],
        device_id=due.device_id,
        late_at=[datetime_from_us(each) for each in look.late_us],
        at=at,
    )
    said = {(one.kind, one.measured_at): one for one in found}
    standing = await standing_corrections(
        connection, due.rule, due.device_id, since, at
    )
    # What would be said twice is settled with the rest, wherever it came from.
    owned = [
        one
        for one in standing
        if look.owns(_held(one)) or (one.kind, one.measured_at) in said
    ]
    await _settle(connection, owned, list(said.values()), asked)


async def _settle(
    connection: Connection,
    standing: Sequence[Standing],
    found: Sequence[NewCorrection],
    asked: _Asked,
) -> None:
    """Write what is new, and that what is untrue stands no longer."""
    comes = settled(standing, found)
    ids = {place: standing[was].id for place, was in comes.stays.items()}
    ids |= zip(comes.new, await new_ids(connection, len(comes.new)), strict=True)
    gone = [
        Superseded(
            id=standing[one.place].id,
            why=one.why,
            by=None if one.by is None else ids[one.by],
            at=asked.at,
            late_at=sorted(asked.due.measured_at),
        )
        for one in comes.gone
    ]
    await supersede(connection, gone)
    for place in comes.new:
        await insert_correction(connection, ids[place], found[place])
        await _show_new(connection, found[place])
    for one, how in zip(comes.gone, gone, strict=True):
        await _show_gone(connection, standing[one.place], how)


async def _show_new(connection: Connection, new: NewCorrection) -> None:
    log.info("correction: %s %s on device %d", new.kind, new.rule, new.device_id)
    if new.case_id is not None:
        body = orjson.dumps(new, option=orjson.OPT_UTC_Z)
        await insert_evidence(
            connection, new.case_id, kind="correction", at=new.found_at, body=body
        )


async def _show_gone(connection: Connection, one: Standing, how: Superseded) -> None:
    log.info("correction %d is %s", one.id, how.why)
    if one.case_id is not None:
        body = orjson.dumps({"untrue": one, "how": how}, option=orjson.OPT_UTC_Z)
        await insert_evidence(
            connection, one.case_id, kind="correction", at=how.at, body=body
        )
