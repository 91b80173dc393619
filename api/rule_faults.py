"""What the rules process went on without: rules that are halted, and faults."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.access import Supervisor, Viewer, refuse_units
from api.answer import Page, answer
from api.parts import Database, Held
from api.problems import not_found
from api.rule_address import Code, Version
from api.rule_changes import RULES
from store.rules.faults import (
    FaultRow,
    HaltRow,
    faults,
    halted_rules,
    try_rule_again,
)
from store.rules.samples import SampleRow, rule_samples
from store.rules.standing import RulesStanding, rules_standing

router = APIRouter(tags=["rules"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFaults:
    """What the rules process went on without.

    Attributes:
        standing: How it stands.
        halted: Versions of rules that broke and do not judge until they are tried
            again.
        faults: What it could not do, the newest first; each kind once, with a count.
    """

    standing: RulesStanding
    halted: Sequence[HaltRow]
    faults: Sequence[FaultRow]


@router.get("/rule-faults", response_model=RuleFaults)
async def list_faults(database: Database, _: Viewer) -> Response:
    """Show which rules are halted, and everything that was left out, and why."""
    return answer(
        RuleFaults(
            standing=await rules_standing(database),
            halted=await halted_rules(database),
            faults=await faults(database),
        )
    )


@router.get("/rule-samples", response_model=Page[SampleRow])
async def list_samples(
    database: Database,
    _: Viewer,
    code: Annotated[str, Query(max_length=100, description="Of this rule.")] = "",
) -> Response:
    """Show how many samples each rule judged, refused, or was told too late."""
    return answer(Page(await rule_samples(database, code), None))


@router.post("/rules/{code}/{version}/retry", status_code=204)
async def retry(
    parts: Held, database: Database, caller: Supervisor, code: Code, version: Version
) -> Response:
    """Let a halted version of a rule judge again, from now on."""
    refuse_units(caller, RULES)
    async with database.transaction():
        at = parts.clock()
        if not await try_rule_again(database, code, version, at=at):
            raise not_found("halted rule", f"{code} {version}")
    return Response(status_code=204)
