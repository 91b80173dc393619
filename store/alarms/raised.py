"""Alarms as rows: raised once, changed while they stand, cleared once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection

AlarmKey = tuple[str, int, int]
"""Rule, its version and the device: at most one alarm of each stands."""

AlarmMoment = tuple[str, int, int, int, datetime]
"""The key, the entry that raised it and its sample's time: no two alarms share it."""

_STANDING = """
SELECT a.rule, a.rule_version, a.device_id, max(a.id) AS id
FROM alarm a
JOIN unnest($1::text[], $2::integer[], $3::integer[]) AS k (rule, version, device_id)
  ON a.device_id = k.device_id AND a.rule = k.rule AND a.rule_version = k.version
WHERE a.cleared_seq IS NULL
GROUP BY a.rule, a.rule_version, a.device_id
"""

_RAISE = """
INSERT INTO alarm (rule, rule_version, device_id, severity, raised_seq, raised_at,
                   measured_at, value, threshold, reason_zh, reason_en)
SELECT rule, rule_version, device_id, severity, raised_seq, raised_at,
       measured_at, value, threshold, reason_zh, reason_en
FROM unnest($1::text[], $2::integer[], $3::integer[], $4::text[], $5::bigint[],
            $6::timestamptz[], $7::timestamptz[], $8::float8[], $9::float8[],
            $10::text[], $11::text[])
     WITH ORDINALITY AS n (rule, rule_version, device_id, severity, raised_seq,
         raised_at, measured_at, value, threshold, reason_zh, reason_en, place)
ORDER BY place
RETURNING id, rule, rule_version, device_id, raised_seq, measured_at
"""

