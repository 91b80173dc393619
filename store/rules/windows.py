"""Maintenance windows as rows: who asked for them, what they cover, what they kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from store.journal.body import json_body
from store.journal.entries import Kind, append

MOST_KEPT = 1000
"""Most alarms that are listed with a window; the others are in `/alarms?window=`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWindow:
    """A window about to begin.

    Attributes:
        component_id: This component; None for any. So the others.
        circuit_id: This device and all that hangs from it.
        gateway_id: This gateway and every device it speaks for.
        device_id: This device alone.
        cell_id: This grid cell.
        rule: Code of this rule.
        safety: Whether matters of safety are kept back too.
        from_at: When it begins.
        until_at: When it is over.
        reason: Why.
        owner: Who asked for it.
        unit_id: The department it is of; None for the centre's.
    """

    component_id: int | None = None
    circuit_id: int | None = None
    gateway_id: int | None = None
    device_id: int | None = None
    cell_id: int | None = None
    rule: str | None = None
    safety: bool = False
    from_at: datetime
    until_at: datetime
    reason: str
    owner: str
    unit_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowRow:
    """One window as it is listed.

    Attributes:
        id: `maintenance_window.id`.
        component: Code of the component; None for any. So the others.
        circuit: Code of the device from which the circuit hangs.
        gateway: Code of the gateway, with every device it speaks for.
        device: Code of the device alone.
        cell: Code of the grid cell.
        rule: Code of the rule.
        safety: Whether matters of safety are kept back too.
        from_at: When it begins.
        until_at: When it is over.
        reason: Why.
        owner: Who asked for it.
        unit: Code of the department it is of; None for the centre's.
        created_at: When it was put in.
        ended_at: When it was ended early, if it was.
        ended_by: By whom.
        suppressed: How many alarms it has kept back.
        standing: How many of those still stand.
    """

    id: int
    component: str | None
    circuit: str | None
    gateway: str | None
    device: str | None
    cell: str | None
    rule: str | None
    safety: bool
    from_at: datetime
    until_at: datetime
    reason: str
    owner: str
    unit: str | None
    created_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    suppressed: int
    standing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAlarm:
    """One alarm that a window kept back.

    Attributes:
        id: `alarm.id`.
        rule: Code of the rule that raised it.
        device: Code of the device it stands on.
        severity: minor, major or critical.
        raised_at: Journal time it was raised at.
        cleared_at: Journal time it was cleared at; None while it stands.
        handling: What became of it; maintenance if the window still keeps it, or kept
            it to its end.
        case_id: The case that it filed or hit after the window, if any.
    """

    id: int
    rule: str
    device: str
    severity: str
    raised_at: datetime
    cleared_at: datetime | None
    handling: str
    case_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowDetail(WindowRow):
    """One window with what it kept back.

    Attributes:
        kept: The alarms, newest first; the newest of very many.
    """

    kept: Sequence[KeptAlarm]


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowFacts:
    """One window as the rules worker needs it.

    Attributes:
        id: `maintenance_window.id`.
        component_id: This component; None for any. So the others.
        circuit_id: This device and all that hangs from it.
        gateway_id: This gateway and every device it speaks for.
        device_id: This device alone.
        cell_id: This grid cell.
        rule: Code of this rule.
        safety: Whether matters of safety are kept back too.
        from_at: When it begins.
        until_at: When it is over.
    """

    id: int
    component_id: int | None
    circuit_id: int | None
    gateway_id: int | None
    device_id: int | None
    cell_id: int | None
    rule: str | None
    safety: bool
    from_at: datetime
    until_at: datetime


_ROWS = """
SELECT w.id, c.code AS component, d.code AS circuit, gw.code AS gateway,
    one.code AS device, g.code AS cell, w.rule, w.safety, w.from_at, w.until_at,
    w.reason, w.owner, u.code AS unit, w.created_at, w.ended_at, w.ended_by,
    count(a.id) AS suppressed,
    count(a.id) FILTER (WHERE a.cleared_seq IS NULL) AS standing
FROM maintenance_window w
LEFT JOIN component c ON c.id = w.component_id
LEFT JOIN device d ON d.id = w.circuit_id
LEFT JOIN gateway gw ON gw.id = w.gateway_id
LEFT JOIN device one ON one.id = w.device_id
LEFT JOIN grid_cell g ON g.id = w.cell_id
LEFT JOIN unit u ON u.id = w.unit_id
LEFT JOIN alarm a ON a.window_id = w.id
WHERE {where}
GROUP BY w.id, c.code, d.code, gw.code, one.code, g.code, u.code
ORDER BY w.id DESC LIMIT {limit}
"""

