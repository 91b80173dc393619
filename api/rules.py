"""Rule files: which there are, what they say, and what became of them."""

import re
from dataclasses import dataclass
from importlib import resources
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api import capacity, rule_changes, rule_faults, rule_reach, rule_trials
from api.access import Viewer
from api.answer import Page, answer, answer_page, answer_whole
from api.parts import Database
from api.problems import Fault, Kind, ProblemError, not_found
from api.queries import NewestPageQuery, PageQuery
from api.rule_address import Code, Version
from rules.lifecycle.versions import UnknownVersionError, changes_between
from store.alarms.read import RuleRow, rules
from store.rules.read import VersionDetail, VersionRow, version_of, versions

router = APIRouter(tags=["rules"])

_KEY = re.compile(r"([a-z0-9-]{1,100})@([0-9]{1,9})")

SCHEMA_TYPE = "application/schema+json"
"""What JSON Schemas are served as."""


class RuleQuery(PageQuery, extra="forbid"):
    """Which rule versions."""

    stage: Literal["draft", "shadow", "live", "retired"] | None = Field(
        None, description="At this stage of their life."
    )
    after: str | None = Field(None, description="As given in `next`.")

    def key(self) -> tuple[str, int]:
        """Return code and version of the last row known.

        Raises:
            ProblemError: If it was not one of ours.
        """
        if self.after is None:
            return "", 0
        found = _KEY.fullmatch(self.after)
        if found is None:
            fault = Fault("query.after", "not a key", "take it from a page's `next`")
            raise ProblemError(Kind.INVALID, fault.wrong, errors=[fault])
        return found[1], int(found[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What changed from one version to another.

    Attributes:
        code: The rule.
        version: The version before; 0 for an empty file.
        to: The one after.
        diff: A unified diff; empty if nothing changed.
    """

    code: str
    version: int
    to: int
    diff: str


@router.get("/rules", response_model=Page[RuleRow])
async def list_rules(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[RuleQuery, Query()],
) -> Response:
    """List rule files with their versions, as their authors wrote them."""
    rows = await rules(
        database, stage=query.stage, after=query.key(), limit=query.limit + 1
    )
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    after = f"{last.code}@{last.version}" if last else ""
    return answer_page(request, rows, limit=query.limit, after=after)


@router.get("/rules/schema.json", include_in_schema=False)
async def schema(request: Request) -> Response:
    """Show the JSON Schema of rule files; like openapi.json it needs no token."""
    body = (resources.files("rules") / "rule.schema.json").read_bytes()
    return answer_whole(request, body, SCHEMA_TYPE)


@router.get("/rules/{code}", response_model=Page[VersionRow])
async def list_versions(
    request: Request,
    database: Database,
    _: Viewer,
    code: Code,
    query: Annotated[NewestPageQuery, Query()],
) -> Response:
    """List the versions of one rule, newest first."""
    before = None if query.after is None else min(query.after, 2**31 - 1)
    rows = await versions(database, code, before=before, limit=query.limit + 1)
    if not rows and query.after is None:
        raise not_found("rule", code)
    last = rows[query.limit - 1].version if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/rules/{code}/{version}", response_model=VersionDetail)
async def one_version(
    database: Database, _: Viewer, code: Code, version: Version
) -> Response:
    """Show one version: its text, and every stage it came to."""
    found = await version_of(database, code, version)
    if found is None:
        raise not_found("version of a rule", f"{code} {version}")
    return answer(found)


@router.get("/rules/{code}/{version}/diff", response_model=Difference)
async def difference(
    database: Database,
    _: Viewer,
    code: Code,
    version: Version,
    to: Annotated[
        int | None,
        Query(ge=1, lt=2**31, description="The version after; this one, if left out."),
    ] = None,
) -> Response:
    """Show what changed from this version to another, or to it from the one before."""
    before, after = (version - 1, version) if to is None else (version, to)
    try:
        diff = await changes_between(database, code, before, after)
    except UnknownVersionError as error:
        raise not_found("version of a rule", f"{code} {before} or {after}") from error
    return answer(Difference(code=code, version=before, to=after, diff=diff))


for part in (rule_changes, rule_reach, rule_trials, rule_faults, capacity):
    router.include_router(part.router)