_CHANGE = """
UPDATE alarm SET severity = n.severity,
                 cleared_seq = n.cleared_seq, cleared_at = n.cleared_at,
                 handling = coalesce(n.handling, alarm.handling),
                 window_id = coalesce(n.window_id, alarm.window_id)
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[],
            $6::bigint[])
     AS n (id, severity, cleared_seq, cleared_at, handling, window_id)
WHERE alarm.id = n.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAlarm:
    """One alarm to raise.

    Attributes:
        rule: Code of the rule.
        rule_version: Its version.
        device_id: `device.id`.
        severity: minor, major or critical.
        raised_seq: The journal entry that raised it.
        raised_at: That entry's time.
        measured_at: The deciding sample's own time.
        value: Of the deciding sample; None for silence.
        threshold: The limit it reached.
        reason_zh: 原因.
        reason_en: Why.
    """

    rule: str
    rule_version: int
    device_id: int
    severity: str
    raised_seq: int
    raised_at: datetime
    measured_at: datetime
    value: float | None
    threshold: float
    reason_zh: str
    reason_en: str

    @property
    def moment(self) -> AlarmMoment:
        """What no other alarm shares."""
        return (
            self.rule,
            self.rule_version,
            self.device_id,
            self.raised_seq,
            self.measured_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChange:
    """How an alarm stands after some entries.

    Attributes:
        id: `alarm.id`.
        severity: As of now; when it was cleared, as it was last.
        cleared_seq: The entry that cleared it; None while it stands.
        cleared_at: That entry's time.
        handling: What became of it; None if that is as before.
        window_id: The maintenance window that kept it back; None if as before.
    """

    id: int
    severity: str
    cleared_seq: int | None
    cleared_at: datetime | None
    handling: str | None = None
    window_id: int | None = None


async def standing_alarms(
    connection: Connection, keys: Iterable[AlarmKey]
) -> dict[AlarmKey, int]:
    """Return the ids of those alarms that stand, of the ones asked for."""
    rules, versions, devices = _columns(sorted(set(keys)), 3)
    rows = await connection.fetch(_STANDING, rules, versions, devices)
    return {(r["rule"], r["rule_version"], r["device_id"]): r["id"] for r in rows}


async def all_standing(connection: Connection) -> set[AlarmKey]:
    """Return every alarm that stands."""
    rows = await connection.fetch(
        "SELECT rule, rule_version, device_id FROM alarm WHERE cleared_seq IS NULL"
    )
    return {(r["rule"], r["rule_version"], r["device_id"]) for r in rows}


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingAlarm:
    """An alarm that stands, as its row tells.

    Attributes:
        key: Rule, its version and the device.
        severity: As of now.
        raised_seq: The journal entry that raised it.
        raised_at: That entry's time.
        measured_at: The deciding sample's own time.
        value: Of the deciding sample; None for silence.
        threshold: The limit it reached.
        handling: What became of it.
        window_id: The maintenance window that keeps or kept it back, if any.
    """

    key: AlarmKey
    severity: str
    raised_seq: int
    raised_at: datetime
    measured_at: datetime
    value: float | None
    threshold: float | None
    handling: str
    window_id: int | None


async def standing_rows(connection: Connection) -> list[StandingAlarm]:
    """Return every alarm that stands, in full."""
    rows = await connection.fetch(
        "SELECT rule, rule_version, device_id, severity, raised_seq, raised_at,"
        " measured_at, value, threshold, handling, window_id FROM alarm"
        " WHERE cleared_seq IS NULL ORDER BY id"
    )
    return [
        StandingAlarm(
            key=(row["rule"], row["rule_version"], row["device_id"]),
            severity=row["severity"],
            raised_seq=row["raised_seq"],
            raised_at=row["raised_at"],
            measured_at=row["measured_at"],
            value=row["value"],
            threshold=row["threshold"],
            handling=row["handling"],
            window_id=row["window_id"],
        )
        for row in rows
    ]


async def raise_alarms(
    connection: Connection, alarms: Sequence[NewAlarm]
) -> dict[AlarmMoment, int]:
    """Raise alarms and return the id of each by its `moment`."""
    rows = await connection.fetch(
        _RAISE,
        [a.rule for a in alarms],
        [a.rule_version for a in alarms],
        [a.device_id for a in alarms],
        [a.severity for a in alarms],
        [a.raised_seq for a in alarms],
        [a.raised_at for a in alarms],
        [a.measured_at for a in alarms],
        [a.value for a in alarms],
        [a.threshold for a in alarms],
        [a.reason_zh for a in alarms],
        [a.reason_en for a in alarms],
    )
    return {
        (
            row["rule"],
            row["rule_version"],
            row["device_id"],
            row["raised_seq"],
            row["measured_at"],
        ): row["id"]
        for row in rows
    }


async def change_alarms(connection: Connection, changes: Sequence[AlarmChange]) -> None:
    """Write how alarms stand now; no alarm twice."""
    await connection.execute(
        _CHANGE,
        [c.id for c in changes],
        [c.severity for c in changes],
        [c.cleared_seq for c in changes],
        [c.cleared_at for c in changes],
        [c.handling for c in changes],
        [c.window_id for c in changes],
    )


async def withdraw_alarms(
    connection: Connection, keys: Iterable[AlarmKey], *, seq: int, at: datetime
) -> None:
    """Clear alarms that nobody judges any longer; their cases hear nothing of it."""
    rules, versions, devices = _columns(sorted(set(keys)), 3)
    await connection.execute(
        "UPDATE alarm a SET cleared_seq = $4, cleared_at = greatest(raised_at, $5)"
        " FROM unnest($1::text[], $2::integer[], $3::integer[])"
        " AS k (rule, version, device_id)"
        " WHERE a.rule = k.rule AND a.rule_version = k.version"
        " AND a.device_id = k.device_id AND a.cleared_seq IS NULL",
        rules,
        versions,
        devices,
        seq,
        at,
    )


def _columns(keys: Sequence[AlarmKey], width: int) -> list[list[object]]:
    return [[key[place] for key in keys] for place in range(width)]
