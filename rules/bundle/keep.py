"""Copy what alarms of cases were decided on out of the journal, before that is dropped.

Beside the fold and never in its way: the worker only notes that an alarm was raised.
Once the journal has gone far enough each bundle is made and kept, once, in one
transaction with the note; a process that is killed in between begins it again.
"""

import asyncio
import logging
import random
from datetime import datetime, timedelta

import asyncpg

from rules.bundle.bundle import bundle_from, seen_from
from rules.bundle.chain import BundleError, opened
from rules.bundle.make import Made, NoBundleError, decided_in, make_bundle
from rules.bundle.reach import AFTER, MOST_OCTETS
from rules.triage.desk import Handling
from rules.worker.halting import BrokenPartError, part_of
from rules.worker.resume import CONSUMER
from store.alarms.explained import AlarmFacts, alarm_facts
from store.cases.bundles import (
    BundleDue,
    forget_due,
    give_to_case,
    is_due,
    keep_bundle,
    kept_bundle,
    put_off,
    take_bundle_due,
)
from store.connection import AWAY, Connection
from tasks.attempt import attempt

log = logging.getLogger(__name__)

PAUSE_S = 5.0
"""About how long there is nothing to do until the next look."""

YIELD_S = 0.2
"""Pause between two bundles: the fold comes first."""

FIRST_WAIT = timedelta(minutes=1)
"""Journal time until a bundle is tried again; each time twice as long."""

MOST_TRIES = 5
"""So often a bundle is tried that comes to another decision, to none, or breaks."""

EARLY = timedelta(days=1)
"""An alarm that has stood for so long without a case has its bundle kept before there
is one: the journal would not wait for it."""

KEPT_BACK = (Handling.WAITING, Handling.MAINTENANCE, Handling.UNSTABLE)
"""Handlings of standing alarms that may still get a case."""

TOO_LARGE = f"the bundle is larger than {MOST_OCTETS // 2**20} MiB"


async def run_bundles(dsn: str, *, time_zone: str, shard: int = 0) -> None:
    """Keep bundles until cancelled; outlives the database."""
    while True:
        try:
            await attempt(_work(dsn, time_zone, shard))
        except AWAY as error:
            log.warning("bundles: the database is away: %s", error)
        await asyncio.sleep(PAUSE_S * random.uniform(0.5, 1.0))  # noqa: S311 not a secret


async def _work(dsn: str, time_zone: str, shard: int) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        while True:
            found = await keep_one(connection, time_zone=time_zone, shard=shard)
            await asyncio.sleep(YIELD_S if found else PAUSE_S)
    finally:
        connection.terminate()


async def keep_one(connection: Connection, *, time_zone: str, shard: int = 0) -> bool:
    """Keep the bundle that has waited longest; tell whether one was due.

    Args:
        connection: In no transaction.
        time_zone: The city's IANA zone.
        shard: Whose clock it goes by.
    """
    async with connection.transaction():
        at = await _now(connection, shard)
        due = None if at is None else await take_bundle_due(connection, at)
        if due is None or at is None:
            return False
        try:
            async with part_of(connection):
                if await _wants_one(connection, due, at):
                    await _keep(connection, due, at, time_zone=time_zone, shard=shard)
        except BrokenPartError as broken:
            await _keep_none(connection, due, at, broken.reason)
    return True


async def _now(connection: Connection, shard: int) -> datetime | None:
    """Return the time of the entry that the worker has come to."""
    found: datetime | None = await connection.fetchval(
        "SELECT j.received_at FROM journal j JOIN cursor c ON c.shard = j.shard"
        " AND c.seq = j.seq WHERE c.consumer = $1 AND j.shard = $2",
        CONSUMER,
        shard,
    )
    return found


async def _wants_one(connection: Connection, due: BundleDue, at: datetime) -> bool:
    """Tell whether a bundle is to be made now; if not, note what is to be done."""
    if due.case_id is None:
        return await _is_kept_back(connection, due, at)
    if await give_to_case(connection, due.alarm_id, due.case_id):
        await forget_due(connection, due.alarm_id)
        return False
    return not await _is_in_its_lead_s(connection, due, at)


