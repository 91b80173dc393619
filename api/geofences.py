"""Geofences: listed, shown, drawn and changed, and who changed them when."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import Admin, Viewer
from api.answer import Page, answer, answer_page
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError, not_found
from api.queries import IdPageQuery
from devices.registry.fields import Fields
from devices.registry.row_readers import geofence as read_geofence
from devices.registry.sheet import GEOMETRY, Line
from store import journal
from store.connection import Connection
from store.geofence_read import (
    GeofenceChange,
    GeofenceLine,
    geofence,
    geofence_changes,
    geofences,
)
from store.registry import lock_registry, move_version
from store.registry_by_code import canonical
from store.registry_import import write_rows
from store.registry_rows import GeofenceRow, Rows

if TYPE_CHECKING:
    from devices.registry.import_result import Problem

router = APIRouter(prefix="/geofences", tags=["devices"])

MOST_CHANGES = 100
"""Changes of a geofence that are shown."""

LONGEST_WKT = 1_000_000
"""Characters of a shape: some ten thousand corners."""

Code = Annotated[str, Path(min_length=1, max_length=64)]

RIGHT = {
    "radius_m": "metres, for a circle or corridor only",
    "kind": "a word in small letters, such as no_entry",
    "shape": "polygon, circle or corridor",
    GEOMETRY: "GeoJSON or WKT in degrees, WGS-84: a polygon's area, a circle's middle,"
    " a corridor's line",
}
"""What would be right, by field."""


class GeofenceQuery(IdPageQuery, extra="forbid"):
    """Which geofences."""

    kind: str | None = Field(None, max_length=64, description="Of this kind.")


class GeofenceIn(BaseModel, extra="forbid"):
    """A geofence as it shall be; its code is in the path."""

    name_zh: str = Field(max_length=200)
    name_en: str = Field(max_length=200)
    kind: str = Field("", max_length=64, description="What it is for, as one word.")
    shape: str = Field("polygon", description="polygon, circle or corridor.")
    radius_m: float | None = Field(None, description="Of a circle; half a width.")
    geometry: dict[str, object] | None = Field(None, description="GeoJSON, as drawn.")
    wkt: str | None = Field(
        None, max_length=LONGEST_WKT, description="The same as WKT; one of the two."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceOut:
    """One geofence with its shape.

    Attributes:
        geofence: The geofence.
        geometry: GeoJSON; what crosses the 180th meridian is cut there.
    """

    geofence: GeofenceLine
    geometry: object


@router.get("", response_model=Page[GeofenceLine])
async def list_geofences(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[GeofenceQuery, Query()],
) -> Response:
    """List geofences, without their corners."""
    rows = await geofences(
        database, kind=query.kind, after=query.after, limit=query.limit + 1
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/{code}", response_model=GeofenceOut)
async def one_geofence(database: Database, _: Viewer, code: Code) -> Response:
    """Show one geofence with its shape."""
    return answer(await _known(database, code))


@router.get("/{code}/changes", response_model=Sequence[GeofenceChange])
async def changes_of_geofence(database: Database, _: Viewer, code: Code) -> Response:
    """List what was changed here, newest first, as long as the journal is kept."""
    await _known(database, code)
    return answer(await geofence_changes(database, code, limit=MOST_CHANGES))


@router.put("/{code}", response_model=GeofenceOut)
async def put_geofence(
    parts: Held, database: Database, caller: Admin, code: Code, body: GeofenceIn
) -> Response:
    """Make or change a geofence; for administrators.

    Rules judge by it from the journal's next entry on. Everything that is wrong is told
    at once; what is as it was changes nothing.
    """
    row = _row(code, body)
    async with database.transaction():
        await lock_registry(database)
        before = await _row_before(database, code)
        if row != before:
            await write_rows(database, Rows(geofences={code: row}))
            version = await move_version(database)
            entry = orjson.dumps(
                {
                    "version": version,
                    "geofence": {
                        "code": code,
                        "by": caller.name,
                        "before": before,
                        "after": row,
                    },
                }
            )
            await journal.append(
                database, journal.Kind.REGISTRY, entry, at=parts.clock()
            )
    shown = await _known(database, code)
    return answer(shown, status=201 if before is None else 200)


async def _known(database: Connection, code: str) -> GeofenceOut:
    found = await geofence(database, code)
    if found is None:
        raise not_found("geofence", code)
    return GeofenceOut(geofence=found[0], geometry=found[1])


async def _row_before(database: Connection, code: str) -> GeofenceRow | None:
    found = await geofence(database, code)
    if found is None:
        return None
    line, geometry = found
    return GeofenceRow(
        code=line.code,
        name_zh=line.name_zh,
        name_en=line.name_en,
        shape=line.shape,
        geometry=canonical(geometry),
        radius_m=line.radius_m,
        kind=line.kind,
    )


def _row(code: str, body: GeofenceIn) -> GeofenceRow:
    """Return the row that a request asks for.

    Raises:
        ProblemError: With everything that is wrong with it.
    """
    if (body.geometry is None) == (body.wkt is None):
        fault = Fault("body.geometry", "is not given once", "either geometry or wkt")
        raise ProblemError(Kind.INVALID, fault.wrong, errors=[fault])
    drawn = json.dumps(body.geometry) if body.wkt is None else body.wkt
    radius = "" if body.radius_m is None else repr(body.radius_m)
    texts = {
        "code": code,
        "name_zh": body.name_zh.strip(),
        "name_en": body.name_en.strip(),
        "shape": body.shape.strip(),
        "radius_m": radius,
        "kind": body.kind.strip(),
        GEOMETRY: drawn.strip(),
    }
    problems: list[Problem] = []
    row = read_geofence(Fields(Line("body", 1, texts), problems), "")
    if problems:
        faults = [
            Fault(f"body.{p.column}", p.message, RIGHT.get(p.column, "a text"))
            for p in problems
        ]
        raise ProblemError(Kind.INVALID, faults[0].wrong, errors=faults)
    return row
