"""Backtests: what rules would have filed, beside what was filed."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, JsonValue, StringConstraints
from starlette.responses import Response

from api.access import Supervisor, refuse_units
from api.answer import Page, answer, answer_page
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError, not_found
from api.queries import Instant, NewestPageQuery, PageQuery
from rules.backtest.job import JobAsk
from rules.files.rule_file import RuleFileError, parse_rule
from store.rules.backtest_jobs import (
    JobRow,
    ask_backtest,
    cancel_job,
    job,
    jobs,
    lines_of_job,
)

router = APIRouter(prefix="/backtests", tags=["rules"])

LONGEST = timedelta(days=31)
"""Of a stretch that may be asked for."""

ALL_CASES = "a backtest tells of every department's cases"
"""Why a token of one unit may not ask for one."""

JobId = Annotated[int, Path(ge=1, lt=2**63)]

Word = Annotated[
    str, StringConstraints(pattern=r"^(live|now|[a-z][a-z0-9-]{0,99}@[0-9]{1,9})$")
]


class BacktestIn(BaseModel, extra="forbid"):
    """Which rules, and on what."""

    rules: list[Word] = Field(
        [],
        max_length=200,
        description="`live`: as they were; `now`: as they are; CODE@VERSION.",
    )
    sources: list[Annotated[str, StringConstraints(max_length=100_000)]] = Field(
        [], max_length=50, description="Rule files as YAML; they come after `rules`."
    )
    since: Instant = Field(alias="from", description="From when.")
    until: Instant = Field(alias="to", description="Up to when.")
    against_live: bool = Field(default=True, description="Compare with what was filed.")
    readings: bool = Field(
        default=False, description="Read stored samples, though the journal has them."
    )


class BacktestOut(BaseModel):
    """One backtest; `report` once it is done, its lines are pages of their own."""

    id: int
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    ask: JsonValue
    author: str
    asked_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    progress: float
    samples: int
    failure: str
    report: JsonValue


class LineQuery(PageQuery, extra="forbid"):
    """Which lines."""

    what: Literal["alarm", "case"] = "alarm"
    after: int = Field(0, ge=0, lt=2**31, description="Place of the last one known.")


@router.post("", response_model=BacktestOut, status_code=202)
async def ask(
    parts: Held, database: Database, caller: Supervisor, body: BacktestIn
) -> Response:
    """Ask for a backtest; it runs when those before it are done."""
    refuse_units(caller, ALL_CASES)
    _refuse_wrong(body)
    asked = JobAsk(
        rules=list(body.rules),
        sources=list(body.sources),
        since=body.since,
        until=body.until,
        against_live=body.against_live,
        readings=body.readings,
    )
    job_id = await ask_backtest(
        database, msgspec.json.encode(asked), author=caller.name, at=parts.clock()
    )
    if job_id is None:
        raise ProblemError(Kind.NOT_READY, "too many backtests wait already")
    return answer(_out(await _row(database, job_id)), status=202)


@router.get("", response_model=Page[BacktestOut])
async def list_backtests(
    request: Request,
    database: Database,
    caller: Supervisor,
    query: Annotated[NewestPageQuery, Query()],
) -> Response:
    """List backtests, newest first."""
    refuse_units(caller, ALL_CASES)
    rows = await jobs(database, before=query.after, limit=query.limit + 1)
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    found = [_out(row) for row in rows]
    return answer_page(request, found, limit=query.limit, after=str(last))


@router.get("/{job_id}", response_model=BacktestOut)
async def show(database: Database, caller: Supervisor, job_id: JobId) -> Response:
    """Show how far a backtest is, or what came of it."""
    refuse_units(caller, ALL_CASES)
    return answer(_out(await _row(database, job_id)))


@router.get("/{job_id}/lines", response_model=Page[JsonValue])
async def list_lines(
    request: Request,
    database: Database,
    caller: Supervisor,
    job_id: JobId,
    query: Annotated[LineQuery, Query()],
) -> Response:
    """List alarms or cases that would have been or were, side by side."""
    refuse_units(caller, ALL_CASES)
    await _row(database, job_id)
    rows = await lines_of_job(
        database, job_id, query.what, after=query.after, limit=query.limit + 1
    )
    last = rows[query.limit - 1].place if len(rows) > query.limit else 0
    found = [orjson.Fragment(row.body) for row in rows]
    return answer_page(request, found, limit=query.limit, after=str(last))


@router.delete("/{job_id}", response_model=BacktestOut)
async def cancel(
    parts: Held, database: Database, caller: Supervisor, job_id: JobId
) -> Response:
    """Take a backtest back; one that is over stays as it is."""
    refuse_units(caller, ALL_CASES)
    await _row(database, job_id)
    await cancel_job(database, job_id, at=parts.clock())
    return answer(_out(await _row(database, job_id)))


async def _row(database: Database, job_id: int) -> JobRow:
    found = await job(database, job_id)
    if found is None:
        raise not_found("backtest", str(job_id))
    return found


def _refuse_wrong(body: BacktestIn) -> None:
    faults = []
    if not body.rules and not body.sources:
        faults.append(Fault("body.rules", "names no rule", "`live` or CODE@VERSION"))
    if not timedelta() < body.until - body.since <= LONGEST:
        faults.append(
            Fault("body.to", "not within 31 days after `from`", "a shorter stretch")
        )
    for place, source in enumerate(body.sources):
        try:
            parse_rule(source, version=1)
        except RuleFileError as error:
            faults.append(
                Fault(f"body.sources[{place}]", str(error), "a sound rule file")
            )
    if faults:
        raise ProblemError(Kind.INVALID, faults[0].wrong, errors=faults)


def _out(row: JobRow) -> dict[str, object]:
    return {
        "id": row.id,
        "state": row.state,
        "ask": orjson.Fragment(row.ask),
        "author": row.author,
        "asked_at": row.asked_at,
        "begun_at": row.begun_at,
        "ended_at": row.ended_at,
        "progress": row.progress,
        "samples": row.samples,
        "failure": row.failure,
        "report": None if row.report is None else orjson.Fragment(row.report),
    }
