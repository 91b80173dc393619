"""Where every vehicle is."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.access import Viewer
from api.answer import Page, answer_page
from api.parts import Database
from api.queries import IdPageQuery
from store.telemetry.read import LastPositionRow, last_positions

router = APIRouter(tags=["vehicles"])


@router.get("/positions", response_model=Page[LastPositionRow])
async def list_positions(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[IdPageQuery, Query()],
) -> Response:
    """List every vehicle with its newest believable fix, if it ever had one."""
    rows = await last_positions(database, after=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].device_id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))
