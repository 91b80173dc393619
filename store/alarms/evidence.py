"""Evidence of cases: samples read around a decision, and what is kept of them."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from store.connection import Connection

MOST_SAMPLES = 200
"""Most samples that one piece of evidence keeps: those nearest to the decision."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which samples are evidence.

    Attributes:
        device_id: Of this device.
        quantity: This quantity; None for all that the device tells.
        after: Measured after this time, aware.
        until: Measured at or before this time, aware.
        newest: Whether the newest are kept when there are too many, or the oldest.
    """

    device_id: int
    quantity: str | None
    after: datetime
    until: datetime
    newest: bool


@dataclass(frozen=True, slots=True)
class ReadingSamples:
    """Samples of one series, oldest first.

    Attributes:
        quantity: What was measured.
        rows: `measured_at`, value in the quantity's unit, `Quality` bits.
        left_off: Whether the window held more.
    """

    quantity: str
    rows: list[tuple[datetime, float, int]]
    left_off: bool


@dataclass(frozen=True, slots=True)
class FixSamples:
    """Fixes of one device, oldest first.

    Attributes:
        rows: `fixed_at`, lon and lat in degrees, speed in km/h or None, `Quality` bits.
        left_off: Whether the window held more.
    """

    rows: list[tuple[datetime, float, float, float | None, int]]
    left_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A case whose samples after the decision are still to be copied.

    Attributes:
        case_id: `case_file.id`.
        device_id: The device that told.
        quantity: The quantity judged; None for all that the device tells.
        measured_at: The deciding sample's own time.
        due_at: When the journal has gone far enough.
        kind: samples_after, or recovered: what it said since it was back to normal.
    """

    case_id: int
    device_id: int
    quantity: str | None
    measured_at: datetime
    due_at: datetime
    kind: str = "samples_after"


_SERIES = """
SELECT id, quantity FROM series
WHERE device_id = $1 AND ($2::text IS NULL OR quantity = $2) ORDER BY quantity
"""

_READINGS = """
SELECT measured_at, value, quality FROM reading
WHERE series_id = $1 AND measured_at > $2 AND measured_at <= $3
ORDER BY measured_at {order} LIMIT $4
"""

_FIXES = """
SELECT fixed_at, lon_e7 / 1e7::double precision, lat_e7 / 1e7::double precision,
    speed_kmh, quality
FROM "position"
WHERE device_id = $1 AND fixed_at > $2 AND fixed_at <= $3
ORDER BY fixed_at {order}, lon_e7, lat_e7 LIMIT $4
"""

_INSERT_DUE = """
INSERT INTO evidence_due (case_id, device_id, quantity, measured_at, due_at, kind)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (case_id, kind) DO UPDATE
    SET device_id = excluded.device_id, quantity = excluded.quantity,
        measured_at = excluded.measured_at, due_at = excluded.due_at
    WHERE evidence_due.kind = 'recovered'
"""

_TAKE_DUE = """
DELETE FROM evidence_due WHERE (case_id, kind) IN (
    SELECT case_id, kind FROM evidence_due WHERE due_at <= $1
    ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
)
RETURNING case_id, device_id, quantity, measured_at, due_at, kind
"""


async def readings_in(connection: Connection, window: Window) -> list[ReadingSamples]:
    """Return the readings of a window, one item for each series that has any."""
    series = await connection.fetch(_SERIES, window.device_id, window.quantity)
    found = []
    for series_id, quantity in series:
        rows, left_off = await _nearest(connection, _READINGS, series_id, window)
        if rows:
            samples = [(at, value, quality) for at, value, quality in rows]
            found.append(ReadingSamples(quantity, samples, left_off))
    return found


async def fixes_in(connection: Connection, window: Window) -> FixSamples | None:
    """Return the fixes of a window; None if there are none."""
    rows, left_off = await _nearest(connection, _FIXES, window.device_id, window)
    fixes = [(at, lon, lat, kmh, quality) for at, lon, lat, kmh, quality in rows]
    return FixSamples(fixes, left_off) if fixes else None


async def insert_evidence(
    connection: Connection, case_id: int, *, kind: str, at: datetime, body: bytes
) -> None:
    """Keep one piece of evidence; `body` is JSON."""
    await connection.execute(
        "INSERT INTO evidence (case_id, kind, taken_at, body)"
        " VALUES ($1, $2, $3, $4::text::jsonb)",
        case_id,
        kind,
        at,
        body.decode(),
    )


async def has_rule_evidence(
    connection: Connection, case_id: int, *, rule: str, version: int
) -> bool:
    """Tell whether a case already holds this version of a rule."""
    query = """
        SELECT EXISTS (
            SELECT FROM evidence
            WHERE case_id = $1 AND kind = 'rule' AND body ->> 'rule' = $2
                AND (body ->> 'rule_version')::integer = $3
        )
    """
    return bool(await connection.fetchval(query, case_id, rule, version))


async def insert_due(connection: Connection, due: Due) -> None:
    """Ask for samples to be copied later.

    Asked twice, those after a decision are copied for the first, and those that prove a
    recovery for the last.
    """
    await connection.execute(
        _INSERT_DUE,
        due.case_id,
        due.device_id,
        due.quantity,
        due.measured_at,
        due.due_at,
        due.kind,
    )


async def has_recovered(connection: Connection, case_id: int) -> bool:
    """Tell whether a case's own sensor says that it is over."""
    query = "SELECT recovered_at IS NOT NULL FROM case_file WHERE id = $1"
    return bool(await connection.fetchval(query, case_id))


async def take_due(connection: Connection, now: datetime, limit: int) -> list[Due]:
    """Take what is due; it is due no more once the transaction commits."""
    rows = await connection.fetch(_TAKE_DUE, now, limit)
    return [Due(**row) for row in rows]


async def _nearest(
    connection: Connection, query: str, owner_id: int, window: Window
) -> tuple[list[asyncpg.Record], bool]:
    rows = await connection.fetch(
        query.format(order="DESC" if window.newest else "ASC"),
        owner_id,
        window.after,
        window.until,
        MOST_SAMPLES + 1,
    )
    kept = rows[:MOST_SAMPLES]
    return kept[::-1] if window.newest else kept, len(rows) > MOST_SAMPLES
