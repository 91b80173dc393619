"""Groups and storms that a dispatcher has split: their members are filed alone."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from store.journal.body import json_body
from store.journal.entries import Kind, append

_INSERT = """
INSERT INTO case_split (case_id, rule, rule_version, device_id, reason, actor, split_at)
SELECT DISTINCT $1::bigint, l.rule, l.rule_version, l.device_id, $2, $3, $4::timestamptz
FROM alarm m JOIN alarm l ON l.id = m.lead_id
WHERE m.case_id = $1 AND m.id <> l.id AND m.cleared_seq IS NULL
    AND l.cleared_seq IS NULL AND m.handling IN ('member', 'storm')
RETURNING id
"""

_LASTING = """
SELECT DISTINCT s.rule, s.rule_version, s.device_id
FROM case_split s
JOIN alarm a ON a.rule = s.rule AND a.rule_version = s.rule_version
    AND a.device_id = s.device_id
WHERE a.cleared_seq IS NULL AND a.raised_at <= s.split_at
ORDER BY s.rule, s.rule_version, s.device_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRow:
    """One split as it is listed.

    Attributes:
        id: `case_split.id`.
        rule: The group or storm, or the rule of the upstream's own alarm.
        reason: Why.
        actor: Who said so.
        split_at: When.
    """

    id: int
    rule: str
    reason: str
    actor: str
    split_at: datetime


async def split_case(
    connection: Connection,
    case_id: int,
    *,
    reason: str,
    by: str,
    at: datetime,
    shard: int = 0,
) -> bool:
    """Split what a case is made of and tell the journal; False if nothing is.

    Args:
        connection: In a transaction, which should end with it.
        case_id: `case_file.id`.
        reason: Why.
        by: Who says so.
        at: Now.
        shard: Which journal.
    """
    rows = await connection.fetch(_INSERT, case_id, reason, by, at)
    if not rows:
        return False
    body = json_body({"split": case_id})
    await append(connection, Kind.RULES, body, at=at, shard=shard)
    return True


async def splits_of(
    connection: Connection, case_id: int, *, after: int, limit: int
) -> list[SplitRow]:
    """Return splits of a case, oldest first; `after` is the last one known."""
    rows = await connection.fetch(
        "SELECT id, rule, reason, actor, split_at FROM case_split"
        " WHERE case_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        case_id,
        after,
        limit,
    )
    return [SplitRow(**row) for row in rows]


async def lasting_splits(connection: Connection) -> list[tuple[str, int, int]]:
    """Return the alarms that stand, but no longer for any members."""
    rows = await connection.fetch(_LASTING)
    return [(row["rule"], row["rule_version"], row["device_id"]) for row in rows]