async def _is_kept_back(connection: Connection, due: BundleDue, at: datetime) -> bool:
    """Tell whether an alarm without a case has waited so long that it wants one.

    What may still get a case is looked at again later; the others are forgotten.
    """
    if not (due.stands and due.handling in KEPT_BACK):
        await forget_due(connection, due.alarm_id)
        return False
    is_old = at - due.raised_at >= EARLY
    if is_old and await kept_bundle(connection, due.alarm_id) is None:
        return True
    await put_off(connection, due.alarm_id, due_at=at + AFTER, tries=0)
    return False


async def _is_in_its_lead_s(
    connection: Connection, due: BundleDue, at: datetime
) -> bool:
    """Tell whether a member needs no bundle of its own, and note what is to be done.

    Its group's or storm's holds its samples; where that one was too large to be kept,
    those of its members would be no smaller.
    """
    if due.handling not in (Handling.MEMBER, Handling.STORM) or due.lead_id is None:
        return False
    lead = await kept_bundle(connection, due.lead_id)
    if lead is None:
        if not await is_due(connection, due.lead_id):
            return False
        await put_off(connection, due.alarm_id, due_at=at + AFTER, tries=due.tries)
        return True
    alarm = await alarm_facts(connection, due.alarm_id)
    if lead.octets and alarm is not None and not _holds(lead.octets, alarm):
        return False
    await forget_due(connection, due.alarm_id)
    return True


def _holds(octets: bytes, alarm: AlarmFacts) -> bool:
    """Tell whether the bundle of a group or storm, as kept, explains a member too."""
    try:
        bundle, _ = bundle_from(octets)
    except BundleError:
        return False  # another release's
    return seen_from(bundle, decided_in(alarm)) is not None


async def _keep(
    connection: Connection,
    due: BundleDue,
    at: datetime,
    *,
    time_zone: str,
    shard: int,
) -> None:
    """Make a bundle and keep it, or try again later."""
    made, why_not = await _made(connection, due.alarm_id, time_zone, shard)
    if made is None:
        await _keep_none(connection, due, at, why_not)
        return
    if not made.replayed.is_same and due.tries + 1 < MOST_TRIES:
        await _try_again(connection, due, at)
        return
    octets = made.bundle.octets()
    if len(octets) > MOST_OCTETS:
        octets, why_not = b"", TOO_LARGE
    await _write(connection, due, at, octets=octets, why_not=why_not)
    if why_not or not made.replayed.is_same:
        log.warning("bundles: alarm %d: %s", due.alarm_id, why_not or "not the same")


async def _keep_none(
    connection: Connection, due: BundleDue, at: datetime, why_not: str
) -> None:
    """Try again later to make a bundle; after the last try keep why there is none."""
    if due.tries + 1 < MOST_TRIES:
        await _try_again(connection, due, at)
        return
    await _write(connection, due, at, octets=b"", why_not=why_not)
    log.warning("bundles: alarm %d: %s", due.alarm_id, why_not)


async def _try_again(connection: Connection, due: BundleDue, at: datetime) -> None:
    due_at = at + FIRST_WAIT * 2**due.tries
    await put_off(connection, due.alarm_id, due_at=due_at, tries=due.tries + 1)


async def _write(
    connection: Connection, due: BundleDue, at: datetime, *, octets: bytes, why_not: str
) -> None:
    await keep_bundle(
        connection,
        due.alarm_id,
        due.case_id,
        made_at=at,
        total=opened(octets)[1].total if octets else None,
        octets=octets,
        why_not=why_not,
    )
    if due.case_id is None:
        await put_off(connection, due.alarm_id, due_at=at + AFTER, tries=0)
    else:
        await forget_due(connection, due.alarm_id)


async def _made(
    connection: Connection, alarm_id: int, time_zone: str, shard: int
) -> tuple[Made | None, str]:
    """Return a bundle, or why there is none."""
    alarm = await alarm_facts(connection, alarm_id)
    if alarm is None:
        return None, "the alarm is gone"
    try:
        made = await make_bundle(connection, alarm, time_zone=time_zone, shard=shard)
    except (NoBundleError, BundleError) as error:
        return None, str(error)
    return made, ""
