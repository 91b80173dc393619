"""Late samples that wait to be looked at, and what they would have changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection

MOST_TIMES = 1000
"""Late samples remembered for each rule and device; the earliest of more are let go."""

LOOK_LOCK = int.from_bytes(b"late")
"""Advisory lock of the one transaction that looks at late samples."""

_NOTE = f"""
INSERT INTO correction_due AS d (rule, device_id, measured_at, due_at)
SELECT rule, device_id, array_agg(DISTINCT measured_at ORDER BY measured_at), $4
FROM unnest($1::text[], $2::integer[], $3::timestamptz[])
     AS n (rule, device_id, measured_at)
GROUP BY rule, device_id ORDER BY rule, device_id
ON CONFLICT (rule, device_id) DO UPDATE
SET measured_at = (d.measured_at || excluded.measured_at)
    [greatest(1, cardinality(d.measured_at) + cardinality(excluded.measured_at)
              - {MOST_TIMES - 1}):]
"""  # noqa: S608 # a number of our own


@dataclass(frozen=True, slots=True)
class LateTime:
    """One late sample of one rule.

    Attributes:
        rule: Code of the rule that would have judged it.
        device_id: Of this device.
        measured_at: Its own time.
    """

    rule: str
    device_id: int
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Late samples of one rule and device.

    Attributes:
        rule: Code of the rule.
        device_id: The device.
        measured_at: Times of the samples, as they came.
        due_at: Journal time from which on they may be looked at.
    """

    rule: str
    device_id: int
    measured_at: list[datetime]
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCorrection:
    """What late samples would have changed.

    Attributes:
        kind: would_have_raised, would_not_have_raised, other_severity, other_time or
            cannot_judge.
        rule: Code of the rule.
        rule_version: Its version.
        device_id: The device.
        alarm_id: The alarm it is about; None where there was none.
        case_id: Its case.
        measured_at: Time of the sample that would have decided, or that did.
        cleared_at: Time of the sample that would have ended it.
        severity: The worst it would have reached; of what would not have been, as it
            was.
        value: Of the sample that would have decided.
        late_at: Times of the late samples.
        found_at: Journal time.
    """

    kind: str
    rule: str
    rule_version: int
    device_id: int
    alarm_id: int | None
    case_id: int | None
    measured_at: datetime
    cleared_at: datetime | None
    severity: str
    value: float | None
    late_at: Sequence[datetime]
    found_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionRow:
    """One correction as it is listed.

    Attributes:
        id: `correction.id`.
        kind: would_have_raised, would_not_have_raised, other_severity, other_time or
            cannot_judge.
        rule: Code of the rule.
        rule_version: Its version.
        device_id: The device.
        device_code: Its code.
        alarm_id: The alarm it is about.
        case_id: Its case.
        measured_at: Time of the sample that would have decided, or that did.
        cleared_at: Time of the sample that would have ended it.
        severity: The worst it would have reached, or had.
        value: Of the sample that would have decided.
        late_at: Times of the late samples.
        found_at: Journal time.
        superseded_at: Since when it is untrue, journal time; None while it stands.
        superseded_by: The correction that stands in its place; None if what was decided
            was right after all.
        superseded_why: replaced or withdrawn; None while it stands.
        superseded_late_at: Times of the late samples that made it untrue.
    """

    id: int
    kind: str
    rule: str
    rule_version: int
    device_id: int
    device_code: str
    alarm_id: int | None
    case_id: int | None
    measured_at: datetime
    cleared_at: datetime | None
    severity: str
    value: float | None
    late_at: list[datetime]
    found_at: datetime
    superseded_at: datetime | None
    superseded_by: int | None
    superseded_why: str | None
    superseded_late_at: list[datetime] | None


async def note_late(
    connection: Connection, late: Sequence[LateTime], *, due_at: datetime
) -> None:
    """Remember late samples, in the transaction that could not judge them."""
    if late:
        await connection.execute(
            _NOTE,
            [each.rule for each in late],
            [each.device_id for each in late],
            [each.measured_at for each in late],
            due_at,
        )


