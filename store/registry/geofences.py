"""Geofences as the API lists and shows them, and who changed them when."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from store.connection import Connection
from store.journal.entries import Kind


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
        after: The row after; null if it was removed.
    """

    seq: int
    at: datetime
    by: str
    is_new: bool
    before: object
    after: object


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceDrawn:
    """One geofence as a map draws it.

    Attributes:
        id: `geofence.id`.
        code: Its name in files and rules.
        kind: What it is for, as one word; may be empty.
        name_zh: 中文名称.
        name_en: English name.
        shape: polygon, circle or corridor.
        radius_m: Of a circle; half the width of a corridor; None for a polygon.
        geometry: GeoJSON: a polygon's area, a circle's middle, a corridor's line.
    """

    id: int
    code: str
    kind: str
    name_zh: str
    name_en: str
    shape: str
    radius_m: float | None
    geometry: object


_LINE = """
SELECT g.id, g.code, g.kind, g.name_zh, g.name_en, g.shape, g.radius_m,
    (SELECT count(*) FROM vehicle v WHERE v.area_id = g.id) AS vehicles
FROM geofence g
"""


async def geofences(
    connection: Connection,
    *,
    kind: str | None,
    text: str | None = None,
    after: int,
    limit: int,
) -> list[GeofenceLine]:
    """Return geofences by ascending id.

    Args:
        connection: Any.
        kind: Of this kind; None for all.
        text: With this in code, kind or a name, small letters or not; None for all.
        after: With greater ids.
        limit: Most rows.
    """
    rows = await connection.fetch(
        f"{_LINE} WHERE g.id > $1 AND ($2::text IS NULL OR g.kind = $2)"
        " AND ($3::text IS NULL OR strpos(lower(concat_ws(chr(10), g.code, g.kind,"
        " g.name_zh, g.name_en)), lower($3)) > 0)"
        " ORDER BY g.id LIMIT $4",
        after,
        kind,
        text,
        limit,
    )
    return [GeofenceLine(**row) for row in rows]


async def geofence_shapes(
    connection: Connection, *, after: int, limit: int
) -> list[GeofenceDrawn]:
    """Return geofences with their corners, by ascending id.

    Args:
        connection: Any.
        after: With greater ids.
        limit: Most rows.
    """
    rows = await connection.fetch(
        "SELECT id, code, kind, name_zh, name_en, shape, radius_m,"
        " geometry::text AS geometry FROM geofence WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        limit,
    )
    return [
        GeofenceDrawn(**{**row, "geometry": orjson.loads(row["geometry"])})
        for row in rows
    ]


async def geofences_by_kind(connection: Connection) -> dict[str, int]:
    """Return how many geofences there are of each kind, by ascending kind."""
    query = "SELECT kind, count(*) FROM geofence GROUP BY kind ORDER BY kind"
    return {row["kind"]: row["count"] for row in await connection.fetch(query)}


async def vehicles_of_area(connection: Connection, geofence_id: int) -> list[str]:
    """Return the codes of the vehicles whose work area a geofence is."""
    query = "SELECT code FROM vehicle WHERE area_id = $1 ORDER BY code"
    return [row["code"] for row in await connection.fetch(query, geofence_id)]


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
            UNION  -- an entry is copied in the transaction that drops it
            SELECT seq, received_at, body FROM journal_fact WHERE kind = $1
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
