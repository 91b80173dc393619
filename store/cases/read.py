"""Cases (案卷) as the API lists and opens them, within a unit's scope."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.connection import Connection

Severity = Literal["minor", "major", "critical"]
"""How bad a case is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """One case in one row.

    Attributes:
        id: `case_file.id`.
        number: 19 digits: county, day, sequence.
        type: component (部件) or event (事件).
        scheme: The numbering its class belongs to.
        class_code: Its class in that scheme.
        condition: What is wrong, as a word.
        title_zh: What is wrong, 中文.
        title_en: What is wrong.
        reason_zh: Why we think so, 中文.
        reason_en: Why we think so.
        severity: minor, major or critical.
        stage: Where it stands.
        subject_kind: component, device, vehicle, cell, gateway or area.
        subject_code: That one's code; None for the whole city.
        device_id: The device that told us.
        device_code: Its code.
        device_kind: Its kind.
        cell_code: The grid cell; None outside the grid.
        cell_zh: The cell's name, 中文.
        cell_en: The cell's name.
        lon: Degrees east, WGS-84; None if nobody knows.
        lat: Degrees north, WGS-84; None if nobody knows.
        unit_id: Who has to act.
        unit_code: That unit's code.
        unit_zh: That unit's name, 中文.
        unit_en: That unit's name.
        unit_reason: Which routing rule chose it.
        worker: Whom the unit assigned; empty if nobody.
        rule: Code of the rule that raised it.
        rule_version: That rule's version.
        opened_at: Journal time of filing.
        measured_at: The deciding sample's own time.
        last_hit_at: When the problem was last seen again.
        hit_count: How often it was seen.
        recovered_at: When the sensor itself said it is over.
        closed_at: When it was closed.
        simulated: Whether a simulator caused it.
        shape: single, group or storm.
        parent_id: The case of the group or storm it turned out to be part of.
        unstable_since: Since when its alarm comes and goes, if it does.
        quiet_hits: Hits that were only counted meanwhile.
        members: How many devices its group or storm has; 0 for a single one.
        window_id: The maintenance window that had kept one of its alarms back, if any.
        rework_at: When it was said to be done or closed while its sensor said that it
            was bad, if it was; it needs rework (返工) until `recovered_at`.
    """

    id: int
    number: str
    type: str
    scheme: str
    class_code: str
    condition: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str
    severity: Severity
    stage: str
    subject_kind: str
    subject_code: str | None
    device_id: int
    device_code: str
    device_kind: str
    cell_code: str | None
    cell_zh: str | None
    cell_en: str | None
    lon: float | None
    lat: float | None
    unit_id: int
    unit_code: str
    unit_zh: str
    unit_en: str
    unit_reason: str
    worker: str
    rule: str
    rule_version: int
    opened_at: datetime
    measured_at: datetime
    last_hit_at: datetime
    hit_count: int
    recovered_at: datetime | None
    closed_at: datetime | None
    simulated: bool
    shape: Literal["single", "group", "storm"]
    parent_id: int | None
    unstable_since: datetime | None
    quiet_hits: int
    members: int
    window_id: int | None
    rework_at: datetime | None = None
    reopened_at: datetime | None = None
    reopen_count: int = 0
    repeat_of: int | None = None
    repeat_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step a case took.

    Attributes:
        id: `case_step.id`.
        taken_at: When.
        move: Which move.
        from_stage: Where it stood; None for the first.
        to_stage: Where it stands since.
        actor: `rules`, or the name of a person's token.
        role: What the actor acted as.
        worker: Whom the unit had assigned after it; empty if nobody.
        note: What the actor wrote.
    """

    id: int
    taken_at: datetime
    move: str
    from_stage: str | None
    to_stage: str
    actor: str
    role: str
    worker: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceRow:
    """One piece of evidence.

    Attributes:
        id: `evidence.id`.
        kind: rule, samples_before, samples_after, registry, hit, correction or
            recovered.
        taken_at: Journal time it was taken at.
        body: Its JSON as text.
    """

    id: int
    kind: str
    taken_at: datetime
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityCount:
    """How many open cases there are of one severity.

    Attributes:
        severity: minor, major or critical.
        open: How many are not closed.
        drills: How many of those a simulator caused.
    """

    severity: Severity
    open: int
    drills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases are asked for; None lets everything pass.

    Attributes:
        is_open: Only open ones, or only closed ones.
        severity: Of this severity.
        stage: At this stage.
        unit: For the unit with this code.
        cell: In the grid cell with this code.
        simulated: Only drills, or none of them.
        opened_from: Opened at or after this time.
        opened_before: Opened before this time.
        needs_rework: Only those said to be done while their sensor says that they are
            bad, or none of them.
        came_back: Only those that were reopened or follow a solved case of the same
            problem, or none of them.
    """

    is_open: bool | None = None
    severity: Severity | None = None
    stage: str | None = None
    unit: str | None = None
    cell: str | None = None
    simulated: bool | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    needs_rework: bool | None = None
    came_back: bool | None = None


