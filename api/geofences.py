"""Geofences: listed, searched, shown with the rules that look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api import geofence_changes, geofence_preview
from api.access import Viewer
from api.answer import Page, answer, answer_page
from api.geofence_shown import Code, GeofenceOut, answer_shown, shown
from api.parts import Database
from api.queries import IdPageQuery
from rules.lifecycle.fence_users import FenceUser, fence_users
from store.registry.geofences import (
    GeofenceChange,
    GeofenceDrawn,
    GeofenceLine,
    geofence_shapes,
    geofences,
    geofences_by_kind,
)
from store.registry.geofences import geofence_changes as changes_of

router = APIRouter(tags=["devices"])

MOST_CHANGES = 100
"""Changes of a geofence that are shown."""


class GeofenceQuery(IdPageQuery, extra="forbid"):
    """Which geofences."""

    kind: str | None = Field(None, max_length=64, description="Of this kind.")
    text: str | None = Field(
        None, max_length=200, description="With this in code, kind or a name."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceKind:
    """One kind of geofence: in use, or looked for by a rule.

    Attributes:
        kind: The word; empty for those that have none.
        geofences: How many there are.
        rules: Those that name the kind; a kind without any is a label only.
    """

    kind: str
    geofences: int
    rules: Sequence[FenceUser]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofenceKinds:
    """All kinds of geofences.

    Attributes:
        items: Those that rules name first, then by the word.
        rules_of_all: Rules that judge by every geofence.
        rules_of_areas: Rules that judge a vehicle by its own work area.
    """

    items: Sequence[GeofenceKind]
    rules_of_all: Sequence[FenceUser]
    rules_of_areas: Sequence[FenceUser]


@router.get("/geofences", response_model=Page[GeofenceLine])
async def list_geofences(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[GeofenceQuery, Query()],
) -> Response:
    """List geofences, without their corners."""
    rows = await geofences(
        database,
        kind=query.kind,
        text=query.text,
        after=query.after,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/geofence-shapes", response_model=Page[GeofenceDrawn])
async def list_shapes(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[IdPageQuery, Query()],
) -> Response:
    """List geofences with their corners, for a map."""
    rows = await geofence_shapes(database, after=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/geofence-kinds", response_model=GeofenceKinds)
async def list_kinds(database: Database, _: Viewer) -> Response:
    """List the kinds of geofences, and which rules look at each."""
    counts = await geofences_by_kind(database)
    users = await fence_users(database)
    words = counts.keys() | {user.kind for user in users if user.kind}
    items = [
        GeofenceKind(
            kind=word,
            geofences=counts.get(word, 0),
            rules=[user for user in users if word and user.kind == word],
        )
        for word in sorted(words)
    ]
    items.sort(key=lambda item: not item.rules)
    return answer(
        GeofenceKinds(
            items=items,
            rules_of_all=[user for user in users if user.is_of_all],
            rules_of_areas=[user for user in users if user.is_of_areas],
        )
    )


@router.get("/geofences/{code}", response_model=GeofenceOut)
async def one_geofence(database: Database, _: Viewer, code: Code) -> Response:
    """Show one geofence with its shape, and the rules that judge by it."""
    return answer_shown(await shown(database, code))


@router.get("/geofences/{code}/changes", response_model=Sequence[GeofenceChange])
async def changes_of_geofence(database: Database, _: Viewer, code: Code) -> Response:
    """List what was changed here, newest first, as long as the journal is kept.

    Of a geofence that was removed too.
    """
    found = await changes_of(database, code, limit=MOST_CHANGES)
    if not found:
        await shown(database, code)
    return answer(found)


for part in (geofence_changes, geofence_preview):
    router.include_router(part.router)
