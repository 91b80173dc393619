"""What could not be taken in, and why; another try, and throwing it away.

This knows no wire format: a try is asked for here and made by the ingest process.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Admin, Dispatcher, refuse_units
from api.answer import Page, answer, answer_page
from api.parts import Database, Held
from api.problems import not_found
from api.queries import NewestPageQuery
from store.connection import Connection
from store.quarantine.refused import Quarantined, quarantined, quarantined_by_id
from store.quarantine.retry import drop, request_retry
from vocabulary.refusal import Reason

router = APIRouter(tags=["quarantine"])

SHOWN_OCTETS = 1_024
"""How much of a refused message a list shows."""

RowId = Annotated[int, Path(ge=1, lt=2**63)]


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
        topic: Where it was published, if it is a whole MQTT payload; empty otherwise.
        retry_requested_at: Since when another try is asked for; null if none is.
        retried_at: When it was last tried again, in vain.
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
    topic: str
    retry_requested_at: datetime | None
    retried_at: datetime | None


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
    shown = [_shown(row) for row in rows]
    return answer_page(request, shown, limit=query.limit, after=str(last))


@router.get("/quarantine/{row_id}", response_model=QuarantinedOut)
async def one_quarantined(database: Database, _: Dispatcher, row_id: RowId) -> Response:
    """Show one row; 404 once all of it was taken in or thrown away."""
    return answer(_shown(await _known(database, row_id)))


@router.post(
    "/quarantine/{row_id}/retry", response_model=QuarantinedOut, status_code=202
)
async def retry_quarantined(
    parts: Held, database: Database, caller: Admin, row_id: RowId
) -> Response:
    """Ask the ingest process to try again; for administrators.

    What is right by now is stored, with the time it first came, and the row is gone.
    What is still refused stays under the reason that is true now; `retried_at` says so.
    """
    refuse_units(caller)
    row, at = await _known(database, row_id), parts.clock()
    if not await request_retry(database, row_id, at=at):
        raise not_found("row of the quarantine", row_id)
    return answer(_shown(replace(row, retry_requested_at=at)), status=202)


@router.delete("/quarantine/{row_id}", status_code=204)
async def drop_quarantined(
    database: Database, caller: Admin, row_id: RowId
) -> Response:
    """Throw a row away for good; for administrators."""
    refuse_units(caller)
    if not await drop(database, row_id):
        raise not_found("row of the quarantine", row_id)
    return Response(status_code=204)


async def _known(database: Connection, row_id: int) -> Quarantined:
    row = await quarantined_by_id(database, row_id)
    if row is None:
        raise not_found("row of the quarantine", row_id)
    return row


def _shown(row: Quarantined) -> QuarantinedOut:
    return QuarantinedOut(
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
        topic=row.topic,
        retry_requested_at=row.retry_requested_at,
        retried_at=row.retried_at,
    )
