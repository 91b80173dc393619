"""Counting nights: once a minute of the journal's clock, how every circuit is lit.

What is counted is small: one row a cabinet and night. A minute in which nobody looked
counts for nothing, and `watched_s` says how many did.
"""

import asyncio
import logging
import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import numpy as np

from devices.lighting_now import LightingNow, lighting_now
from store.connection import AWAY, Connection
from store.registry.facts import lamp_programmes
from store.registry.lamp_nights import NightLook, add_looks, newest_look
from store.registry.lighting import CabinetRow, cabinets, journal_time, lamps
from tasks.attempt import attempt
from vocabulary.times import us_from_datetime

log = logging.getLogger(__name__)

EVERY_S = 60.0
"""Journal time between two looks."""

LONGEST_S = 2 * EVERY_S
"""A look counts for no longer than this: before, nobody looked."""

POLL_S = 5.0
"""How often the journal's clock is looked at."""

NIGHTS_LOCK = int.from_bytes(b"nights")
"""Advisory lock of the one process that counts."""

NOON = timedelta(hours=12)
"""A night runs from noon to noon."""


async def count_nights(dsn: str, *, time_zone: str) -> None:
    """Count nights until cancelled. Several may run; one counts.

    Args:
        dsn: The database; it may come and go.
        time_zone: The city's IANA zone.
    """
    while True:
        try:
            await attempt(_count_while_connected(dsn, ZoneInfo(time_zone)))
        except AWAY as error:
            log.warning("nights: the database is away: %s", error)
        await asyncio.sleep(POLL_S * random.uniform(0.5, 1.5))  # noqa: S311 not a secret


async def look(connection: Connection, *, zone: ZoneInfo) -> bool:
    """Count up to the journal's clock if a look is due; tell whether it was.

    Args:
        connection: Not in a transaction.
        zone: The city's.
    """
    at = await journal_time(connection)
    before = await newest_look(connection)
    since_s = EVERY_S if before is None else (at - before).total_seconds()
    if since_s < EVERY_S:
        return False
    found = await cabinets(connection)
    now = lighting_now(
        await lamps(connection),
        found,
        {one.code: one for one in await lamp_programmes(connection)},
        at_us=us_from_datetime(at),
        zone=zone,
    )
    async with connection.transaction():
        looks = looks_of(now, found, night_of(at, zone))
        await add_looks(connection, looks, at=at, step_s=min(since_s, LONGEST_S))
    return True


def night_of(at: datetime, zone: ZoneInfo) -> date:
    """Return the day on which the night began that a moment is of."""
    return (at.astimezone(zone).replace(tzinfo=None) - NOON).date()


def looks_of(
    now: LightingNow, found: Sequence[CabinetRow], night: date
) -> list[NightLook]:
    """Return what one look adds to the night of each cabinet."""
    groups = now.group(np.array([lamp.cabinet_id for lamp in now.lamps], np.int64))
    return [
        NightLook(
            cabinet_id=cabinet.id,
            night=night,
            should=group.rate.should if group else 0,
            lit=group.rate.lit_low if group else 0,
            unheard=group.unheard if group else 0,
            burning=group.rate.burning if group else 0,
            is_closed=None
            if cabinet.contactor_on is None
            else cabinet.contactor_on > 0,
            energy_kwh=cabinet.energy_kwh,
        )
        for cabinet in found
        for group in [groups.get(cabinet.id)]
    ]


async def _count_while_connected(dsn: str, zone: ZoneInfo) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", NIGHTS_LOCK)
        while not connection.is_closed():
            await look(connection, zone=zone)
            await asyncio.sleep(POLL_S)
    finally:
        connection.terminate()
