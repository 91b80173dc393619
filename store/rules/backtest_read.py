"""What a backtest is held against: what was filed, and what people did with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.cases.rows import NewStep, ProblemKey
from store.connection import Connection
from store.telemetry.rows import AHEAD_US
from vocabulary.quality import Quality
from vocabulary.times import us_from_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledAlarm:
    """One alarm that was raised.

    Attributes:
        id: `alarm.id`.
        rule: Code of the rule.
        rule_version: Its version.
        device_id: The device it is on.
        severity: As of now, or as it was last.
        raised_seq: The entry that raised it.
        raised_at: That entry's time.
        measured_at: The deciding sample's own time.
        value: Of the deciding sample; None for silence.
        threshold: The limit it reached.
        cleared_seq: The entry that cleared it; None while it stands.
        cleared_at: That entry's time.
        handling: What became of it.
        case_id: Its case.
    """

    id: int
    rule: str
    rule_version: int
    device_id: int
    severity: str
    raised_seq: int
    raised_at: datetime
    measured_at: datetime
    value: float | None
    threshold: float | None
    cleared_seq: int | None
    cleared_at: datetime | None
    handling: str
    case_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiledCase:
    """One case that was filed by a rule.

    Attributes:
        id: `case_file.id`.
        number: 19 digits.
        key: Its problem and subject.
        device_id: The device that told.
        unit_id: Whom it is addressed to now.
        rule: Code of the rule that opened it.
        severity: The worst.
        opened_at: Journal time.
        measured_at: The deciding sample's own time.
        closed_at: When it ended; None while it is open.
        stage: Where it stands.
        hit_count: How often the problem was seen.
        shape: single, group or storm.
    """

    id: int
    number: str
    key: ProblemKey
    device_id: int
    unit_id: int
    rule: str
    severity: str
    opened_at: datetime
    measured_at: datetime
    closed_at: datetime | None
    stage: str
    hit_count: int
    shape: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenStep:
    """One step that was taken on a case.

    Attributes:
        id: `case_step.id`.
        key: The case's problem and subject.
        step: The step.
    """

    id: int
    key: ProblemKey
    step: NewStep


_ALARM = (
    "id, rule, rule_version, device_id, severity, raised_seq, raised_at, measured_at,"
    " value, threshold, cleared_seq, cleared_at, handling, case_id"
)


async def filed_alarms(
    connection: Connection,
    rules: Sequence[str],
    *,
    since: datetime,
    until: datetime,
    limit: int,
    device_id: int | None = None,
) -> list[FiledAlarm]:
    """Return the alarms of some rules that stood in a stretch, in their order.

    Those of rules on trial are left out.

    Args:
        connection: Any.
        rules: Codes of the rules.
        since: From when.
        until: Up to when.
        limit: Most alarms.
        device_id: Only those on this device.
    """
    rows = await connection.fetch(
        f"SELECT {_ALARM} FROM alarm"  # noqa: S608 our own words
        " WHERE rule = ANY($1) AND raised_at < $3"
        " AND (cleared_at IS NULL OR cleared_at >= $2) AND handling <> 'shadow'"
        " AND ($5::integer IS NULL OR device_id = $5)"
        " ORDER BY raised_seq, measured_at, rule, device_id LIMIT $4",
        list(rules),
        since,
        until,
        limit,
        device_id,
    )
    return [FiledAlarm(**row) for row in rows]


async def alarms_of_trial(
    connection: Connection,
    version: tuple[str, int],
    others: Sequence[str],
    *,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[FiledAlarm]:
    """Return the alarms raised in a stretch of a version, and those of other rules.

    In their order, the earliest first.

    Args:
        connection: Any.
        version: Code and version of a rule that was on trial.
        others: Codes of rules of which those that were live count.
        since: From when.
        until: Up to when.
        limit: Most alarms.
    """
    rows = await connection.fetch(
        f"SELECT {_ALARM} FROM alarm"  # noqa: S608 our own words
        " WHERE (rule = $1 AND rule_version = $2"
        " OR rule = ANY($3) AND handling <> 'shadow')"
        " AND raised_at >= $4 AND raised_at < $5"
        " ORDER BY raised_seq, measured_at, rule, device_id LIMIT $6",
        *version,
        list(others),
        since,
        until,
        limit,
    )
    return [FiledAlarm(**row) for row in rows]


async def filed_cases(
    connection: Connection, *, since: datetime, until: datetime, limit: int
) -> list[FiledCase]:
    """Return the cases that were open at any time of a stretch, in their order."""
    rows = await connection.fetch(
        "SELECT id, number, subject_kind, subject_id, scheme, type, class_code,"
        " condition, device_id, unit_id, rule, severity, opened_at, measured_at,"
        " closed_at, stage, hit_count, shape FROM case_file"
        " WHERE opened_at < $2 AND (closed_at IS NULL OR closed_at >= $1)"
        " ORDER BY opened_at, id LIMIT $3",
        since,
        until,
        limit,
    )
    keys = ProblemKey.__dataclass_fields__
    rest = [name for name in FiledCase.__dataclass_fields__ if name != "key"]
    return [
        FiledCase(
            key=ProblemKey(**{name: row[name] for name in keys}),
            **{name: row[name] for name in rest},
        )
        for row in rows
    ]


_STEPS = """
SELECT f.subject_kind, f.subject_id, f.scheme, f.type, f.class_code, f.condition,
    s.id, s.taken_at, s.move, s.from_stage, s.to_stage, s.actor, s.role,
    coalesce(s.unit_id, f.unit_id) AS unit_id, s.worker, s.note, s.seq
