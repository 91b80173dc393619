"""Gateways: whether we can hear them, and which of their numbered messages are missing.

A gateway that numbers its messages proves by its gaps what was lost, and by having none
that nothing was. Of one that does not, nothing is known: that is null, never 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Viewer
from api.answer import Page, answer, answer_page
from api.edges import Edges
from api.parts import Database, Held
from api.problems import not_found
from api.queries import NewestPageQuery, PageQuery
from store.connection import Connection
from store.registry.gateways import EpochRow, GapRow, GatewayRow, epochs, gaps, gateways

router = APIRouter(prefix="/gateways", tags=["devices"])

SHOWN_EPOCHS = 20
"""Runs of a counter shown of one gateway, the newest."""

Code = Annotated[str, Path(min_length=1, max_length=200)]


class GatewayQuery(PageQuery, extra="forbid"):
    """Which gateways."""

    missing: bool | None = Field(
        None,
        description="Those of whose messages some are missing, or none; where that is "
        "not known it is neither.",
    )
    after: str = Field("", max_length=200, description="Code of the last one known.")


class GapQuery(NewestPageQuery, extra="forbid"):
    """Which gaps."""

    open: bool | None = Field(None, description="Open ones, or closed ones.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOut:
    """One gateway.

    Attributes:
        code: Its name for people.
        transport: How it speaks.
        name_zh: 中文名称.
        name_en: Its name.
        simulated: Whether it is a simulator.
        devices: How many devices it speaks for.
        link: up, down, or unknown where nobody says.
        epoch: Which run of its counter; null if it never numbered a message.
        first_seq: Lowest number heard in this run.
        last_seq: Highest number heard in this run.
        heard_at: When its last numbered message came.
        gaps_open: Gaps that are open, in all of its runs.
        missing: Messages missing in all of its runs; null if it numbers none.
        repeated: Messages that came again.
    """

    code: str
    transport: str
    name_zh: str
    name_en: str
    simulated: bool
    devices: int
    link: Literal["up", "down", "unknown"]
    epoch: int | None
    first_seq: int | None
    last_seq: int | None
    heard_at: datetime | None
    gaps_open: int | None
    missing: int | None
    repeated: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayDetail:
    """One gateway and the runs of its counter.

    Attributes:
        gateway: What it is and how it is.
        epochs: The newest runs of its counter, the newest first.
    """

    gateway: GatewayOut
    epochs: Sequence[EpochRow]


@router.get("", response_model=Page[GatewayOut])
async def list_gateways(
    request: Request,
    parts: Held,
    database: Database,
    _: Viewer,
    query: Annotated[GatewayQuery, Query()],
) -> Response:
    """List gateways with the account of their messages, in the order of their codes."""
    rows = await gateways(
        database, has_missing=query.missing, after=query.after, limit=query.limit + 1
    )
    last = rows[query.limit - 1].code if len(rows) > query.limit else ""
    shown = [_shown(row, parts.live.edges) for row in rows]
    return answer_page(request, shown, limit=query.limit, after=last)


@router.get("/{code}", response_model=GatewayDetail)
async def one_gateway(
    parts: Held, database: Database, _: Viewer, code: Code
) -> Response:
    """Show one gateway and the newest runs of its counter."""
    row = await _known(database, code)
    runs = await epochs(database, row.id, limit=SHOWN_EPOCHS)
    shown = _shown(row, parts.live.edges)
    return answer(GatewayDetail(gateway=shown, epochs=runs))


@router.get("/{code}/gaps", response_model=Page[GapRow])
async def list_gaps(
    request: Request,
    database: Database,
    _: Viewer,
    code: Code,
    query: Annotated[GapQuery, Query()],
) -> Response:
    """List the numbers that a gateway's messages left out, the newest gap first.

    A gap is closed when its messages come after all; one that closes within seconds was
    disorder and leaves nothing. A gap filled in part becomes several.
    """
    row = await _known(database, code)
    rows = await gaps(
        database,
        row.id,
        is_open=query.open,
        before=query.after,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


async def _known(database: Connection, code: str) -> GatewayRow:
    rows = await gateways(database, code=code, limit=1)
    if not rows:
        raise not_found("gateway", code)
    return rows[0]


def _shown(row: GatewayRow, edges: Edges) -> GatewayOut:
    told = {edge.up for edge in edges.all() if edge.gateway == row.code}
    return GatewayOut(
        code=row.code,
        transport=row.transport,
        name_zh=row.name_zh,
        name_en=row.name_en,
        simulated=row.simulated,
        devices=row.devices,
        link="down" if False in told else "up" if told else "unknown",
        epoch=row.epoch,
        first_seq=row.first_seq,
        last_seq=row.last_seq,
        heard_at=row.heard_at,
        gaps_open=row.gaps_open,
        missing=row.missing,
        repeated=row.repeated,
    )
