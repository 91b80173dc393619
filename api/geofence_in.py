"""A geofence as a request draws it, read and checked; PUT and preview share it."""

import json
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from api.problems import Fault, Kind, ProblemError
from devices.registry.fields import Fields
from devices.registry.row_readers import geofence as read_geofence
from devices.registry.sheet import GEOMETRY, Line
from store.registry.rows import GeofenceRow
from vocabulary.registry_facts import GeofenceFacts, GeofenceShape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devices.registry.import_result import Problem

LONGEST_WKT = 1_000_000
"""Characters of a shape: some ten thousand corners."""

RIGHT = {
    "radius_m": "metres, for a circle or corridor only",
    "kind": "a word in small letters, such as no_entry",
    "shape": "polygon, circle or corridor",
    GEOMETRY: "GeoJSON or WKT in degrees, WGS-84: a polygon's area, a circle's middle,"
    " a corridor's line",
}
"""What would be right, by field."""

NAMES = ("name_zh", "name_en")


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


def row_of(code: str, body: GeofenceIn) -> GeofenceRow:
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
        raise _refusal(problems)
    return row


def facts_of(row: GeofenceRow, *, fence_id: int = 0) -> GeofenceFacts:
    """Return a row as rules know it; the id is of no account until it is stored."""
    return GeofenceFacts(
        id=fence_id,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        shape=GeofenceShape(row.shape),
        geometry=row.geometry,
        radius_m=row.radius_m,
        kind=row.kind,
    )


def _refusal(problems: "Sequence[Problem]") -> ProblemError:
    faults = [
        Fault(f"body.{p.column}", p.message, RIGHT.get(p.column, "a text"))
        for p in problems
    ]
    return ProblemError(Kind.INVALID, faults[0].wrong, errors=faults)
