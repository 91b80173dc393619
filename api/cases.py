"""Cases (案卷): what is wrong, where, whose it is, why, and what was done."""

from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, JsonValue, StringConstraints
from starlette.responses import Response

from api.access import Caller, Dispatcher, Viewer
from api.answer import Page, answer, answer_page
from api.parts import Database, Held
from api.problems import Kind, ProblemError, not_found
from api.queries import (
    MOST_ROWS,
    IdPageQuery,
    Instant,
    KeyPageQuery,
    OldestPageQuery,
    key_of,
)
from store.cases.member_read import MemberRow, members_of
from store.cases.read import (
    CaseFilter,
    CaseRow,
    EvidenceRow,
    StepRow,
    case,
    cases,
    evidence,
    steps,
)
from store.cases.splits import SplitRow, split_case, splits_of
from store.connection import Connection

router = APIRouter(prefix="/cases", tags=["cases"])

CaseId = Annotated[int, Path(ge=1, lt=2**63)]


class CaseQuery(KeyPageQuery, extra="forbid"):
    """Which cases."""

    open: bool | None = Field(None, description="Open ones, or closed ones.")
    severity: Literal["minor", "major", "critical"] | None = Field(
        None, description="Of this severity."
    )
    stage: str | None = Field(None, max_length=40, description="At this stage.")
    unit: str | None = Field(None, max_length=100, description="For this unit's code.")
    cell: str | None = Field(None, max_length=20, description="In this grid cell.")
    simulated: bool | None = Field(None, description="Drills only, or none of them.")
    needs_rework: bool | None = Field(
        None, description="Said to be done while their sensor says bad, or not."
    )
    came_back: bool | None = Field(
        None, description="Reopened, or after a solved one of the same problem."
    )
    since: Instant | None = Field(None, alias="from", description="Opened from here.")
    until: Instant | None = Field(None, alias="to", description="Opened before.")


class SplitIn(BaseModel, extra="forbid"):
    """Why members have nothing to do with each other."""

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)
    ]


class EvidenceOut(BaseModel):
    """One piece of evidence; `body` depends on `kind`."""

    id: int
    kind: Literal[
        "rule",
        "samples_before",
        "samples_after",
        "registry",
        "hit",
        "correction",
        "recovered",
    ]
    taken_at: str = Field(description="Journal time.")
    body: JsonValue


@router.get("", response_model=Page[CaseRow])
async def list_cases(
    request: Request,
    database: Database,
    caller: Viewer,
    query: Annotated[CaseQuery, Query()],
) -> Response:
    """List cases, newest first. A unit's token sees its own only."""
    rows = await cases(
        database,
        _filter(query),
        scope=caller.unit_id,
        after=query.key(),
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    after = key_of(last.opened_at, last.id) if last else ""
    return answer_page(request, rows, limit=query.limit, after=after)


@router.get("/{case_id}", response_model=CaseRow)
async def one_case(database: Database, caller: Viewer, case_id: CaseId) -> Response:
    """Show one case."""
    return answer(await seen(database, case_id, caller))


@router.get("/{case_id}/steps", response_model=Page[StepRow])
async def list_steps(
    request: Request,
    database: Database,
    caller: Viewer,
    case_id: CaseId,
    query: Annotated[OldestPageQuery, Query()],
) -> Response:
    """List the steps a case took, oldest first: who, what, when, why."""
    await seen(database, case_id, caller)
    rows = await steps(database, case_id, after=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/{case_id}/members", response_model=Page[MemberRow])
async def list_members(
    request: Request,
    database: Database,
    caller: Viewer,
    case_id: CaseId,
    query: Annotated[IdPageQuery, Query()],
) -> Response:
    """List the devices of a group's or a storm's case, each once with its alarms."""
    await seen(database, case_id, caller)
    rows = await members_of(database, case_id, after=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].device_id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/{case_id}/splits", response_model=Page[SplitRow])
async def list_splits(
    request: Request,
    database: Database,
    caller: Viewer,
    case_id: CaseId,
    query: Annotated[OldestPageQuery, Query()],
) -> Response:
    """List who split what the case was made of, and why, oldest first."""
    await seen(database, case_id, caller)
    return await _splits(request, database, case_id, query)


@router.post("/{case_id}/splits", response_model=Page[SplitRow], status_code=201)
async def split(
    request: Request,
    parts: Held,
    database: Database,
    caller: Dispatcher,
    *,
    case_id: CaseId,
    body: SplitIn,
) -> Response:
    """Say that members have nothing to do with each other: each is filed alone."""
    await seen(database, case_id, caller)
    async with database.transaction():
        is_split = await split_case(
            database, case_id, reason=body.reason, by=caller.name, at=parts.clock()
        )
    if not is_split:
        raise ProblemError(
            Kind.NOTHING_TO_SPLIT, f"case {case_id} has no members that stand"
        )
    response = await _splits(
        request, database, case_id, OldestPageQuery(after=0, limit=MOST_ROWS)
    )
    response.status_code = 201
    return response


@router.get("/{case_id}/evidence", response_model=Page[EvidenceOut])
async def list_evidence(
    request: Request,
    database: Database,
    caller: Viewer,
    case_id: CaseId,
    query: Annotated[OldestPageQuery, Query()],
) -> Response:
    """List what proves a case, oldest first: rule, samples, registry, hits, recovery.

    A page of evidence is long: each piece has up to 200 samples of a series.
    """
    await seen(database, case_id, caller)
    rows = await evidence(database, case_id, after=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    shown = [_evidence(row) for row in rows]
    return answer_page(request, shown, limit=query.limit, after=str(last))


async def seen(database: Connection, case_id: int, caller: Caller) -> CaseRow:
    """Return a case that the caller may see.

    Raises:
        ProblemError: If there is none, or it is another unit's.
    """
    found = await case(database, case_id, scope=caller.unit_id)
    if found is None:
        raise not_found("case", case_id)
    return found


async def _splits(
    request: Request, database: Connection, case_id: int, query: OldestPageQuery
) -> Response:
    rows = await splits_of(database, case_id, after=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


def _filter(query: CaseQuery) -> CaseFilter:
    return CaseFilter(
        is_open=query.open,
        severity=query.severity,
        stage=query.stage,
        unit=query.unit,
        cell=query.cell,
        simulated=query.simulated,
        opened_from=query.since,
        opened_before=query.until,
        needs_rework=query.needs_rework,
        came_back=query.came_back,
    )


def _evidence(row: EvidenceRow) -> dict[str, object]:
    return {
        "id": row.id,
        "kind": row.kind,
        "taken_at": row.taken_at,
        "body": orjson.Fragment(row.body),
    }
