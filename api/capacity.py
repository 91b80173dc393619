"""How many cases a day each department says it can take."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.access import Department, Viewer
from api.answer import Page, answer
from api.parts import Database, Held
from api.problems import Kind, ProblemError, not_found
from store.access import Role, unit_id_of
from store.rules.capacity import CapacityRow, capacities, state_capacity

router = APIRouter(prefix="/capacity", tags=["rules"])


class CapacityIn(BaseModel, extra="forbid"):
    """What a unit can take."""

    cases_per_day: float = Field(gt=0, le=1e6)


@router.get("", response_model=Page[CapacityRow])
async def list_capacities(database: Database, _: Viewer) -> Response:
    """List what units have stated, by their codes."""
    return answer(Page(await capacities(database), None))


@router.put("/{unit}", response_model=Page[CapacityRow])
async def put_capacity(
    parts: Held,
    database: Database,
    caller: Department,
    unit: Annotated[str, Path(max_length=100)],
    body: CapacityIn,
) -> Response:
    """State what a unit can take: its own token may, or a supervisor's."""
    unit_id = await unit_id_of(database, unit)
    if unit_id is None:
        raise not_found("unit", unit)
    is_above = caller.unit_id is None and caller.role.rank >= Role.SUPERVISOR.rank
    if not is_above and caller.unit_id != unit_id:
        raise ProblemError(Kind.NOT_ALLOWED, f"this token does not speak for {unit}")
    await state_capacity(
        database, unit_id, body.cases_per_day, author=caller.name, at=parts.clock()
    )
    return answer(Page(await capacities(database), None))
