"""Drawing, changing and removing a geofence; each is a journal entry."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Header
from starlette.responses import Response

from api.access import Admin, Caller, refuse_units
from api.geofence_in import GeofenceIn, row_of
from api.geofence_shown import (
    Code,
    GeofenceOut,
    answer_shown,
    row_from,
    shown,
    tag_of,
)
from api.parts import Database, Held, Parts
from api.problems import Kind, ProblemError, not_found
from rules.lifecycle.fence_users import fence_users
from store.connection import Connection
from store.journal import entries as journal
from store.registry.facts import lock_registry, move_version
from store.registry.geofences import GeofenceLine, geofence, vehicles_of_area
from store.registry.rows import GeofenceRow, Rows
from store.registry.write import remove_geofence, write_rows

router = APIRouter(prefix="/geofences", tags=["devices"])

ANY = "*"
"""`If-None-Match: *` asks for a new one, `If-Match: *` for any that there is
(RFC 9110 §13.1)."""

IfMatch = Annotated[
    str | None,
    Header(
        max_length=200,
        description="The `tag` it was read with: only if nobody has changed it since.",
    ),
]
"""RFC 9110 §13.1.1; without it the last one wins."""

MOST_NAMED = 5
"""So many vehicles or rules are named in a refusal."""


@router.put("/{code}", response_model=GeofenceOut)
async def put_geofence(
    parts: Held,
    database: Database,
    caller: Admin,
    *,
    code: Code,
    body: GeofenceIn,
    if_none_match: Annotated[
        str | None, Header(description="`*`: only if there is none of this code.")
    ] = None,
    if_match: IfMatch = None,
) -> Response:
    """Make or change a geofence; for administrators.

    Rules judge by it from the journal's next entry on. Everything that is wrong is told
    at once; what is as it was changes nothing.
    """
    refuse_units(caller)
    row = row_of(code, body)
    async with database.transaction():
        await lock_registry(database)
        found = await geofence(database, code)
        before = None if found is None else row_from(*found)
        if before is not None and if_none_match == ANY:
            raise _taken(before)
        _refuse_changed(before, if_match)
        if row != before:
            await write_rows(database, Rows(geofences={code: row}))
            await _tell(database, parts, caller, code=code, before=before, after=row)
    status = 201 if before is None else 200
    return answer_shown(await shown(database, code), status=status)


@router.delete("/{code}", status_code=204)
async def delete_geofence(
    parts: Held,
    database: Database,
    caller: Admin,
    *,
    code: Code,
    if_match: IfMatch = None,
) -> Response:
    """Remove a geofence; for administrators.

    From the journal's next entry on no rule judges by it: who was in it has left it.
    What was judged before stays: alarms, cases, and backtests under the fences of then.
    Refused while a vehicle works in it, or a rule that judges names it by its code.
    """
    refuse_units(caller)
    async with database.transaction():
        await lock_registry(database)
        found = await geofence(database, code)
        if found is None:
            raise not_found("geofence", code)
        before = row_from(*found)
        _refuse_changed(before, if_match)
        await _refuse_in_use(database, found[0])
        await remove_geofence(database, code)
        await _tell(database, parts, caller, code=code, before=before, after=None)
    return Response(status_code=204)


async def _tell(
    database: Connection,
    parts: Parts,
    caller: Caller,
    *,
    code: str,
    before: GeofenceRow | None,
    after: GeofenceRow | None,
) -> None:
    """Move the registry's version, and say in the journal what became of a fence."""
    entry = {
        "version": await move_version(database),
        "geofence": {
            "code": code,
            "by": caller.name,
            "before": before,
            "after": after,
        },
    }
    await journal.append(
        database, journal.Kind.REGISTRY, orjson.dumps(entry), at=parts.clock()
    )


async def _refuse_in_use(database: Connection, line: GeofenceLine) -> None:
    """Refuse to remove what a vehicle or a rule needs.

    Raises:
        ProblemError: If one does.
    """
    vehicles = await vehicles_of_area(database, line.id)
    if vehicles:
        names = _named(vehicles)
        raise ProblemError(
            Kind.FENCE_IN_USE,
            f"it is the work area of {names}; give them another one first",
            detail_zh=f"它是 {names} 的作业区，请先改派作业区",
        )
    rules = [user.code for user in await fence_users(database) if user.names(line.code)]
    if rules:
        names = _named(rules)
        raise ProblemError(
            Kind.FENCE_IN_USE,
            f"rules that judge name it by its code: {names}; change or retire them",
            detail_zh=f"在用规则按编号引用了它：{names}，请先修改或停用规则",
        )


def _refuse_changed(before: GeofenceRow | None, if_match: str | None) -> None:
    """Refuse to overwrite what the asker has not seen.

    Raises:
        ProblemError: If the geofence is not what it was when they read it.
    """
    if if_match is None:
        return
    if before is None or if_match not in {ANY, tag_of(before)}:
        raise ProblemError(
            Kind.FENCE_CHANGED,
            "it is not as you have read it: load it again, then change that",
            detail_zh="您打开之后，别人改过或删除了这个围栏；请重新载入后再改",
        )


def _named(codes: list[str]) -> str:
    more = f" … ({len(codes)})" if len(codes) > MOST_NAMED else ""
    return ", ".join(codes[:MOST_NAMED]) + more


def _taken(row: GeofenceRow) -> ProblemError:
    return ProblemError(
        Kind.CODE_TAKEN,
        f"{row.code} is taken by {row.name_en}; take another code, or change that one",
        detail_zh=f"编号 {row.code} 已被“{row.name_zh}”占用，请换一个编号",
    )
