"""Lighting: how many of the lamps that should be lit are (亮灯率), now and by night.

A lamp that is not heard is neither lit nor dark, so the rate is a range; its cabinet's
meter may settle it. A lamp without a programme, and one around a turn of its programme,
counts for nothing: nobody can say what it should be.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import APIRouter, Query
from numpy.typing import NDArray
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.access import Viewer
from api.answer import Page, answer, answer_page, next_address
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError
from api.queries import PageQuery
from devices.lighting_now import GroupNow, lighting_now
from store.connection import Connection
from store.registry.facts import lamp_programmes
from store.registry.lighting import (
    CabinetRow,
    LampRow,
    NightRow,
    PlaceRow,
    cabinets,
    journal_time,
    lamps,
    lit_cells,
    nights,
    subdistricts,
)
from vocabulary.lighting import LampProgramme
from vocabulary.times import us_from_datetime

router = APIRouter(prefix="/lighting", tags=["devices"])

_NIGHT_KEY = re.compile(r"(\d{4}-\d{2}-\d{2})~(.{1,100})")


class By(StrEnum):
    """What lamps are counted by."""

    CABINET = "cabinet"
    CELL = "cell"
    SUBDISTRICT = "subdistrict"


class LightingQuery(PageQuery, extra="forbid"):
    """Which groups."""

    by: By = Field(By.CABINET, description="What lamps are counted by.")
    after: str = Field("", max_length=200, description="Code of the last one known.")


class NightQuery(PageQuery, extra="forbid"):
    """Which nights."""

    cabinet: str = Field("", max_length=200, description="Code of one cabinet.")
    after: str | None = Field(None, max_length=120, description="As given in `next`.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateOut:
    """How some lamps are.

    Attributes:
        lamps: How many there are.
        should: How many should be lit now.
        lit_low: So many of those are lit for certain.
        lit_high: So many are not known to be dark.
        low: lit_low as a share of should; null where none should be lit.
        high: lit_high as a share of should; null where none should be lit.
        dark: Should be lit, and are not.
        unheard: Should be lit, and nobody knows.
        settled: Not heard; their cabinet's meter says how they are.
        burning: Lit by day.
        unsure: Of which nobody can say what they should be, or that are unheard by day.
    """

    lamps: int
    should: int
    lit_low: int
    lit_high: int
    low: float | None
    high: float | None
    dark: int
    unheard: int
    settled: int
    burning: int
    unsure: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOut:
    """One cabinet, cell or sub-district.

    Attributes:
        code: Its code; empty for lamps that belong to none.
        name_zh: 中文名称.
        name_en: Its name.
        rate: How its lamps are.
        device_id: Of a cabinet; else null.
        programme: Of a cabinet; empty for none.
        contactor_on: Of a cabinet; null if that is not heard.
        power_w: What a cabinet's meter shows; null if that is not heard.
        voltage_v: On a cabinet's circuit; null if that is not heard.
    """

    code: str
    name_zh: str
    name_en: str
    rate: RateOut
    device_id: int | None = None
    programme: str = ""
    contactor_on: bool | None = None
    power_w: float | None = None
    voltage_v: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LightingOut:
    """The city's lighting.

    Attributes:
        at: By the journal's clock.
        city: How all lamps are.
        items: One page of groups, in the order of their codes; lamps of none last.
        next: Address of the following page; null on the last one.
    """

    at: datetime
    city: RateOut
    items: Sequence[GroupOut]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NightOut:
    """One cabinet in one night, noon to noon.

    Attributes:
        cabinet: Its code.
        night: The day it began on.
        low: Share of lamp hours lit for certain, of those that should have been.
        high: Share that is not known to have been dark.
        watched_h: For so long anybody looked.
        should_lamp_h: Lamp hours that should have been lit.
        burning_lamp_h: Lamp hours lit by day.
        burning_h: Hours with the contactor closed.
        switchings: How often the contactor moved, as far as seen.
        energy_kwh: What the meter counted; null if it was not heard.
        counted_until: Up to when.
    """

    cabinet: str
    night: date
    low: float | None
    high: float | None
    watched_h: float
    should_lamp_h: float
    burning_lamp_h: float
    burning_h: float
    switchings: int
    energy_kwh: float | None
    counted_until: datetime


@router.get("", response_model=LightingOut)
async def show_lighting(
    request: Request,
    parts: Held,
    database: Database,
    _: Viewer,
    query: Annotated[LightingQuery, Query()],
) -> Response:
    """Show how the city's lamps are, whole and by group."""
    at = await journal_time(database)
    asked = _Asked(
        by=query.by,
        lamps=await lamps(database),
        cabinets=await cabinets(database),
        programmes={one.code: one for one in await lamp_programmes(database)},
        places=await _places(database, query.by),
        at_us=us_from_datetime(at),
        zone=ZoneInfo(parts.time_zone),
    )
    # Of 10,000 lamps this takes 8 ms, in which nobody else would be served.
    city, groups = await run_in_threadpool(_counted, asked)
    rest = [group for group in groups if _place_of(group.code) > (0, query.after)]
    shown = rest[: query.limit]
    more = len(rest) > query.limit
    return answer(
        LightingOut(
            at=at,
            city=city,
            items=shown,
            next=next_address(request, shown[-1].code) if more else None,
        )
    )


