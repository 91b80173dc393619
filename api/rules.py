"""Rule files: which are live, and what they say."""

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Viewer
from api.answer import Page, answer_page
from api.parts import Database
from api.problems import Fault, Kind, ProblemError
from api.queries import PageQuery
from store.alarm_read import RuleRow, rules

router = APIRouter(tags=["rules"])

_KEY = re.compile(r"([a-z0-9-]{1,100})@([0-9]{1,9})")


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