_CASES = """
SELECT f.id, f.number, f.type, f.scheme, f.class_code, f.condition, f.title_zh,
    f.title_en, f.reason_zh, f.reason_en, f.severity, f.stage, f.subject_kind,
    CASE f.subject_kind
        WHEN 'component' THEN (SELECT code FROM component WHERE id = f.subject_id)
        WHEN 'vehicle' THEN (SELECT code FROM vehicle WHERE id = f.subject_id)
        WHEN 'cell' THEN (SELECT code FROM grid_cell WHERE id = f.subject_id)
        WHEN 'gateway' THEN (SELECT code FROM gateway WHERE id = f.subject_id)
        WHEN 'area' THEN (SELECT code FROM unit WHERE id = f.subject_id)
        ELSE (SELECT code FROM device WHERE id = f.subject_id)
    END AS subject_code,
    f.device_id, d.code AS device_code, p.kind AS device_kind,
    g.code AS cell_code, g.name_zh AS cell_zh, g.name_en AS cell_en, f.lon, f.lat,
    f.unit_id, u.code AS unit_code, u.name_zh AS unit_zh, u.name_en AS unit_en,
    f.unit_reason, f.worker, f.rule, f.rule_version, f.opened_at, f.measured_at,
    f.last_hit_at, f.hit_count, f.recovered_at, f.closed_at, f.simulated, f.shape,
    f.parent_id, f.unstable_since, f.quiet_hits, f.rework_at,
    f.reopened_at, f.reopen_count, f.repeat_of, f.repeat_count,
    (SELECT count(DISTINCT m.device_id) FROM case_member m WHERE m.case_id = f.id)
        AS members,
    (SELECT max(a.window_id) FROM alarm a WHERE a.case_id = f.id) AS window_id
FROM case_file f
JOIN device d ON d.id = f.device_id
JOIN profile p ON p.id = d.profile_id
JOIN unit u ON u.id = f.unit_id
LEFT JOIN grid_cell g ON g.id = f.cell_id
WHERE ($1::integer IS NULL OR f.unit_id = $1)
"""

_LIST = f"""{_CASES}
    AND ($2::boolean IS NULL OR (f.closed_at IS NULL) = $2)
    AND ($3::text IS NULL OR f.severity = $3)
    AND ($4::text IS NULL OR f.stage = $4)
    AND ($5::text IS NULL OR u.code = $5)
    AND ($6::text IS NULL OR g.code = $6)
    AND ($7::boolean IS NULL OR f.simulated = $7)
    AND ($8::timestamptz IS NULL OR f.opened_at >= $8)
    AND ($9::timestamptz IS NULL OR f.opened_at < $9)
    AND ($10::timestamptz IS NULL OR (f.opened_at, f.id) < ($10, $11::bigint))
    AND ($13::boolean IS NULL
        OR (f.rework_at IS NOT NULL AND f.recovered_at IS NULL) = $13)
    AND ($14::boolean IS NULL
        OR (f.reopen_count > 0 OR f.repeat_count > 0) = $14)
ORDER BY f.opened_at DESC, f.id DESC
LIMIT $12
"""


async def cases(
    connection: Connection,
    wanted: CaseFilter,
    *,
    scope: int | None,
    after: tuple[datetime, int] | None,
    limit: int,
) -> list[CaseRow]:
    """Return cases, newest first; `scope` is the only unit whose cases are seen."""
    opened_at, case_id = after or (None, None)
    rows = await connection.fetch(
        _LIST,
        scope,
        wanted.is_open,
        wanted.severity,
        wanted.stage,
        wanted.unit,
        wanted.cell,
        wanted.simulated,
        wanted.opened_from,
        wanted.opened_before,
        opened_at,
        case_id,
        limit,
        wanted.needs_rework,
        wanted.came_back,
    )
    return [CaseRow(**row) for row in rows]


async def case(
    connection: Connection, case_id: int, *, scope: int | None
) -> CaseRow | None:
    """Return one case, or None if there is none or it is out of scope."""
    row = await connection.fetchrow(f"{_CASES} AND f.id = $2", scope, case_id)
    return CaseRow(**row) if row else None


async def steps(
    connection: Connection, case_id: int, *, after: int, limit: int
) -> list[StepRow]:
    """Return steps of a case, oldest first; `after` is the last one known."""
    rows = await connection.fetch(
        "SELECT id, taken_at, move, from_stage, to_stage, actor, role, worker, note"
        " FROM case_step WHERE case_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        case_id,
        after,
        limit,
    )
    return [StepRow(**row) for row in rows]


async def evidence(
    connection: Connection, case_id: int, *, after: int, limit: int
) -> list[EvidenceRow]:
    """Return pieces of evidence of a case, oldest first; `after` is the last known."""
    rows = await connection.fetch(
        "SELECT id, kind, taken_at, body::text AS body"
        " FROM evidence WHERE case_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        case_id,
        after,
        limit,
    )
    return [EvidenceRow(**row) for row in rows]


async def open_counts(
    connection: Connection, *, scope: int | None
) -> list[SeverityCount]:
    """Return how many cases are open, by severity."""
    rows = await connection.fetch(
        "SELECT severity, count(*) AS open,"
        " count(*) FILTER (WHERE simulated) AS drills FROM case_file"
        " WHERE closed_at IS NULL AND ($1::integer IS NULL OR unit_id = $1)"
        " GROUP BY severity ORDER BY severity",
        scope,
    )
    return [SeverityCount(**row) for row in rows]
