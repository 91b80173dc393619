"""Explanations of alarms and cases, their bundles, and corrections."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Caller, Viewer
from api.answer import Page, answer, answer_page
from api.parts import Database, Held
from api.problems import Kind, ProblemError, not_found
from api.queries import NewestPageQuery
from rules.bundle.whole import Whole, explain_alarm
from store.alarms.corrections import CorrectionRow, corrections
from store.alarms.explained import alarm_facts, alarm_of_case
from store.connection import Connection

router = APIRouter(tags=["rules"])

LONGEST_H = 2.0
"""Hours before a decision that are read for an answer; `gezhi explain` reads more."""

AlarmId = Annotated[int, Path(ge=1, lt=2**63)]
CaseName = Annotated[str, Path(pattern=r"^[0-9]{1,19}$")]


class CorrectionQuery(NewestPageQuery, extra="forbid"):
    """Which corrections."""

    alarm: int | None = Field(None, ge=1, lt=2**63, description="Of this alarm.")
    case: int | None = Field(None, ge=1, lt=2**63, description="Of this case's id.")
    standing: bool | None = Field(
        None, description="Those that are true; false: those that later samples undid."
    )


@router.get("/alarms/{alarm_id}/explanation", response_model=Whole)
async def explain(
    parts: Held, database: Database, caller: Viewer, alarm_id: AlarmId
) -> Response:
    """Explain an alarm: rule, limits, states, samples, what became of it, and why."""
    whole, _ = await _explained(database, caller, alarm_id, parts.time_zone)
    return answer(whole)


@router.get("/alarms/{alarm_id}/bundle", response_class=Response)
async def bundle(
    parts: Held, database: Database, caller: Viewer, alarm_id: AlarmId
) -> Response:
    """Give what an alarm was decided on, for `gezhi replay`; hashed piece by piece."""
    whole, octets = await _explained(database, caller, alarm_id, parts.time_zone)
    if not octets:
        raise ProblemError(Kind.NOT_FOUND, whole.why_not)
    return Response(octets, media_type="application/json")


@router.get("/cases/{case}/explanation", response_model=Whole)
async def explain_case(
    parts: Held, database: Database, caller: Viewer, case: CaseName
) -> Response:
    """Explain the alarm that opened a case, by the case's number or id."""
    alarm_id = await alarm_of_case(database, case)
    if alarm_id is None:
        raise not_found("case", case)
    whole, _ = await _explained(database, caller, alarm_id, parts.time_zone)
    return answer(whole)


@router.get("/corrections", response_model=Page[CorrectionRow])
async def list_corrections(
    request: Request,
    database: Database,
    caller: Viewer,
    query: Annotated[CorrectionQuery, Query()],
) -> Response:
    """List what late samples would have changed, newest first.

    One that more late samples have made untrue stays in the list and says when, why,
    and which one stands in its place.
    """
    rows = await corrections(
        database,
        scope=caller.unit_id,
        alarm_id=query.alarm,
        case_id=query.case,
        is_standing=query.standing,
        before=query.after,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


async def _explained(
    database: Connection, caller: Caller, alarm_id: int, time_zone: str
) -> tuple[Whole, bytes]:
    alarm = await alarm_facts(database, alarm_id)
    if alarm is None or caller.unit_id not in (None, alarm.unit_id):
        raise not_found("alarm", str(alarm_id))
    found = await explain_alarm(
        database, alarm_id, time_zone=time_zone, longest_h=LONGEST_H
    )
    if found is None:
        raise not_found("alarm", str(alarm_id))
    return found
