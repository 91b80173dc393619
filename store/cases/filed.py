"""Cases as they are filed and moved: rows in, rows out, nothing decided.

Locks are taken in one order by all: the filing lock, then case rows, then (by the
callers, last of all) the journal's head.
"""

from datetime import date, datetime

from store.cases.rows import Finding, LockedCase, NewCase, NewStep, ProblemKey
from store.connection import Connection

FILING_LOCK = 0x6361736573
"""Advisory lock held while filing ("cases" as octets)."""


LOCKED = f"SELECT {', '.join(LockedCase.__dataclass_fields__)} FROM case_file"  # noqa: S608 # names of our own columns
"""A case as it is locked; a WHERE and FOR NO KEY UPDATE are to follow."""

OF_PROBLEM = f"""{LOCKED}
WHERE subject_kind = $1 AND subject_id = $2 AND scheme = $3 AND type = $4
    AND class_code = $5 AND condition = $6"""
"""Every case of a problem; its columns are `problem_parts`."""

_OPEN = f"{OF_PROBLEM} AND closed_at IS NULL FOR NO KEY UPDATE"

_BY_ID = f"{LOCKED} WHERE id = $1 FOR NO KEY UPDATE"

_NEXT_SEQUENCE = """
INSERT INTO case_number (county, day, last) VALUES ($1, $2, 1)
ON CONFLICT (county, day) DO UPDATE SET last = case_number.last + 1
RETURNING last
"""

_INSERT = """
INSERT INTO case_file (number, subject_kind, subject_id, scheme, type, class_code,
    condition, severity, title_zh, title_en, reason_zh, reason_en, device_id, cell_id,
    lon, lat, unit_id, unit_reason, stage, rule, rule_version, opened_at, measured_at,
    last_hit_at, simulated, shape, repeat_of, repeat_count)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
    $18, $19, $20, $21, $22, $23, $22, $24, $25, $26,
    coalesce((SELECT repeat_count + 1 FROM case_file WHERE id = $26), 0))
ON CONFLICT (subject_kind, subject_id, scheme, type, class_code, condition)
    WHERE closed_at IS NULL DO NOTHING
RETURNING id
"""

_HIT = """
UPDATE case_file SET hit_count = hit_count + $2,
    last_hit_at = greatest(last_hit_at, $3), recovered_at = NULL,
    severity = $4, title_zh = $5, title_en = $6, reason_zh = $7, reason_en = $8
WHERE id = $1
"""

_STEP = """
INSERT INTO case_step (case_id, taken_at, move, from_stage, to_stage, actor, role,
    unit_id, worker, note, seq)
VALUES ($1, greatest($2, (SELECT max(taken_at) FROM case_step WHERE case_id = $1)),
    $3, $4, $5, $6, $7, $8, $9, $10, $11)
RETURNING id, taken_at
"""

# Judged at the entry `seq`, not at the end of the batch it came in, so that a case says
# the same whether its journal was folded entry by entry or in one go.
_OTHER_ALARMS = """
SELECT EXISTS (
    SELECT FROM alarm
    WHERE case_id = $1 AND id <> $2 AND raised_seq <= $3
        AND (cleared_seq IS NULL OR cleared_seq > $3)
)
"""

_ADOPT = """
UPDATE alarm SET case_id = $1
FROM case_file AS f
WHERE f.id = alarm.case_id AND f.id <> $1 AND f.subject_kind = $2 AND f.subject_id = $3
    AND f.scheme = $4 AND f.type = $5 AND f.class_code = $6 AND f.condition = $7
    AND (alarm.cleared_seq IS NULL OR alarm.cleared_seq > $8)
"""


async def lock_filing(connection: Connection) -> None:
    """Let one transaction file at a time, so that two can never wait for each other.

    Not what keeps a problem to one case: the index `case_one_open` does that.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", FILING_LOCK)


async def lock_open_case(connection: Connection, key: ProblemKey) -> LockedCase | None:
    """Return the open case of a problem, locked; None if there is none."""
    row = await connection.fetchrow(_OPEN, *problem_parts(key))
    return LockedCase(**row) if row else None


async def lock_case_of_alarm(
    connection: Connection, alarm_id: int
) -> LockedCase | None:
    """Return the case that an alarm belongs to, open or not, locked."""
    query = "SELECT case_id FROM alarm WHERE id = $1"
    return await lock_case(connection, await connection.fetchval(query, alarm_id))


async def lock_case(connection: Connection, case_id: int | None) -> LockedCase | None:
    """Return one case, locked; None if there is none."""
    row = await connection.fetchrow(_BY_ID, case_id)
    return LockedCase(**row) if row else None


async def next_sequence(connection: Connection, county: str, day: date) -> int:
    """Take the next case number of a county's day; it is 1 for the first."""
    return int(await connection.fetchval(_NEXT_SEQUENCE, county, day))


