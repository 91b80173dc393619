"""Whom a version of a rule judges, and what the other devices of its kind lack."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from api.access import Viewer
from api.answer import answer
from api.parts import Database, Held
from api.problems import Kind, ProblemError, not_found
from rules.files.rule_file import RuleFileError
from rules.lifecycle.reaching import registered
from rules.plan.reach import Lack
from store.rule_read import version_of

router = APIRouter(tags=["rules"])

Code = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,100}$")]
Version = Annotated[int, Path(ge=1, lt=2**31)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachAnswer:
    """Whom a version judges, by the registry of now.

    Attributes:
        code: The rule.
        version: Its version.
        stage: draft, shadow, live or retired; only live and shadow versions judge.
        kind: The kind of device it is for.
        devices: How many of these there are.
        judged: How many of them it judges, or would.
        lacks: What the others lack, most frequent first; if there is no device of the
            kind at all, that.
    """

    code: str
    version: int
    stage: str
    kind: str
    devices: int
    judged: int
    lacks: Sequence[Lack]


@router.get("/rules/{code}/{version}/reach", response_model=ReachAnswer)
async def reach(
    parts: Held, database: Database, _: Viewer, code: Code, version: Version
) -> Response:
    """Show whom a version judges; the first thing to ask of a rule that never fires."""
    found = await version_of(database, code, version)
    if found is None:
        raise not_found("version of a rule", f"{code} {version}")
    registry = await registered(database, time_zone=parts.time_zone)
    try:
        whom = await asyncio.to_thread(registry.reach, found.source, version)
    except RuleFileError as error:
        raise ProblemError(Kind.STAGE_REFUSED, str(error)) from error
    return answer(
        ReachAnswer(
            code=code,
            version=version,
            stage=found.stage,
            kind=whom.kind,
            devices=whom.devices,
            judged=whom.judged,
            lacks=whom.lacks,
        )
    )
