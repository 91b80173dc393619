"""Changing rules: a new draft, and the stages of a version's life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from api.access import Caller, Supervisor, refuse_units
from api.answer import answer
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError, not_found
from api.rule_address import Code, Version
from rules.files.rule_file import RuleFileError
from rules.lifecycle.trial_report import warnings_of_live
from rules.lifecycle.versions import (
    StageRefusedError,
    UnknownVersionError,
    add_draft,
    bring_to,
)
from rules.triage.settings import TriageFileError
from store.access import Role
from store.connection import Connection
from store.rules.read import VersionDetail, version_of
from store.rules.versions import Change
from vocabulary.rule_stage import RuleStage

router = APIRouter(tags=["rules"])

LONGEST = 100_000
"""Characters of a rule file; the longest that is shipped has two thousand."""

SEE_SCHEMA = "see /api/v1/rules/schema.json"
"""What to say where a fault does not say itself what would be right."""

RULES = "rules are the whole city's"
"""Why a token of one unit may not change them."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class DraftIn(BaseModel, extra="forbid"):
    """A rule file."""

    source: str = Field(min_length=1, max_length=LONGEST, description="The YAML.")
    note: Note = Field("", description="What has changed, and why.")


class StageIn(BaseModel, extra="forbid"):
    """A stage to come to."""

    stage: RuleStage
    note: Note = Field("", description="Why.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """Where a version stands now.

    Attributes:
        code: The rule.
        version: Its version; a new one where a retired text was drafted anew.
        stage: Its stage.
        warnings: What its going live means for departments, if anything.
    """

    code: str
    version: int
    stage: RuleStage
    warnings: Sequence[str]


@router.post("/rules", response_model=VersionDetail, status_code=201)
async def add(
    parts: Held, database: Database, caller: Supervisor, body: DraftIn
) -> Response:
    """Put in a rule file as a draft; everything that is wrong with it is told."""
    refuse_units(caller, RULES)
    change = Change(author=caller.name, at=parts.clock(), note=body.note)
    try:
        code, version = await add_draft(database, body.source, change)
    except RuleFileError as error:
        raise file_problem(error) from error
    found = await version_of(database, code, version)
    response = answer(found, status=201)
    response.headers["Location"] = f"/api/v1/rules/{code}/{version}"
    return response


@router.post("/rules/{code}/{version}/stage", response_model=Staged)
async def stage(  # noqa: PLR0917 one for each part of the request
    parts: Held,
    database: Database,
    caller: Supervisor,
    code: Code,
    version: Version,
    body: StageIn,
    *,
    confirm: Annotated[
        bool, Query(description="Go live though a department would get too much.")
    ] = False,
) -> Response:
    """Bring a version to another stage: draft, shadow, live or retired."""
    refuse_units(caller, RULES)
    await _refuse_role(database, caller, code, version, body.stage)
    at = parts.clock()
    change = Change(author=caller.name, at=at, note=body.note)
    try:
        warnings = await _warnings(
            database, code, version, body.stage, at=at, confirm=confirm
        )
        now = await bring_to(database, code, version, body.stage, change)
    except UnknownVersionError as error:
        raise not_found("version of a rule", f"{code} {version}") from error
    except StageRefusedError as error:
        raise ProblemError(Kind.STAGE_REFUSED, str(error)) from error
    except RuleFileError as error:
        raise file_problem(error) from error
    return answer(Staged(code=code, version=now, stage=body.stage, warnings=warnings))


async def _warnings(
    database: Connection,
    code: str,
    version: int,
    to: RuleStage,
    *,
    at: datetime,
    confirm: bool,
) -> list[str]:
    """Return what going live means; refuse it if that is too much and unconfirmed.

    Raises:
        ProblemError: If a department would get more than it can take.
    """
    if to is not RuleStage.LIVE:
        return []
    over, unknown = await warnings_of_live(database, code, version, at=at)
    if over and not confirm:
        raise ProblemError(
            Kind.OVER_CAPACITY,
            f"{len(over)} departments would get more cases a day than they can take;"
            " ask again with ?confirm=true to go live all the same",
            errors=[Fault(f"unit {unit}", what, "fewer") for unit, what in over],
            allowed=["?confirm=true"],
        )
    return [f"unit {unit} {what}" for unit, what in over] + [unknown] * bool(unknown)


async def _refuse_role(
    database: Connection, caller: Caller, code: str, version: int, to: RuleStage
) -> None:
    """Let only an admin change what is live.

    Raises:
        ProblemError: If somebody else asks.
    """
    if caller.role is Role.ADMIN:
        return
    found = await version_of(database, code, version)
    stages = (to, None if found is None else found.stage)
    if RuleStage.LIVE in stages:
        raise ProblemError(
            Kind.NOT_ALLOWED,
            f"the role {caller.role} may write and try rules; taking one live, or from"
            " there, is for an admin",
        )


def file_problem(
    error: RuleFileError | TriageFileError, see: str = SEE_SCHEMA
) -> ProblemError:
    """Return a file's faults as a problem, each with its line and column."""
    faults = []
    for fault in error.faults:
        wrong, _, right = fault.what.partition("; ")
        place = f"body.source:{fault.line}:{fault.column}"
        where = f"{place}: {fault.where}" if fault.where else place
        faults.append(Fault(where, wrong, right or see))
    return ProblemError(Kind.INVALID, f"{len(faults)} faults: {error}", errors=faults)
