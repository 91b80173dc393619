"""One geofence as every answer shows it: its row, its shape, the rules that look."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Path
from starlette.responses import Response

from api.answer import answer, encoded
from api.geofence_in import facts_of
from api.problems import not_found
from rules.lifecycle.fence_users import FenceUser, fence_users
from store.connection import Connection
from store.registry.by_code import canonical
from store.registry.geofences import GeofenceLine, geofence
from store.registry.rows import GeofenceRow

TAG_DIGITS = 16
"""Hexadecimal digits that tell two drawings of one geofence apart."""

Code = Annotated[str, Path(min_length=1, max_length=64)]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceOut:
    """One geofence with its shape.

    Attributes:
        geofence: The geofence.
        geometry: GeoJSON; what crosses the 180th meridian is cut there.
        rules: Those that are live or on trial and judge vehicles by it.
        tag: Of all that PUT would change; sent as `If-Match`, changes that somebody
            else has made meanwhile are not overwritten. Also the header `ETag`.
    """

    geofence: GeofenceLine
    geometry: object
    rules: Sequence[FenceUser]
    tag: str


async def shown(connection: Connection, code: str) -> GeofenceOut:
    """Return a geofence.

    Raises:
        ProblemError: If there is none of this code.
    """
    found = await geofence(connection, code)
    if found is None:
        raise not_found("geofence", code)
    line, geometry = found
    row = row_from(line, geometry)
    facts = facts_of(row, fence_id=line.id)
    users = [
        user
        for user in await fence_users(connection)
        if user.judges_by(facts, is_work_area=line.vehicles > 0)
    ]
    return GeofenceOut(geofence=line, geometry=geometry, rules=users, tag=tag_of(row))


def answer_shown(found: GeofenceOut, *, status: int = 200) -> Response:
    """Return a geofence as a response, with its tag."""
    response = answer(found, status=status)
    response.headers["ETag"] = found.tag
    return response


def tag_of(row: GeofenceRow) -> str:
    """Return the tag of a stored geofence, quoted as RFC 9110 wants it."""
    digest = hashlib.sha256(encoded(row)).hexdigest()
    return f'"{digest[:TAG_DIGITS]}"'


def row_from(line: GeofenceLine, geometry: object) -> GeofenceRow:
    """Return a stored geofence as the row that would make it."""
    return GeofenceRow(
        code=line.code,
        name_zh=line.name_zh,
        name_en=line.name_en,
        shape=line.shape,
        geometry=canonical(geometry),
        radius_m=line.radius_m,
        kind=line.kind,
    )
