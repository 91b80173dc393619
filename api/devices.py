"""Devices: what hangs where, in which state, and what each one said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import Field
from starlette.responses import Response

from api.access import Viewer
from api.answer import Page, answer, answer_page
from api.parts import Database, Held
from api.problems import not_found
from api.queries import IdPageQuery, Instant, PageQuery, refuse_reversed
from store.connection import Connection
from store.registry.read import (
    DeviceFilter,
    DeviceRow,
    device_exists,
    devices,
)
from store.telemetry.read import (
    LastReadingRow,
    ReadingRow,
    last_readings_of,
    readings_of,
)
from vocabulary.device import DeviceKind
from vocabulary.quantity import QUANTITIES, Quantity

router = APIRouter(prefix="/devices", tags=["devices"])

MOST_DEVICES = 5_000
"""Rows of one page of devices: a page of the map takes a few of them."""

MOST_READINGS = 20_000
"""Rows of one page of readings: a day of one every five seconds."""

SPAN = timedelta(days=1)
"""Where readings start when no `from` is given."""

ONE_US = timedelta(microseconds=1)

DeviceId = Annotated[int, Path(ge=1, lt=2**31)]


class DeviceQuery(IdPageQuery, extra="forbid"):
    """Which devices."""

    limit: int = Field(100, ge=1, le=MOST_DEVICES, description="Rows of a page.")
    kind: DeviceKind | None = Field(None, description="Of this kind.")
    state: Literal["ok", "bad", "unknown"] | None = Field(
        None, description="In this state; unknown is neither ok nor bad."
    )
    cell: str | None = Field(None, description="In the grid cell with this code.")
    text: str | None = Field(
        None, max_length=100, description="In its code, plate or component's code."
    )


class ReadingQuery(PageQuery, extra="forbid"):
    """Which readings of a device."""

    quantity: Quantity = Field(description="What was measured, unit included.")
    since: Instant | None = Field(
        None, alias="from", description="Measured at or after; a day ago if left out."
    )
    until: Instant | None = Field(
        None, alias="to", description="Measured before; now if left out."
    )
    after: Instant | None = Field(None, description="As given in `next`.")
    limit: int = Field(5_000, ge=1, le=MOST_READINGS, description="Rows of a page.")


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReading:
    """The newest believable reading of one quantity, with its words.

    Attributes:
        reading: What was measured and when.
        unit: Its unit for people; empty for flags.
        name_zh: 中文名称.
        name_en: Its name.
    """

    reading: LastReadingRow
    unit: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceDetail:
    """One device and its newest readings.

    Attributes:
        device: What it is and how it is.
        last: Its newest reading of each quantity.
    """

    device: DeviceRow
    last: Sequence[LastReading]


@router.get("", response_model=Page[DeviceRow])
async def list_devices(
    request: Request,
    parts: Held,
    database: Database,
    _: Viewer,
    query: Annotated[DeviceQuery, Query()],
) -> Response:
    """List devices with their state, by the journal's clock: ok, bad or unknown."""
    rows = await devices(
        database,
        DeviceFilter(
            kind=query.kind, state=query.state, cell=query.cell, text=query.text
        ),
        down_gateways=parts.live.edges.down_gateways(),
        after=query.after,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].id if len(rows) > query.limit else 0
    return answer_page(request, rows, limit=query.limit, after=str(last))


@router.get("/{device_id}", response_model=DeviceDetail)
async def one_device(
    parts: Held, database: Database, _: Viewer, device_id: DeviceId
) -> Response:
    """Show one device and its newest reading of each quantity."""
    found = await devices(
        database,
        DeviceFilter(device_id=device_id),
        down_gateways=parts.live.edges.down_gateways(),
        after=0,
        limit=1,
    )
    if not found:
        raise not_found("device", device_id)
    return answer(DeviceDetail(device=found[0], last=await _last(database, device_id)))


@router.get("/{device_id}/readings", response_model=Page[ReadingRow])
async def list_readings(
    request: Request,
    parts: Held,
    database: Database,
    _: Viewer,
    device_id: DeviceId,
    query: Annotated[ReadingQuery, Query()],
) -> Response:
    """List the readings of one quantity, oldest first, doubtful ones included."""
    until = query.until or parts.clock()
    since = query.since or until - SPAN
    refuse_reversed(since, until)
    if not await device_exists(database, device_id):
        raise not_found("device", device_id)
    rows = await readings_of(
        database,
        device_id=device_id,
        quantity=query.quantity,
        after=query.after or since - ONE_US,
        until=until,
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1].measured_at if len(rows) > query.limit else since
    return answer_page(request, rows, limit=query.limit, after=last.isoformat())


async def _last(database: Connection, device_id: int) -> list[LastReading]:
    rows = await last_readings_of(database, device_id)
    return [_with_words(row) for row in rows]


def _with_words(row: LastReadingRow) -> LastReading:
    known = row.quantity in list(Quantity)
    facts = QUANTITIES[Quantity(row.quantity)] if known else None
    return LastReading(
        reading=row,
        unit=facts.unit if facts else "",
        name_zh=facts.name_zh if facts else row.quantity,
        name_en=facts.name_en if facts else row.quantity,
    )
