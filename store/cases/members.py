"""Members of groups and storms as they join and leave; cases that come and go."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """One device of a group or storm.

    Attributes:
        device_id: `device.id`.
        alarm_id: Its alarm; 0 where none speaks for it.
        state: bad or unknown.
        has_own: Whether it was filed alone.
    """

    device_id: int
    alarm_id: int
    state: str
    has_own: bool


_INSERT = """
INSERT INTO case_member (case_id, device_id, alarm_id, state, has_own, joined_at)
SELECT $1, device_id, alarm_id, state, has_own, $6
FROM unnest($2::integer[], $3::bigint[], $4::text[], $5::boolean[])
     AS n (device_id, alarm_id, state, has_own)
ON CONFLICT (case_id, device_id, alarm_id) DO UPDATE
    SET has_own = case_member.has_own OR excluded.has_own, left_at = NULL
"""

# An alarm that speaks for a device takes the place of the row that said nobody does.
_SPEAKS = """
DELETE FROM case_member m USING unnest($2::integer[], $3::bigint[]) AS n (device, alarm)
WHERE m.case_id = $1 AND m.device_id = n.device AND m.alarm_id = 0 AND n.alarm <> 0
"""


async def insert_members(
    connection: Connection, case_id: int, members: Iterable[NewMember], *, at: datetime
) -> None:
    """Add members to a case; one that is there already stays as it is."""
    told = list(members)
    spoken_for = {member.device_id for member in told if member.alarm_id}
    rows = [m for m in told if m.alarm_id or m.device_id not in spoken_for]
    devices = [member.device_id for member in rows]
    alarms = [member.alarm_id for member in rows]
    await connection.execute(_SPEAKS, case_id, devices, alarms)
    await connection.execute(
        _INSERT,
        case_id,
        devices,
        alarms,
        [member.state for member in rows],
        [member.has_own for member in rows],
        at,
    )


async def leave_all(connection: Connection, alarm_id: int, at: datetime) -> None:
    """Write down that a member's alarm has cleared."""
    await connection.execute(
        "UPDATE case_member SET left_at = $2 WHERE alarm_id = $1 AND left_at IS NULL",
        alarm_id,
        at,
    )


async def link_alarms(
    connection: Connection,
    alarms: Iterable[tuple[int, bool]],
    *,
    case_id: int,
    lead_id: int,
) -> None:
    """Say what alarms belong to; one with a case of its own keeps that.

    Args:
        connection: Any.
        alarms: The id of each, and whether it has a case of its own.
        case_id: The case of the group or storm.
        lead_id: The alarm that this stands by.
    """
    rows = list(alarms)
    await connection.execute(
        "UPDATE alarm SET lead_id = $3,"
        " case_id = CASE WHEN n.has_own THEN alarm.case_id ELSE $4 END"
        " FROM unnest($1::bigint[], $2::boolean[]) AS n (id, has_own)"
        " WHERE alarm.id = n.id",
        [row[0] for row in rows],
        [row[1] for row in rows],
        lead_id,
        case_id,
    )


async def set_parent(connection: Connection, alarm_id: int, case_id: int) -> None:
    """Say that the case of an alarm turned out to be part of another one."""
    await connection.execute(
        "UPDATE case_file SET parent_id = $2 WHERE id <> $2 AND closed_at IS NULL"
        " AND id = (SELECT case_id FROM alarm WHERE id = $1)",
        alarm_id,
        case_id,
    )


async def set_shape(connection: Connection, case_id: int, shape: str) -> None:
    """Say that a case filed for one alarm has become a group's or a storm's."""
    await connection.execute(
        "UPDATE case_file SET shape = $2 WHERE id = $1 AND shape = 'single'",
        case_id,
        shape,
    )


async def set_unstable(
    connection: Connection, case_id: int, since: datetime | None
) -> None:
    """Say since when the alarm of a case comes and goes; None once it has settled."""
    await connection.execute(
        "UPDATE case_file SET unstable_since ="
        " CASE WHEN $2::timestamptz IS NULL THEN NULL"
        " ELSE coalesce(unstable_since, $2) END WHERE id = $1",
        case_id,
        since,
    )


async def count_quiet_hit(connection: Connection, case_id: int, at: datetime) -> None:
    """Count a hit that nobody is told of."""
    await connection.execute(
        "UPDATE case_file SET quiet_hits = quiet_hits + 1, recovered_at = NULL,"
        " last_hit_at = greatest(last_hit_at, $2) WHERE id = $1",
        case_id,
        at,
    )


async def own_case(connection: Connection, alarm_id: int, case_id: int) -> None:
    """Say that a member has a case of its own, which is part of what it is of."""
    parent_id: int | None = await connection.fetchval(
        "UPDATE case_member SET has_own = true"
        " WHERE alarm_id = $1 AND case_id <> $2 AND left_at IS NULL RETURNING case_id",
        alarm_id,
        case_id,
    )
    if parent_id is not None:
        await set_parent(connection, alarm_id, parent_id)