FROM case_file f JOIN case_step s ON s.case_id = f.id
WHERE f.opened_at < $2 AND (f.closed_at IS NULL OR f.closed_at >= $1)
    AND (s.role <> 'rules' OR s.from_stage IS NULL OR s.move = 'reopen')
ORDER BY s.id LIMIT $3
"""


async def taken_steps(
    connection: Connection, *, since: datetime, until: datetime, limit: int
) -> list[TakenStep]:
    """Return people's steps on the cases that were open at any time of a stretch.

    With them those of the machine by which a case was open: its first, and those that
    let it go on. In the order they were written in.

    Args:
        connection: Any.
        since: Cases that were over by then are left out.
        until: Cases that were opened later are.
        limit: Most steps.
    """
    rows = await connection.fetch(_STEPS, since, until, limit)
    keys, steps = ProblemKey.__dataclass_fields__, NewStep.__dataclass_fields__
    return [
        TakenStep(
            id=row["id"],
            key=ProblemKey(**{name: row[name] for name in keys}),
            step=NewStep(**{name: row[name] for name in steps}),
        )
        for row in rows
    ]


_FIXES = f"""
SELECT d.id, p.fixed_at, p.lon_e7, p.lat_e7
FROM device d JOIN LATERAL (
    (SELECT fixed_at, lon_e7, lat_e7 FROM "position"
     WHERE device_id = d.id AND received_at < $1 AND quality & {Quality.FUTURE:d} = 0
         AND fixed_at <= received_at + interval '{AHEAD_US} microseconds'
     ORDER BY fixed_at DESC, lon_e7 DESC, lat_e7 DESC LIMIT 1)
    UNION ALL
    (SELECT fixed_at, lon_e7, lat_e7 FROM last_position
     WHERE device_id = d.id AND received_at < $1)
    ORDER BY fixed_at DESC, lon_e7 DESC, lat_e7 DESC LIMIT 1
) AS p ON true
WHERE d.vehicle_id IS NOT NULL
"""  # noqa: S608 # our own numbers


async def fixes_before(
    connection: Connection, at: datetime
) -> dict[int, tuple[int, int, int]]:
    """Return where each vehicle last was, as far as was known before a time.

    Returns:
        By device: the fix's time in microseconds since 1970, degrees east and north
        times ten million.
    """
    rows = await connection.fetch(_FIXES, at)
    return {
        row["id"]: (us_from_datetime(row["fixed_at"]), row["lon_e7"], row["lat_e7"])
        for row in rows
    }