@router.get("/nights", response_model=Page[NightOut])
async def list_nights(
    request: Request,
    database: Database,
    _: Viewer,
    query: Annotated[NightQuery, Query()],
) -> Response:
    """List nights of cabinets, the newest first."""
    rows = await nights(
        database,
        cabinet=query.cabinet,
        after=_night_key(query.after),
        limit=query.limit + 1,
    )
    last = rows[query.limit - 1] if len(rows) > query.limit else None
    after = "" if last is None else f"{last.night}~{last.cabinet}"
    shown = [_night(row) for row in rows]
    return answer_page(request, shown, limit=query.limit, after=after)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """All that an answer is made of."""

    by: By
    lamps: Sequence[LampRow]
    cabinets: Sequence[CabinetRow]
    programmes: Mapping[str, LampProgramme]
    places: Mapping[int, PlaceRow]
    at_us: int
    zone: ZoneInfo


async def _places(database: Connection, by: By) -> dict[int, PlaceRow]:
    if by is By.CABINET:
        return {}
    read = lit_cells if by is By.CELL else subdistricts
    return {place.id: place for place in await read(database)}


def _counted(asked: _Asked) -> tuple[RateOut, list[GroupOut]]:
    """Return the city's rate and the groups that have lamps, by ascending code.

    The group of lamps that belong to none comes last.
    """
    now = lighting_now(
        asked.lamps,
        asked.cabinets,
        asked.programmes,
        at_us=asked.at_us,
        zone=asked.zone,
    )
    groups = now.group(_ids(now.lamps, asked.by))
    if asked.by is By.CABINET:
        known = {cabinet.id: cabinet for cabinet in asked.cabinets}
        shown = [_cabinet(known.get(of), group) for of, group in groups.items()]
    else:
        shown = [_place(asked.places.get(of), group) for of, group in groups.items()]
    return _rate(now.all()), sorted(shown, key=lambda group: _place_of(group.code))


def _place_of(code: str) -> tuple[int, str]:
    """Return where a code comes: the empty one last, for no page begins after it."""
    return (0 if code else 1, code)


def _ids(rows: Sequence[LampRow], by: By) -> NDArray[np.int64]:
    if by is By.CABINET:
        ids = [lamp.cabinet_id for lamp in rows]
    elif by is By.CELL:
        ids = [lamp.cell_id for lamp in rows]
    else:
        ids = [lamp.subdistrict_id for lamp in rows]
    return np.array(ids, np.int64)


def _cabinet(row: CabinetRow | None, group: GroupNow) -> GroupOut:
    if row is None:
        return _place(None, group)
    closed = row.contactor_on
    return GroupOut(
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        rate=_rate(group),
        device_id=row.id,
        programme=row.programme,
        contactor_on=None if closed is None else closed > 0,
        power_w=row.power_w,
        voltage_v=row.voltage_v,
    )


def _place(row: PlaceRow | None, group: GroupNow) -> GroupOut:
    if row is None:
        return GroupOut(code="", name_zh="", name_en="", rate=_rate(group))
    return GroupOut(
        code=row.code, name_zh=row.name_zh, name_en=row.name_en, rate=_rate(group)
    )


def _rate(group: GroupNow) -> RateOut:
    rate = group.rate
    return RateOut(
        lamps=group.lamps,
        should=rate.should,
        lit_low=rate.lit_low,
        lit_high=rate.lit_high,
        low=rate.low,
        high=rate.high,
        dark=rate.should - rate.lit_high,
        unheard=group.unheard,
        settled=group.settled,
        burning=rate.burning,
        unsure=group.unsure,
    )


def _night(row: NightRow) -> NightOut:
    should_s = row.should_lamp_s
    lit, unheard = row.lit_lamp_s, row.unheard_lamp_s
    return NightOut(
        cabinet=row.cabinet,
        night=row.night,
        low=lit / should_s if should_s else None,
        high=(lit + unheard) / should_s if should_s else None,
        watched_h=row.watched_s / 3600,
        should_lamp_h=should_s / 3600,
        burning_lamp_h=row.burning_lamp_s / 3600,
        burning_h=row.closed_s / 3600,
        switchings=row.switchings,
        energy_kwh=row.energy_kwh,
        counted_until=row.counted_until,
    )


def _night_key(after: str | None) -> tuple[date, str] | None:
    """Return the night and cabinet of the last row known.

    Raises:
        ProblemError: If it was not one of ours.
    """
    if not after:
        return None
    found = _NIGHT_KEY.fullmatch(after)
    try:
        if found is not None:
            return date.fromisoformat(found[1]), found[2]
    except ValueError:
        pass  # no day: told below with all that are no keys
    fault = Fault("query.after", "not a key", "take it from a page's `next`")
    raise ProblemError(Kind.INVALID, fault.wrong, errors=[fault])