async def insert_case(connection: Connection, case: NewCase) -> int | None:
    """Open a case; None if the problem has an open one already."""
    key, finding = case.key, case.finding
    case_id: int | None = await connection.fetchval(
        _INSERT,
        case.number,
        key.subject_kind,
        key.subject_id,
        key.scheme,
        key.type,
        key.class_code,
        key.condition,
        finding.severity,
        finding.title_zh,
        finding.title_en,
        finding.reason_zh,
        finding.reason_en,
        case.device_id,
        case.cell_id,
        case.lon,
        case.lat,
        case.unit_id,
        case.unit_reason,
        case.stage,
        case.rule,
        case.rule_version,
        case.opened_at,
        case.measured_at,
        case.simulated,
        case.shape,
        case.repeat_of,
    )
    return case_id


async def record_hit(
    connection: Connection,
    case_id: int,
    *,
    again: bool,
    at: datetime,
    finding: Finding,
) -> None:
    """Write down that the problem was seen again, or got worse.

    Args:
        connection: In the transaction that holds the case's lock.
        case_id: `case_file.id`.
        again: Whether it counts as a hit of its own.
        at: When, by the journal.
        finding: What the case says from now on.
    """
    await connection.execute(
        _HIT,
        case_id,
        int(again),
        at,
        finding.severity,
        finding.title_zh,
        finding.title_en,
        finding.reason_zh,
        finding.reason_en,
    )


async def set_recovered(connection: Connection, case_id: int, at: datetime) -> None:
    """Write down that the sensor itself says it is over."""
    query = "UPDATE case_file SET recovered_at = $2 WHERE id = $1"
    await connection.execute(query, case_id, at)


async def change_case(
    connection: Connection,
    case_id: int,
    *,
    stage: str,
    unit: tuple[int, str] | None,
    worker: str,
    closed_at: datetime | None,
) -> None:
    """Put a case where a move led it.

    Args:
        connection: In the transaction that holds the case's lock.
        case_id: `case_file.id`.
        stage: Where it stands now.
        unit: The unit it was sent to and why it; None to keep both.
        worker: Who is assigned now; empty if nobody.
        closed_at: When it ended; None if it has not.
    """
    await connection.execute(
        "UPDATE case_file SET stage = $2, unit_id = coalesce($3, unit_id),"
        " unit_reason = coalesce($4, unit_reason), worker = $5, closed_at = $6"
        " WHERE id = $1",
        case_id,
        stage,
        unit[0] if unit else None,
        unit[1] if unit else None,
        worker,
        closed_at,
    )


async def insert_step(
    connection: Connection, case_id: int, step: NewStep
) -> tuple[int, datetime]:
    """Write a step down; return its id and the time it was given."""
    row = await connection.fetchrow(
        _STEP,
        case_id,
        step.taken_at,
        step.move,
        step.from_stage,
        step.to_stage,
        step.actor,
        step.role,
        step.unit_id,
        step.worker,
        step.note,
        step.seq,
    )
    if row is None:
        raise AssertionError("INSERT ... RETURNING gave no row")
    return row["id"], row["taken_at"]


async def moves_of(connection: Connection, case_id: int) -> list[str]:
    """Return every move made on a case, oldest first."""
    query = "SELECT move FROM case_step WHERE case_id = $1 ORDER BY id"
    return [row["move"] for row in await connection.fetch(query, case_id)]


async def link_alarm(connection: Connection, alarm_id: int, case_id: int) -> None:
    """Say which case an alarm belongs to."""
    query = "UPDATE alarm SET case_id = $2 WHERE id = $1"
    await connection.execute(query, alarm_id, case_id)


async def adopt_alarms(
    connection: Connection, case_id: int, key: ProblemKey, *, seq: int
) -> None:
    """Let a new case have the alarms that outlived the problem's earlier, closed cases.

    They stand on the same problem: until they clear, the new case has not recovered.
    """
    await connection.execute(
        _ADOPT,
        case_id,
        key.subject_kind,
        key.subject_id,
        key.scheme,
        key.type,
        key.class_code,
        key.condition,
        seq,
    )


async def another_alarm_stands(
    connection: Connection, case_id: int, *, alarm_id: int, seq: int
) -> bool:
    """Tell whether, at journal entry `seq`, another alarm of the case was active."""
    return bool(await connection.fetchval(_OTHER_ALARMS, case_id, alarm_id, seq))


async def unit_exists(connection: Connection, unit_id: int) -> bool:
    """Tell whether there is such a unit."""
    query = "SELECT EXISTS (SELECT FROM unit WHERE id = $1)"
    return bool(await connection.fetchval(query, unit_id))


def problem_parts(key: ProblemKey) -> tuple[str, int, str, str, str, str]:
    """Return a problem as the columns that the index `case_one_open` holds it by."""
    return (
        key.subject_kind,
        key.subject_id,
        key.scheme,
        key.type,
        key.class_code,
        key.condition,
    )
