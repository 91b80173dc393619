"""What could not be taken in, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Dispatcher
from api.answer import Page, answer_page
from api.parts import Database
from api.queries import NewestPageQuery
from store.quarantine import Quarantined, quarantined
from vocabulary.refusal import Reason

router = APIRouter(tags=["quarantine"])

SHOWN_OCTETS = 1_024
"""How much of a refused message a list shows."""


class QuarantineQuery(NewestPageQuery, extra="forbid"):
    """Which refusals."""

    reason: Reason | None = Field(None, description="For this reason.")
    gateway: str | None = Field(
        None, max_length=100, description="Come through this gateway."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedOut:
    """What was refused, its octets in hexadecimal.

    Attributes:
        id: Its number.
        reason: Why, as a word.
        detail: What was wrong.
        transport: How it came.
        gateway: The gateway it came through; empty if unknown.
        identity: The device it claims to be; empty if unknown.
        peer: Address of the other side, the last time.
        octets_hex: The first 1,024 octets of what came, the last time.
        octets: How many were kept.
        first_seen: When it first came.
        last_seen: When it last came.
        count: How often it came.
    """

    id: int
    reason: str
    detail: str
    transport: str
    gateway: str
    identity: str
    peer: str
    octets_hex: str
    octets: int
    first_seen: datetime
    last_seen: datetime
    count: int


@router.get("/quarantine", response_model=Page[QuarantinedOut])
async def list_quarantine(
    request: Request,
    database: Database,
    _: Dispatcher,
    query: Annotated[QuarantineQuery, Query()],
) -> Response:
    """List what could not be taken in, newest first; for dispatchers and above."""
    rows = await quarantined(
        database,
        reason=query.reason,
        gateway=query.gateway,
        before=query.after,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, _shown(rows), limit=query.limit, after=str(last))


def _shown(rows: Sequence[Quarantined]) -> list[QuarantinedOut]:
    return [
        QuarantinedOut(
            id=row.id,
            reason=row.reason,
            detail=row.detail,
            transport=row.transport,
            gateway=row.gateway,
            identity=row.identity,
            peer=row.peer,
            octets_hex=row.octets[:SHOWN_OCTETS].hex(" "),
            octets=len(row.octets),
            first_seen=row.first_seen,
            last_seen=row.last_seen,
            count=row.count,
        )
        for row in rows
    ]
