"""Moving a case on: what may be done to it by whom, and doing it."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from api.access import Department, Viewer
from api.answer import Page, answer
from api.cases import CaseId, seen
from api.offers import Offer, offers, standing_of
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError
from cases.move_table import Move, Role
from cases.moves import Step, move
from cases.refusal import StepRefusedError
from store.access import unit_id_of
from store.case_read import steps
from store.connection import Connection

router = APIRouter(prefix="/cases/{case_id}/moves", tags=["cases"])

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class MoveIn(BaseModel, extra="forbid"):
    """What to do to a case."""

    move: Move
    note: Text = Field("", description="Reason or result, in words.")
    worker: Text = Field("", description="For `assign`: who shall do it.")
    to_unit: str | None = Field(
        None, max_length=100, description="For `dispatch`: code of another unit."
    )


@router.get("", response_model=Page[Offer])
async def list_moves(database: Database, caller: Viewer, case_id: CaseId) -> Response:
    """List what this token may do to the case, and what stands in the way."""
    found = await seen(database, case_id, caller)
    standing = standing_of(found, await steps(database, case_id))
    return answer(Page(offers(standing, Role(caller.role), caller.unit_id), None))


@router.post("", response_model=Step, status_code=201)
async def make_move(
    parts: Held, database: Database, caller: Department, case_id: CaseId, body: MoveIn
) -> Response:
    """Move a case on, if this token may and the case allows it."""
    await seen(database, case_id, caller)
    try:
        step = await move(
            database,
            case_id,
            body.move,
            actor=caller.name,
            role=Role(caller.role),
            unit_id=caller.unit_id,
            note=body.note,
            at=parts.clock(),
            to_unit_id=await _unit_id(database, body.to_unit),
            worker=body.worker,
        )
    except StepRefusedError as refusal:
        raise _refused(refusal) from refusal
    return answer(step, status=201)


async def _unit_id(database: Connection, code: str | None) -> int | None:
    if code is None:
        return None
    found = await unit_id_of(database, code)
    if found is None:
        fault = Fault("body.to_unit", f"no unit {code!r}", "a code of /api/v1/units")
        raise ProblemError(Kind.INVALID, fault.wrong, errors=[fault])
    return found


def _refused(refusal: StepRefusedError) -> ProblemError:
    return ProblemError(
        Kind.MOVE_REFUSED, str(refusal), detail_zh=refusal.zh, allowed=refusal.allowed
    )