_LIST = _ROWS.format(
    where="($1::integer IS NULL OR w.unit_id = $1)"
    " AND ($2::bigint IS NULL OR w.id < $2)"
    " AND ($3::timestamptz IS NULL OR w.until_at > $3)",
    limit="$4",
)

_ONE = _ROWS.format(
    where="($1::integer IS NULL OR w.unit_id = $1) AND w.id = $2", limit=1
)


async def windows(
    connection: Connection,
    *,
    scope: int | None,
    before: int | None,
    not_over_at: datetime | None,
    limit: int,
) -> list[WindowRow]:
    """Return windows, newest first.

    Args:
        connection: Any.
        scope: Only this unit's; None for all.
        before: Only those with a smaller id.
        not_over_at: Only those that are not over at this time.
        limit: Most rows.
    """
    rows = await connection.fetch(_LIST, scope, before, not_over_at, limit)
    return [WindowRow(**row) for row in rows]


async def window(
    connection: Connection, window_id: int, *, scope: int | None
) -> WindowRow | None:
    """Return one window; None if there is none or it is another unit's."""
    row = await connection.fetchrow(_ONE, scope, window_id)
    return WindowRow(**row) if row else None


async def window_detail(
    connection: Connection, window_id: int, *, scope: int | None
) -> WindowDetail | None:
    """Return the same as `window`, with the alarms it kept back."""
    row = await connection.fetchrow(_ONE, scope, window_id)
    if row is None:
        return None
    return WindowDetail(**row, kept=await _kept_by(connection, window_id))


async def _kept_by(connection: Connection, window_id: int) -> list[KeptAlarm]:
    rows = await connection.fetch(
        "SELECT a.id, a.rule, d.code AS device, a.severity, a.raised_at, a.cleared_at,"
        " a.handling, a.case_id FROM alarm a JOIN device d ON d.id = a.device_id"
        " WHERE a.window_id = $1 ORDER BY a.id DESC LIMIT $2",
        window_id,
        MOST_KEPT,
    )
    return [KeptAlarm(**row) for row in rows]


async def windows_from(connection: Connection, at: datetime) -> list[WindowFacts]:
    """Return the windows that are not over at a time, by ascending id."""
    rows = await connection.fetch(
        "SELECT id, component_id, circuit_id, gateway_id, device_id, cell_id, rule,"
        " safety, from_at, until_at"
        " FROM maintenance_window WHERE until_at > $1 ORDER BY id",
        at,
    )
    return [WindowFacts(**row) for row in rows]


async def insert_window(
    connection: Connection, new: NewWindow, *, at: datetime, shard: int = 0
) -> int:
    """Put a window in and tell the journal; the transaction should end with it."""
    window_id: int = await connection.fetchval(
        "INSERT INTO maintenance_window (component_id, circuit_id, cell_id, rule,"
        " safety, from_at, until_at, reason, owner, unit_id, created_at, gateway_id,"
        " device_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " RETURNING id",
        new.component_id,
        new.circuit_id,
        new.cell_id,
        new.rule,
        new.safety,
        new.from_at,
        new.until_at,
        new.reason,
        new.owner,
        new.unit_id,
        at,
        new.gateway_id,
        new.device_id,
    )
    await _tell(connection, window_id, at, shard)
    return window_id


async def end_window(
    connection: Connection, window_id: int, *, by: str, at: datetime, shard: int = 0
) -> bool:
    """End a window now and tell the journal; False if it is over already.

    One that has not begun is over before it begins.
    """
    found = await connection.fetchval(
        "UPDATE maintenance_window SET until_at = greatest(from_at, $2), ended_at = $2,"
        " ended_by = $3 WHERE id = $1 AND until_at > $2 RETURNING id",
        window_id,
        at,
        by,
    )
    if found is None:
        return False
    await _tell(connection, window_id, at, shard)
    return True


async def _tell(
    connection: Connection, window_id: int, at: datetime, shard: int
) -> None:
    body = json_body({"window": window_id})
    await append(connection, Kind.RULES, body, at=at, shard=shard)
