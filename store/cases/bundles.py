"""Bundles of cases: asked for when an alarm is raised, made once, kept for good."""

import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleDue:
    """An alarm whose bundle may be made by now.

    Attributes:
        alarm_id: `alarm.id`.
        raised_at: Journal time when it was raised.
        tries: How often that has failed.
        case_id: Its case; None if it has none yet.
        handling: What has become of it so far.
        stands: Whether it has not cleared.
        lead_id: The alarm of the group or storm it belongs to.
    """

    alarm_id: int
    raised_at: datetime
    tries: int
    case_id: int | None
    handling: str
    stands: bool
    lead_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBundle:
    """A bundle as it is kept.

    Attributes:
        made_at: Journal time.
        octets: The bundle; empty if none could be made.
        why_not: Why none could be; empty if there is one.
    """

    made_at: datetime
    octets: bytes
    why_not: str


_TAKE = """
SELECT d.alarm_id, a.raised_at, d.tries, a.case_id, a.handling,
    a.cleared_seq IS NULL AS stands, a.lead_id
FROM bundle_due d JOIN alarm a ON a.id = d.alarm_id
WHERE d.due_at <= $1
ORDER BY d.due_at, d.alarm_id LIMIT 1 FOR UPDATE OF d SKIP LOCKED
"""


async def ask_for_bundles(
    connection: Connection, alarm_ids: Collection[int], *, after: timedelta
) -> None:
    """Ask for the bundles of alarms that have just been raised.

    Args:
        connection: In the transaction that raises them, after their handling is known.
        alarm_ids: Which; those that can never file are left out.
        after: So long after it was raised all that belongs in is there.
    """
    await connection.execute(
        "INSERT INTO bundle_due (alarm_id, due_at) SELECT id, raised_at + $2 FROM alarm"
        " WHERE id = ANY($1) AND handling NOT IN ('shadow', 'noted')"
        " ON CONFLICT DO NOTHING",
        list(alarm_ids),
        after,
    )


async def take_bundle_due(connection: Connection, at: datetime) -> BundleDue | None:
    """Return the alarm that has waited longest, and hold it until the commit."""
    row = await connection.fetchrow(_TAKE, at)
    return None if row is None else BundleDue(**row)


async def is_due(connection: Connection, alarm_id: int) -> bool:
    """Tell whether the bundle of an alarm is still to be made."""
    query = "SELECT EXISTS (SELECT FROM bundle_due WHERE alarm_id = $1)"
    return bool(await connection.fetchval(query, alarm_id))


async def put_off(
    connection: Connection, alarm_id: int, *, due_at: datetime, tries: int
) -> None:
    """Look at an alarm again later."""
    await connection.execute(
        "UPDATE bundle_due SET due_at = $2, tries = $3 WHERE alarm_id = $1",
        alarm_id,
        due_at,
        tries,
    )


async def forget_due(connection: Connection, alarm_id: int) -> None:
    """Nothing is to be made of an alarm any more; what no case came of goes."""
    await connection.execute("DELETE FROM bundle_due WHERE alarm_id = $1", alarm_id)
    await connection.execute(
        "DELETE FROM bundle WHERE alarm_id = $1 AND case_id IS NULL", alarm_id
    )


async def give_to_case(connection: Connection, alarm_id: int, case_id: int) -> bool:
    """Let a bundle that was kept before there was a case be its; tell if there is."""
    tag = await connection.execute(
        "UPDATE bundle SET case_id = $2 WHERE alarm_id = $1 AND case_id IS NULL",
        alarm_id,
        case_id,
    )
    return bool(tag == "UPDATE 1")


async def keep_bundle(
    connection: Connection,
    alarm_id: int,
    case_id: int | None,
    *,
    made_at: datetime,
    total: str | None,
    octets: bytes,
    why_not: str,
) -> None:
    """Keep the bundle of an alarm, or why there is none; the first one stays."""
    await connection.execute(
        "INSERT INTO bundle (alarm_id, case_id, made_at, total, octets, why_not)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        alarm_id,
        case_id,
        made_at,
        total,
        zlib.compress(octets) if octets else None,
        why_not,
    )


async def kept_bundle(connection: Connection, alarm_id: int) -> KeptBundle | None:
    """Return what is kept of an alarm; None if nothing is."""
    row = await connection.fetchrow(
        "SELECT made_at, octets, why_not FROM bundle WHERE alarm_id = $1", alarm_id
    )
    if row is None:
        return None
    octets = b"" if row["octets"] is None else zlib.decompress(row["octets"])
    return KeptBundle(made_at=row["made_at"], octets=octets, why_not=row["why_not"])