async def first_due(connection: Connection, at: datetime) -> Due | None:
    """Return the rule and device that have waited longest; None if none is due.

    The row is not locked: whoever hears of more late samples does not wait for us.

    Args:
        connection: In the transaction that writes what comes of it; until its end no
            other looks.
        at: Journal time.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOOK_LOCK)
    row = await connection.fetchrow(
        "SELECT rule, device_id, measured_at, due_at FROM correction_due"
        " WHERE due_at <= $1 ORDER BY due_at, rule, device_id LIMIT 1",
        at,
    )
    return None if row is None else Due(**row)


async def end_due(connection: Connection, due: Due, *, due_at: datetime) -> None:
    """Strike out what has been looked at; what has come since then waits.

    Args:
        connection: In the transaction of `first_due`, at its end.
        due: As that returned it.
        due_at: Journal time from which on the rest may be looked at.
    """
    key = due.rule, due.device_id, due.measured_at
    gone = await connection.execute(
        "DELETE FROM correction_due"
        " WHERE rule = $1 AND device_id = $2 AND measured_at = $3",
        *key,
    )
    if gone == "DELETE 0":
        # Where the earliest were let go, some are looked at twice, to no effect.
        await connection.execute(
            "UPDATE correction_due SET due_at = $4, measured_at = CASE"
            " WHEN measured_at[:cardinality($3::timestamptz[])] = $3"
            " THEN measured_at[cardinality($3::timestamptz[]) + 1:]"
            " ELSE measured_at END WHERE rule = $1 AND device_id = $2",
            *key,
            due_at,
        )


async def insert_correction(
    connection: Connection, number: int, new: NewCorrection
) -> None:
    """Write a correction, unless one that stands says so already.

    Args:
        connection: In the transaction in which those it makes untrue end.
        number: Its `correction.id`.
        new: What it says.
    """
    await connection.execute(
        "INSERT INTO correction (id, kind, rule, rule_version, device_id, alarm_id,"
        " case_id, measured_at, cleared_at, severity, value, late_at, found_at)"
        " OVERRIDING SYSTEM VALUE"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " ON CONFLICT DO NOTHING",
        number,
        new.kind,
        new.rule,
        new.rule_version,
        new.device_id,
        new.alarm_id,
        new.case_id,
        new.measured_at,
        new.cleared_at,
        new.severity,
        new.value,
        list(new.late_at),
        new.found_at,
    )


async def corrections(
    connection: Connection,
    *,
    scope: int | None,
    alarm_id: int | None = None,
    case_id: int | None = None,
    is_standing: bool | None = None,
    before: int | None,
    limit: int,
) -> list[CorrectionRow]:
    """Return corrections, newest first.

    Args:
        connection: Any.
        scope: Only those of this unit's cases; None for all.
        alarm_id: Only those of this alarm.
        case_id: Only those of this case.
        is_standing: Only those that are true, or only those that are not any more.
        before: Only those with a lower id.
        limit: Most rows.
    """
    rows = await connection.fetch(
        "SELECT c.id, c.kind, c.rule, c.rule_version, c.device_id,"
        " d.code AS device_code, c.alarm_id, c.case_id, c.measured_at, c.cleared_at,"
        " c.severity, c.value, c.late_at, c.found_at, c.superseded_at,"
        " c.superseded_by, c.superseded_why, c.superseded_late_at"
        " FROM correction c JOIN device d ON d.id = c.device_id"
        " LEFT JOIN case_file f ON f.id = c.case_id"
        " WHERE ($1::integer IS NULL OR f.unit_id = $1)"
        " AND ($2::bigint IS NULL OR c.alarm_id = $2)"
        " AND ($3::bigint IS NULL OR c.case_id = $3)"
        " AND ($4::bigint IS NULL OR c.id < $4)"
        " AND ($6::boolean IS NULL OR (c.superseded_at IS NULL) = $6)"
        " ORDER BY c.id DESC LIMIT $5",
        scope,
        alarm_id,
        case_id,
        before,
        limit,
        is_standing,
    )
    return [CorrectionRow(**row) for row in rows]
