"""One line's worth of a case, for terminals and logs."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection

SELECT = """
SELECT c.id, c.number, c.opened_at, c.severity, c.title_zh, c.title_en,
       c.reason_zh, c.reason_en, c.rule, c.rule_version, c.unit_reason,
       d.code AS device, g.code AS cell, u.name_zh AS unit_zh, u.name_en AS unit_en,
       p.kind AS device_kind,
       coalesce((SELECT sum(jsonb_array_length(e.body -> 'samples'))
                 FROM evidence e
                 WHERE e.case_id = c.id AND e.kind = 'samples_before'), 0) AS samples
FROM case_file c
JOIN device d ON d.id = c.device_id
JOIN profile p ON p.id = d.profile_id
JOIN unit u ON u.id = c.unit_id
LEFT JOIN grid_cell g ON g.id = c.cell_id
WHERE c.id > $1
ORDER BY c.id
LIMIT 200
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseBrief:
    """What a passer-by wants to know of a case.

    Attributes:
        id: `case_file.id`.
        number: The case number.
        opened_at: Journal time of filing.
        severity: minor, major or critical.
        title_zh: What is wrong, 中文.
        title_en: What is wrong.
        reason_zh: Why we think so, 中文.
        reason_en: Why we think so.
        rule: Code of the rule that raised it.
        rule_version: Its version.
        unit_zh: Who has to act, 中文.
        unit_en: Who has to act.
        unit_reason: Which routing rule chose them.
        device: Code of the device that told us.
        device_kind: Its kind.
        cell: Code of the unit grid cell; empty outside the grid.
        samples: How many samples before the decision are kept as evidence.
    """

    id: int
    number: str
    opened_at: datetime
    severity: str
    title_zh: str
    title_en: str
    reason_zh: str
    reason_en: str
    rule: str
    rule_version: int
    unit_zh: str
    unit_en: str
    unit_reason: str
    device: str
    device_kind: str
    cell: str
    samples: int


async def cases_after(connection: Connection, case_id: int) -> list[CaseBrief]:
    """Return the cases filed after `case_id`, oldest first, 200 at most."""
    rows = await connection.fetch(SELECT, case_id)
    return [
        CaseBrief(
            **{
                name: row[name]
                for name in CaseBrief.__dataclass_fields__
                if name not in {"cell", "samples"}
            },
            cell=row["cell"] or "",
            samples=int(row["samples"]),
        )
        for row in rows
    ]
