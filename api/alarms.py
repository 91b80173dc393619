"""Alarms: what rules found on devices."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Viewer
from api.answer import Page, answer_page
from api.parts import Database
from api.queries import NewestPageQuery
from store.alarms.read import AlarmFilter, AlarmRow, alarms

router = APIRouter(tags=["rules"])


class AlarmQuery(NewestPageQuery, extra="forbid"):
    """Which alarms."""

    active: bool | None = Field(None, description="Standing ones, or cleared ones.")
    device_id: int | None = Field(None, ge=1, lt=2**31, description="On this device.")
    rule: str | None = Field(None, max_length=100, description="Raised by this rule.")
    handling: str | None = Field(
        None,
        max_length=20,
        description="filed, waiting, brief, member, storm, maintenance, unstable, "
        "shadow or noted.",
    )
    window: int | None = Field(
        None, ge=1, lt=2**63, description="Kept back by this maintenance window."
    )


@router.get("/alarms", response_model=Page[AlarmRow])
async def list_alarms(
    request: Request,
    database: Database,
    caller: Viewer,
    query: Annotated[AlarmQuery, Query()],
) -> Response:
    """List alarms, newest first. A unit's token sees those of its cases only."""
    rows = await alarms(
        database,
        AlarmFilter(
            is_active=query.active,
            device_id=query.device_id,
            rule=query.rule,
            handling=query.handling,
            window_id=query.window,
        ),
        scope=caller.unit_id,
        before=query.after,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))
