"""What a group's or a storm's case is made of: each device once, with its alarms."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberAlarm:
    """One alarm by which a device is a member.

    Attributes:
        alarm_id: `alarm.id`.
        rule: Code of the rule that raised it.
        severity: How bad it is.
        state: What it says of the device: bad or unknown.
        has_own: Whether it was filed alone as well.
        case_id: The case it belongs to.
        joined_at: When it joined, by the journal.
        left_at: When it cleared; None while it stands.
        reason_zh: 为什么.
        reason_en: Why.
    """

    alarm_id: int
    rule: str
    severity: str
    state: str
    has_own: bool
    case_id: int | None
    joined_at: datetime
    left_at: datetime | None
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    """One device of a group or a storm.

    Attributes:
        device_id: `device.id`.
        device_code: Its code.
        state: bad or unknown; bad if any of its alarms that stand says so.
        has_own: Whether any of its alarms was filed alone as well.
        case_id: The case of that alarm; else that of its first.
        joined_at: When it became a member, by the journal.
        left_at: When the last of its alarms cleared; None while any stands.
        alarms: Its alarms, in their order; none where nobody speaks for it.
    """

    device_id: int
    device_code: str
    state: str
    has_own: bool
    case_id: int | None
    joined_at: datetime
    left_at: datetime | None
    alarms: Sequence[MemberAlarm]


_MEMBERS = """
SELECT m.device_id, d.code AS device_code, m.state, m.has_own, a.case_id, m.joined_at,
    m.left_at, a.id AS alarm_id, a.rule, a.severity, a.reason_zh, a.reason_en
FROM case_member m
JOIN device d ON d.id = m.device_id
LEFT JOIN alarm a ON a.id = m.alarm_id
WHERE m.case_id = $1 AND m.device_id IN (
    SELECT DISTINCT device_id FROM case_member
    WHERE case_id = $1 AND device_id > $2 ORDER BY device_id LIMIT $3)
ORDER BY m.device_id, m.alarm_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    device_id: int
    device_code: str
    state: str
    has_own: bool
    case_id: int | None
    joined_at: datetime
    left_at: datetime | None
    alarm_id: int | None
    rule: str | None
    severity: str | None
    reason_zh: str | None
    reason_en: str | None


async def members_of(
    connection: Connection, case_id: int, *, after: int, limit: int
) -> list[MemberRow]:
    """Return devices of a case in the order of their ids.

    Args:
        connection: Any.
        case_id: `case_file.id`.
        after: The last device known; 0 for none.
        limit: Most devices.
    """
    rows = await connection.fetch(_MEMBERS, case_id, after, limit)
    found = [_Found(**row) for row in rows]
    return [
        _member(list(of_one)) for _, of_one in groupby(found, lambda row: row.device_id)
    ]


def _member(rows: Sequence[_Found]) -> MemberRow:
    standing = [row for row in rows if row.left_at is None]
    states = {row.state for row in standing or rows}
    left = [row.left_at for row in rows if row.left_at is not None]
    own = next((row for row in rows if row.has_own), rows[0])
    return MemberRow(
        device_id=own.device_id,
        device_code=own.device_code,
        state="bad" if "bad" in states else "unknown",
        has_own=own.has_own,
        case_id=own.case_id,
        joined_at=min(row.joined_at for row in rows),
        left_at=None if standing else max(left),
        alarms=[alarm for row in rows if (alarm := _alarm(row)) is not None],
    )


def _alarm(row: _Found) -> MemberAlarm | None:
    if row.alarm_id is None:
        return None
    return MemberAlarm(
        alarm_id=row.alarm_id,
        rule=row.rule or "",
        severity=row.severity or "",
        state=row.state,
        has_own=row.has_own,
        case_id=row.case_id,
        joined_at=row.joined_at,
        left_at=row.left_at,
        reason_zh=row.reason_zh or "",
        reason_en=row.reason_en or "",
    )
