"""Cases as they are filed and moved: rows in, rows out, nothing decided.

Locks are taken in one order by all: the filing lock, then case rows, then (by the
callers, last of all) the journal's head.
"""

from dataclasses import dataclass
from datetime import date, datetime

from store.connection import Connection

FILING_LOCK = 0x6361736573
"""Advisory lock held while filing ("cases" as octets)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKey:
    """One problem on one subject; `case_one_open` keeps it to one open case.

    Attributes:
        subject_kind: component, device, vehicle or cell.
        subject_id: That one's id.
        scheme: The numbering of `class_code`.
        type: component (部件) or event (事件).
        class_code: Four digits.
        condition: The filing condition, as a word.
    """

    subject_kind: str
    subject_id: int
    scheme: str
    type: str
    class_code: str
    condition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found, as the case shows it.

    Attributes:
        severity: minor, major or critical.
        title_zh: 案卷标题.
        title_en: Title of the case.
        reason_zh: 为什么立案.
        reason_en: Why.
    """

    severity: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """A case about to be opened.

    Attributes:
        number: 19 digits.
        key: The problem and its subject.
        finding: What was found.
        device_id: The device that told.
        cell_id: The grid cell; None outside the grid.
        lon: Degrees east, WGS-84; None if nobody knows.
        lat: Degrees north, WGS-84; None if nobody knows.
        unit_id: Who has to act.
        unit_reason: Which routing rule chose it.
        stage: The state it is opened in.
        rule: Code of the rule.
        rule_version: Its version.
        opened_at: Journal time.
        measured_at: The deciding sample's own time.
        simulated: Whether a simulator caused it.
    """

    number: str
    key: ProblemKey
    finding: Finding
    device_id: int
    cell_id: int | None
    lon: float | None
    lat: float | None
    unit_id: int
    unit_reason: str
    stage: str
    rule: str
    rule_version: int
    opened_at: datetime
    measured_at: datetime
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedCase:
    """A case that nobody else can change until the transaction ends.

    Attributes:
        id: `case_file.id`.
        number: 19 digits.
        type: component or event.
        class_code: Four digits.
        condition: The filing condition.
        stage: Where it stands.
        unit_id: Who has to act.
        worker: Whom they assigned; empty if nobody.
        cell_id: The grid cell, if any.
        lon: Degrees east, WGS-84, if known.
        lat: Degrees north, WGS-84, if known.
        severity: The worst so far.
        title_zh: 案卷标题.
        title_en: Title.
        reason_zh: 为什么立案.
        reason_en: Why.
        recovered_at: When the sensor said it was over, if it still says so.
        closed_at: When it was closed, if it is.
        simulated: Whether a simulator caused it.
    """

    id: int
    number: str
    type: str
    class_code: str
    condition: str
    stage: str
    unit_id: int
    worker: str
    cell_id: int | None
    lon: float | None
    lat: float | None
    severity: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str
    recovered_at: datetime | None
    closed_at: datetime | None
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStep:
    """A step about to be written down.

    Attributes:
        taken_at: When; raised to the latest earlier step's time if it is before it.
        move: What was done.
        from_stage: Where the case stood; None for the first step.
        to_stage: Where it stands since.
        actor: `rules`, or the name of a person's token.
        role: What they acted as.
        unit_id: Whose case it is after the step.
        worker: Who is assigned after the step; empty if nobody.
        note: Reason or result, in words.
    """

    taken_at: datetime
    move: str
    from_stage: str | None
    to_stage: str
    actor: str
    role: str
    unit_id: int
    worker: str
    note: str


_LOCKED = f"SELECT {', '.join(LockedCase.__dataclass_fields__)} FROM case_file"  # noqa: S608 # names of our own columns

_OPEN = f"""{_LOCKED}
WHERE subject_kind = $1 AND subject_id = $2 AND scheme = $3 AND type = $4
    AND class_code = $5 AND condition = $6 AND closed_at IS NULL
FOR NO KEY UPDATE
"""

_BY_ID = f"{_LOCKED} WHERE id = $1 FOR NO KEY UPDATE"

_NEXT_SEQUENCE = """
INSERT INTO case_number (county, day, last) VALUES ($1, $2, 1)
ON CONFLICT (county, day) DO UPDATE SET last = case_number.last + 1
RETURNING last
"""

_INSERT = """
INSERT INTO case_file (number, subject_kind, subject_id, scheme, type, class_code,
    condition, severity, title_zh, title_en, reason_zh, reason_en, device_id, cell_id,
    lon, lat, unit_id, unit_reason, stage, rule, rule_version, opened_at, measured_at,
    last_hit_at, simulated)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
    $18, $19, $20, $21, $22, $23, $22, $24)
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
    unit_id, worker, note)
VALUES ($1, greatest($2, (SELECT max(taken_at) FROM case_step WHERE case_id = $1)),
    $3, $4, $5, $6, $7, $8, $9, $10)
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

_LAST_FIX = """
SELECT lon_e7 / 1e7::double precision AS lon, lat_e7 / 1e7::double precision AS lat
FROM last_position WHERE device_id = $1
"""


async def lock_filing(connection: Connection) -> None:
    """Let one transaction file at a time, so that two can never wait for each other.

    Not what keeps a problem to one case: the index `case_one_open` does that.
    """
    await connection.execute("SELECT pg_advisory_xact_lock($1)", FILING_LOCK)


async def lock_open_case(connection: Connection, key: ProblemKey) -> LockedCase | None:
    """Return the open case of a problem, locked; None if there is none."""
    row = await connection.fetchrow(
        _OPEN,
        key.subject_kind,
        key.subject_id,
        key.scheme,
        key.type,
        key.class_code,
        key.condition,
    )
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


async def another_alarm_stands(
    connection: Connection, case_id: int, *, alarm_id: int, seq: int
) -> bool:
    """Tell whether, at journal entry `seq`, another alarm of the case was active."""
    return bool(await connection.fetchval(_OTHER_ALARMS, case_id, alarm_id, seq))


async def last_fix(
    connection: Connection, device_id: int
) -> tuple[float, float] | None:
    """Return where a device last was, lon and lat in degrees WGS-84, if known."""
    row = await connection.fetchrow(_LAST_FIX, device_id)
    return (row["lon"], row["lat"]) if row else None


async def unit_exists(connection: Connection, unit_id: int) -> bool:
    """Tell whether there is such a unit."""
    query = "SELECT EXISTS (SELECT FROM unit WHERE id = $1)"
    return bool(await connection.fetchval(query, unit_id))
