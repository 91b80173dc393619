"""Whom a version of a rule judges, and what the other devices of its kind lack."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from api.access import Viewer
from api.answer import answer
from api.parts import Database, Held
from api.problems import Kind, ProblemError, not_found
from api.rule_address import Code, Version
from rules.files.rule_file import RuleFileError
from rules.lifecycle.reaching import Registered, registered
from rules.plan.reach import Lack, Reach
from store.rules.read import version_of
from store.rules.versions import JudgingRule, judging_rules

router = APIRouter(tags=["rules"])


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachAnswer:
    """Whom a version judges, by the registry of now.

    Attributes:
        code: The rule.
        version: Its version.
        stage: draft, shadow, live or retired; only live and shadow versions judge.
        name_zh: 规则名称.
        name_en: Its name.
        kind: The kind of device it is for.
        devices: How many of these there are.
        judged: How many of them it judges, or would.
        lacks: What the others lack, most frequent first; if there is no device of the
            kind at all, that.
    """

    code: str
    version: int
    stage: str
    name_zh: str
    name_en: str
    kind: str
    devices: int
    judged: int
    lacks: Sequence[Lack]


@dataclass(frozen=True, slots=True, kw_only=True)
class Everybody:
    """Whom all rules judge that do.

    Attributes:
        items: By code and version.
    """

    items: Sequence[ReachAnswer]


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
    return answer(_told(code, version, found.stage, whom))


@router.get("/reach", response_model=Everybody)
async def reach_of_all(parts: Held, database: Database, _: Viewer) -> Response:
    """Show whom each live version, and each on trial, judges."""
    registry = await registered(database, time_zone=parts.time_zone)
    judging = await judging_rules(database)
    items = await asyncio.to_thread(_all_told, registry, judging)
    return answer(Everybody(items=items))


def _all_told(
    registry: Registered, judging: Sequence[JudgingRule]
) -> list[ReachAnswer]:
    found = []
    for rule in judging:
        try:
            whom = registry.reach(rule.source, rule.version)
        except RuleFileError:
            continue  # no rule of this release; the worker leaves it out as well
        found.append(_told(rule.code, rule.version, rule.stage, whom))
    return found


def _told(code: str, version: int, stage: str, whom: Reach) -> ReachAnswer:
    return ReachAnswer(
        code=code,
        version=version,
        stage=stage,
        name_zh=whom.name.zh,
        name_en=whom.name.en,
        kind=whom.kind,
        devices=whom.devices,
        judged=whom.judged,
        lacks=whom.lacks,
    )
