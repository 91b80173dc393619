"""The triage file: groups, storm budgets, flapping; its versions, and changing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from api.access import Admin, Viewer, refuse_units
from api.answer import Page, answer, answer_page, answer_whole
from api.parts import Database, Held
from api.problems import Kind, ProblemError, not_found
from api.queries import NewestPageQuery
from api.rule_address import Version
from api.rule_changes import LONGEST, RULES, file_problem
from api.rules import SCHEMA_TYPE
from rules.lifecycle.triage_versions import (
    PutTriage,
    StaleVersionError,
    put_triage,
    triage_changes,
    unknown_rules,
)
from rules.lifecycle.versions import UnknownVersionError
from rules.triage.settings import TriageFileError, read_settings
from store.rules.triage_files import (
    TriageDetail,
    TriageRow,
    triage_version,
    triage_versions,
)
from store.rules.versions import Change

router = APIRouter(prefix="/triage", tags=["rules"])

SEE_SCHEMA = "see /api/v1/triage/schema.json"
"""What to say where a fault does not say itself what would be right."""

Source = Annotated[
    str, Field(min_length=1, max_length=LONGEST, description="The YAML.")
]


class CheckIn(BaseModel, extra="forbid"):
    """A triage file to check."""

    source: Source


class TriageIn(CheckIn, extra="forbid"):
    """A triage file to put in force."""

    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)] = (
        Field("", description="What has changed, and why.")
    )
    after: int | None = Field(
        None,
        ge=0,
        lt=2**31,
        description="The version it was written from; refused if another is in force.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A triage file without faults.

    Attributes:
        warnings: What it names that this city does not have.
    """

    warnings: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageDifference:
    """What changed from one version to another.

    Attributes:
        version: The version before; 0 for an empty file.
        to: The one after.
        diff: A unified diff; empty if nothing changed.
    """

    version: int
    to: int
    diff: str


@router.get("", response_model=TriageDetail)
async def in_force(database: Database, _: Viewer) -> Response:
    """Show the triage file in force."""
    found = await triage_version(database, None)
    if found is None:
        raise not_found("triage file", "in force")
    return answer(found)


@router.get("/schema.json", include_in_schema=False)
async def schema(request: Request) -> Response:
    """Show the JSON Schema of triage files; like openapi.json it needs no token."""
    body = (resources.files("rules") / "triage.schema.json").read_bytes()
    return answer_whole(request, body, SCHEMA_TYPE)


@router.get("/versions", response_model=Page[TriageRow])
async def list_versions(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[NewestPageQuery, Query()],
) -> Response:
    """List the versions of the triage file, newest first; that one is in force."""
    before = None if query.after is None else min(query.after, 2**31 - 1)
    rows = await triage_versions(database, before=before, limit=query.limit + 1)
    last = rows[query.limit - 1].version if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/versions/{version}", response_model=TriageDetail)
async def one_version(database: Database, _: Viewer, version: Version) -> Response:
    """Show one version of the triage file."""
    found = await triage_version(database, version)
    if found is None:
        raise not_found("version of the triage file", version)
    return answer(found)


@router.get("/versions/{version}/diff", response_model=TriageDifference)
async def difference(
    database: Database,
    _: Viewer,
    version: Version,
    to: Annotated[
        int | None,
        Query(ge=1, lt=2**31, description="The version after; this one, if left out."),
    ] = None,
) -> Response:
    """Show what changed from this version to another, or to it from the one before."""
    before, after = (version - 1, version) if to is None else (version, to)
    try:
        diff = await triage_changes(database, before, after)
    except UnknownVersionError as error:
        what = "version of the triage file"
        raise not_found(what, f"{before} or {after}") from error
    return answer(TriageDifference(version=before, to=after, diff=diff))


@router.post("/check", response_model=Sound)
async def check(database: Database, _: Viewer, body: CheckIn) -> Response:
    """Check a triage file and change nothing; everything that is wrong is told."""
    try:
        settings = read_settings(body.source, version=1)
    except TriageFileError as error:
        raise file_problem(error, SEE_SCHEMA) from error
    return answer(Sound(warnings=await unknown_rules(database, settings)))


@router.put("", response_model=PutTriage)
async def put(
    parts: Held, database: Database, caller: Admin, body: TriageIn
) -> Response:
    """Put a triage file in force at once; everything that is wrong with it is told."""
    refuse_units(caller, RULES)
    change = Change(author=caller.name, at=parts.clock(), note=body.note)
    try:
        done = await put_triage(database, body.source, change, after=body.after)
    except TriageFileError as error:
        raise file_problem(error, SEE_SCHEMA) from error
    except StaleVersionError as error:
        raise ProblemError(Kind.STALE_VERSION, str(error)) from error
    return answer(done)
