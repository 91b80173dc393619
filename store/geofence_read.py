"""Geofences as the API lists and shows them, and who changed them when."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from store.connection import Connection
from store.journal import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceLine:
    """One geofence without its shape's corners.

    Attributes:
        id: `geofence.id`.
        code: Its name in files and rules.
        kind: What it is for, as one word; may be empty.
        name_zh: 中文名称.
        name_en: English name.
        shape: polygon, circle or corridor.
        radius_m: Of a circle; half the width of a corridor; None for a polygon.
        vehicles: How many vehicles it is the work area of.
    """

    id: int
    code: str
    kind: str
    name_zh: str
    name_en: str
    shape: str
    radius_m: float | None
    vehicles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceChange:
    """One change of a geofence, as long as the journal is kept.

    Attributes:
        seq: The journal's entry.
        at: When.
        by: Whose token did it.
        is_new: Whether it made the geofence.
        before: The row before; null if it is new.
        after: The row after.
    """

    seq: int
    at: datetime
    by: str
    is_new: bool
    before: object
    after: object


_LINE = """
SELECT g.id, g.code, g.kind, g.name_zh, g.name_en, g.shape, g.radius_m,
    (SELECT count(*) FROM vehicle v WHERE v.area_id = g.id) AS vehicles
FROM geofence g
"""


async def geofences(
    connection: Connection, *, kind: str | None, after: int, limit: int
) -> list[GeofenceLine]:
    """Return geofences by ascending id.

    Args:
        connection: Any.
        kind: Of this kind; None for all.
        after: With greater ids.
        limit: Most rows.
    """
    rows = await connection.fetch(
        f"{_LINE} WHERE g.id > $1 AND ($2::text IS NULL OR g.kind = $2)"
        " ORDER BY g.id LIMIT $3",
        after,
        kind,
        limit,
    )
    return [GeofenceLine(**row) for row in rows]


async def geofence(
    connection: Connection, code: str
) -> tuple[GeofenceLine, object] | None:
    """Return a geofence and its GeoJSON geometry; None if no such is known."""
    row = await connection.fetchrow(f"{_LINE} WHERE g.code = $1", code)
    if row is None:
        return None
    query = "SELECT geometry::text FROM geofence WHERE code = $1"
    geometry: object = orjson.loads(await connection.fetchval(query, code))
    return GeofenceLine(**row), geometry


async def geofence_changes(
    connection: Connection, code: str, *, limit: int
) -> list[GeofenceChange]:
    """Return what was changed through the API, newest first.

    Args:
        connection: Any.
        code: Of the geofence.
        limit: Most rows.
    """
    rows = await connection.fetch(
        """
        WITH told AS MATERIALIZED (  -- the bodies of other kinds are no text
            SELECT seq, received_at, body FROM journal WHERE kind = $1
        )
        SELECT seq, received_at, convert_from(body, 'UTF8')::jsonb ->> 'geofence' AS it
        FROM told
        WHERE convert_from(body, 'UTF8')::jsonb #>> '{geofence,code}' = $2
        ORDER BY seq DESC LIMIT $3
        """,
        int(Kind.REGISTRY),
        code,
        limit,
    )
    return [
        GeofenceChange(
            seq=row["seq"],
            at=row["received_at"],
            by=told["by"],
            is_new=told["before"] is None,
            before=told["before"],
            after=told["after"],
        )
        for row in rows
        for told in (orjson.loads(row["it"]),)
    ]
