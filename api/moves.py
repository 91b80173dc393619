"""Moving a case on: what may be done to it by whom, and doing it."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from api.access import Department, Viewer
from api.answer import Page, answer
from api.cases import CaseId, seen
from api.offers import Offer, offers, standing_of, warned
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError
from cases.move_table import Move, Role
from cases.moves import SensorDisagreesError, Step, move, sensor_of
from cases.refusal import StepRefusedError
from cases.routing import shipped_routing
from store.access import unit_id_of
from store.cases.filed import moves_of
from store.cases.rework import standing_alarms
from store.connection import Connection

router = APIRouter(prefix="/cases/{case_id}/moves", tags=["cases"])

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


SAY_SO = Fault("body.confirmed", "the sensor still says bad", "true to close it")
"""What somebody has to say who closes a case against its sensor."""


class MoveIn(BaseModel, extra="forbid"):
    """What to do to a case."""

    move: Move
    note: Text = Field("", description="Reason or result, in words.")
    worker: Text = Field("", description="For `assign`: who shall do it.")
    to_unit: str | None = Field(
        None, max_length=100, description="For `dispatch`: code of another unit."
    )
    confirmed: bool = Field(
        default=False,
        description="Close it although its own sensor still says that it is bad.",
    )


@router.get("", response_model=Page[Offer])
async def list_moves(database: Database, caller: Viewer, case_id: CaseId) -> Response:
    """List what this token may do to the case, and what stands in the way."""
    found = await seen(database, case_id, caller)
    is_asked = shipped_routing().demands_proof(found.type, found.condition)
    proof = await sensor_of(database, case_id) if is_asked else None
    standing = standing_of(found, await moves_of(database, case_id), proof)
    offered = offers(standing, Role(caller.role), caller.unit_id)
    alarms = await standing_alarms(database, case_id)
    return answer(Page(warned(offered, alarms), None))


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
            confirmed=body.confirmed,
        )
    except StepRefusedError as refusal:
        raise _refused(refusal) from refusal
    except SensorDisagreesError as warning:
        raise ProblemError(
            Kind.SENSOR_DISAGREES,
            str(warning),
            detail_zh=warning.zh,
            errors=[SAY_SO],
        ) from warning
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
