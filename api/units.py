"""Units (责任单位): who may have to act."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Viewer
from api.answer import Page, answer_page
from api.parts import Database
from api.queries import PageQuery
from store.registry.read import UnitRow, units

router = APIRouter(tags=["cases"])


class UnitQuery(PageQuery, extra="forbid"):
    """Which units."""

    after: str = Field("", max_length=100, description="Code of the last one known.")


@router.get("/units", response_model=Page[UnitRow])
async def list_units(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[UnitQuery, Query()],
) -> Response:
    """List the units that cases are addressed to."""
    rows = await units(database, after=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].code if len(rows) > query.limit else ""
    return answer_page(request, rows, limit=query.limit, after=last)
