"""What is stored of one alarm, to explain it."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmFacts:
    """One alarm as it is stored.

    Attributes:
        id: `alarm.id`.
        rule: Code of the rule.
        rule_version: Its version.
        device_id: The device it is on.
        device_code: That one's code.
        severity: As of now, or as it was last.
        raised_seq: The journal entry that raised it.
        raised_at: That entry's time.
        measured_at: The deciding sample's own time.
        value: Of the deciding sample; None for silence.
        threshold: The limit it reached.
        cleared_at: Journal time; None while it stands.
        reason_zh: Why, 中文; of a group or storm as its case says it now.
        reason_en: Why.
        handling: What became of it.
        case_id: Its case.
        lead_id: The alarm of the group or storm it belongs to.
        lead_rule: That alarm's rule.
        window_id: The maintenance window that kept it back.
        window_reason: Why there was one.
        window_owner: Who asked for it.
        raises: How often the rule raised an alarm on the device in the hour before.
        unit_id: The department of its case; None without a case.
    """

    id: int
    rule: str
    rule_version: int
    device_id: int
    device_code: str
    severity: str
    raised_seq: int
    raised_at: datetime
    measured_at: datetime
    value: float | None
    threshold: float | None
    cleared_at: datetime | None
    reason_zh: str
    reason_en: str
    handling: str
    case_id: int | None
    lead_id: int | None
    lead_rule: str | None
    window_id: int | None
    window_reason: str | None
    window_owner: str | None
    raises: int
    unit_id: int | None

    @property
    def is_of_many(self) -> bool:
        """Whether it stands for a group or a storm."""
        return ":" in self.rule


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFacts:
    """Where the case of an alarm went, and why.

    Attributes:
        case_id: `case_file.id`.
        number: 19 digits.
        unit: Code of the department.
        unit_zh: Its name, 中文.
        unit_en: Its name.
        unit_reason: Which routing rule chose it.
        cell: Code of the grid cell; None outside the grid.
    """

    case_id: int
    number: str
    unit: str
    unit_zh: str
    unit_en: str
    unit_reason: str
    cell: str | None


_ALARM = """
SELECT a.id, a.rule, a.rule_version, a.device_id, d.code AS device_code, a.severity,
    a.raised_seq, a.raised_at, a.measured_at, a.value, a.threshold, a.cleared_at,
    CASE WHEN s.id IS NULL THEN a.reason_zh ELSE s.reason_zh END AS reason_zh,
    CASE WHEN s.id IS NULL THEN a.reason_en ELSE s.reason_en END AS reason_en,
    a.handling, a.case_id, a.lead_id, l.rule AS lead_rule,
    a.window_id, w.reason AS window_reason, w.owner AS window_owner,
    coalesce(f.unit_id, w.unit_id) AS unit_id,
    (SELECT count(*)::integer FROM alarm b WHERE b.rule = a.rule
        AND b.device_id = a.device_id AND b.raised_at <= a.raised_at
        AND b.raised_at > a.raised_at - interval '1 hour') AS raises
FROM alarm a JOIN device d ON d.id = a.device_id
LEFT JOIN alarm l ON l.id = a.lead_id
LEFT JOIN maintenance_window w ON w.id = a.window_id
LEFT JOIN case_file f ON f.id = a.case_id
LEFT JOIN case_file s ON s.id = f.id AND s.rule = a.rule AND a.rule LIKE '%:%'
WHERE a.id = $1
"""

_FIRST = """
SELECT a.id FROM alarm a JOIN case_file f ON f.id = a.case_id
WHERE f.number = $1 OR f.id::text = $1
ORDER BY (a.rule = f.rule AND a.raised_at <= f.opened_at) DESC, a.id LIMIT 1
"""


async def alarm_facts(connection: Connection, alarm_id: int) -> AlarmFacts | None:
    """Return one alarm; None if there is none."""
    row = await connection.fetchrow(_ALARM, alarm_id)
    return None if row is None else AlarmFacts(**row)


async def alarm_of_case(connection: Connection, case: str) -> int | None:
    """Return the alarm that opened a case, by the case's number or id."""
    found: int | None = await connection.fetchval(_FIRST, case)
    return found


async def route_of(connection: Connection, case_id: int) -> RouteFacts | None:
    """Return where a case went, and why; None if there is no such case."""
    row = await connection.fetchrow(
        "SELECT f.id AS case_id, f.number, u.code AS unit, u.name_zh AS unit_zh,"
        " u.name_en AS unit_en, f.unit_reason, c.code AS cell FROM case_file f"
        " JOIN unit u ON u.id = f.unit_id LEFT JOIN grid_cell c ON c.id = f.cell_id"
        " WHERE f.id = $1",
        case_id,
    )
    return None if row is None else RouteFacts(**row)
