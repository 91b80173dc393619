"""Alarms and rules as the API lists them."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRow:
    """One alarm.

    Attributes:
        id: `alarm.id`.
        rule: Code of the rule that raised it.
        rule_version: That rule's version.
        device_id: The device it stands on.
        device_code: That device's code.
        severity: minor, major or critical.
        raised_at: Journal time it was raised at.
        measured_at: The deciding sample's own time.
        value: The deciding sample's value; None for silence.
        threshold: The limit it passed.
        cleared_at: Journal time it was cleared at; None while it stands.
        reason_zh: Why, 中文.
        reason_en: Why.
        case_id: The case it filed or hit.
        handling: What became of it: filed, waiting, brief, member, storm, maintenance,
            unstable, shadow or noted.
        lead_id: The alarm of the group or storm it belongs to.
        window_id: The maintenance window that kept it back.
    """

    id: int
    rule: str
    rule_version: int
    device_id: int
    device_code: str
    severity: str
    raised_at: datetime
    measured_at: datetime
    value: float | None
    threshold: float | None
    cleared_at: datetime | None
    reason_zh: str
    reason_en: str
    case_id: int | None
    handling: str
    lead_id: int | None
    window_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """One version of one rule file.

    Attributes:
        code: The rule.
        version: Its version.
        stage: draft, shadow, live or retired.
        source: The YAML as its author wrote it.
        author: Who wrote it.
        created_at: When it was put in.
    """

    code: str
    version: int
    stage: str
    source: str
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFilter:
    """Which alarms are asked for; None lets everything pass.

    Attributes:
        is_active: Only those that stand, or only cleared ones.
        device_id: On this device.
        rule: Raised by this rule.
        handling: Of which this became.
        window_id: Kept back by this maintenance window.
    """

    is_active: bool | None = None
    device_id: int | None = None
    rule: str | None = None
    handling: str | None = None
    window_id: int | None = None


async def alarms(
    connection: Connection,
    wanted: AlarmFilter,
    *,
    scope: int | None,
    before: int | None,
    limit: int,
) -> list[AlarmRow]:
    """Return alarms, newest first; in a scope of that unit's cases and windows only."""
    rows = await connection.fetch(
        "SELECT a.id, a.rule, a.rule_version, a.device_id, d.code AS device_code,"
        " a.severity, a.raised_at, a.measured_at, a.value, a.threshold, a.cleared_at,"
        " a.reason_zh, a.reason_en, a.case_id, a.handling, a.lead_id, a.window_id"
        " FROM alarm a JOIN device d ON d.id = a.device_id"
        " LEFT JOIN case_file f ON f.id = a.case_id"
        " LEFT JOIN maintenance_window w ON w.id = a.window_id"
        " WHERE ($1::integer IS NULL OR f.unit_id = $1 OR w.unit_id = $1)"
        " AND ($2::boolean IS NULL OR (a.cleared_seq IS NULL) = $2)"
        " AND ($3::integer IS NULL OR a.device_id = $3)"
        " AND ($4::text IS NULL OR a.rule = $4)"
        " AND ($5::bigint IS NULL OR a.id < $5)"
        " AND ($7::text IS NULL OR a.handling = $7)"
        " AND ($8::bigint IS NULL OR a.window_id = $8)"
        " ORDER BY a.id DESC LIMIT $6",
        scope,
        wanted.is_active,
        wanted.device_id,
        wanted.rule,
        before,
        limit,
        wanted.handling,
        wanted.window_id,
    )
    return [AlarmRow(**row) for row in rows]


async def rules(
    connection: Connection, *, stage: str | None, after: tuple[str, int], limit: int
) -> list[RuleRow]:
    """Return rule versions in the order of their codes and versions."""
    rows = await connection.fetch(
        "SELECT code, version, stage, source, author, created_at FROM rule"
        " WHERE ($1::text IS NULL OR stage = $1) AND (code, version) > ($2, $3)"
        " ORDER BY code, version LIMIT $4",
        stage,
        *after,
        limit,
    )
    return [RuleRow(**row) for row in rows]
