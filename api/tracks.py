"""Where a vehicle was: its track with gaps as gaps, and the area it works in."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

import orjson
from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field, JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access import Caller, Viewer
from api.answer import address_with, answer, link_to
from api.parts import Database, Held
from api.problems import Fault, Kind, ProblemError, not_found
from api.queries import Instant, refuse_reversed
from api.track import gap_s_of, page_of, track_of
from store.connection import Connection
from store.telemetry.track import VehicleRow, fixes_of, vehicle
from vocabulary.times import datetime_from_us

router = APIRouter(tags=["vehicles"])

SPAN = timedelta(days=1)
"""Where a track starts when no `from` is given."""

LONGEST_SPAN = timedelta(days=31)
"""The longest track that may be asked for."""

FEWEST_FIXES = 1_000
"""Of a page: more than a vehicle has of one moment, so that each page leads on."""

MOST_FIXES = 300_000
"""Of a page: a fix each second for three and a half days, each ten for 34."""

SLOWEST_INTERVAL_S = 30.0
"""Assumed of a vehicle whose terminal was taken away."""

VehicleId = Annotated[int, Path(ge=1, lt=2**31)]


class TrackQuery(BaseModel, extra="forbid"):
    """Which stretch of a vehicle's track, and how exactly."""

    since: Instant | None = Field(
        None, alias="from", description="A day before `to` if left out."
    )
    until: Instant | None = Field(None, alias="to", description="Now if left out.")
    tolerance_m: float = Field(
        2.0,
        ge=0,
        le=1000,
        description="How far a left-out fix may lie from the line; 0 keeps all.",
    )
    limit: int = Field(
        MOST_FIXES,
        ge=FEWEST_FIXES,
        le=MOST_FIXES,
        description="Fixes of a page, before any is left out.",
    )


class SegmentOut(BaseModel):
    """A stretch without gaps; the columns are of one length."""

    fixed_us: list[int] = Field(description="Microseconds since 1970 UTC.")
    lon: list[float] = Field(description="Degrees east, WGS-84.")
    lat: list[float] = Field(description="Degrees north, WGS-84.")
    speed_kmh: list[float | None] = Field(description="Null where not sent.")
    distance_m: float = Field(description="Measured before anything was left out.")


class GapOut(BaseModel):
    """A stretch of time without fixes; nothing is known of it."""

    from_us: int = Field(description="The last fix before it.")
    to_us: int = Field(description="The first fix after it.")
    apart_m: float = Field(description="How far apart those are.")


class TrackOut(BaseModel):
    """A vehicle's way through a span of time."""

    vehicle_id: int
    code: str = Field(description="Its plate.")
    name_zh: str
    name_en: str
    speed_limit_kmh: float | None = Field(description="Its own limit.")
    gap_s: float = Field(description="So many seconds without a fix are a gap.")
    fixes: int = Field(description="Believable fixes before any was left out.")
    distance_m: float = Field(description="Of all segments; gaps count for nothing.")
    segments: list[SegmentOut]
    gaps: list[GapOut]
    area: JsonValue = Field(description="GeoJSON geometry of its work area, or null.")
    next: str | None = Field(
        description="Address of the following part of the track, which begins with the"
        " last moment of this one; null if it is all."
    )


@dataclass(frozen=True, slots=True)
class _Span:
    since: Instant
    until: Instant


@router.get("/tracks/{vehicle_id}", response_model=TrackOut)
async def one_track(
    request: Request,
    parts: Held,
    database: Database,
    caller: Viewer,
    *,
    vehicle_id: VehicleId,
    query: Annotated[TrackQuery, Query()],
) -> Response:
    """Show where a vehicle was. A unit's token sees its own vehicles' tracks only.

    A track of more than `limit` fixes comes in pages; each begins with the last moment
    of the one before, so that no way and no gap between them is lost.
    """
    until = query.until or parts.clock()
    span = _Span(query.since or until - SPAN, until)
    _refuse_span(span)
    found = await _seen(database, vehicle_id, caller)
    fixes, again_us = page_of(
        await fixes_of(
            database,
            found.id,
            since=span.since,
            until=span.until,
            limit=query.limit + 1,
        ),
        query.limit,
    )
    gap_s = gap_s_of(found.expected_interval_s or SLOWEST_INTERVAL_S)
    track = await run_in_threadpool(
        track_of, fixes, gap_s=gap_s, tolerance_m=query.tolerance_m
    )
    following = _following(request, again_us, span)
    response = answer(
        {
            "vehicle_id": found.id,
            "code": found.code,
            "name_zh": found.name_zh,
            "name_en": found.name_en,
            "speed_limit_kmh": found.speed_limit_kmh,
            "gap_s": gap_s,
            "fixes": len(fixes),
            "distance_m": round(sum(part.distance_m for part in track.segments), 1),
            "segments": track.segments,
            "gaps": track.gaps,
            "area": orjson.Fragment(found.area or "null"),
            "next": following,
        }
    )
    if following:
        response.headers["Link"] = link_to(following)
    return response


def _following(request: Request, again_us: int | None, span: _Span) -> str | None:
    if again_us is None:
        return None
    since = datetime_from_us(again_us).isoformat()
    return address_with(request, **{"from": since, "to": span.until.isoformat()})


async def _seen(database: Connection, vehicle_id: int, caller: Caller) -> VehicleRow:
    found = await vehicle(database, vehicle_id)
    if found is None or caller.unit_id not in {None, found.unit_id}:
        raise not_found("vehicle", vehicle_id)
    return found


def _refuse_span(span: _Span) -> None:
    refuse_reversed(span.since, span.until)
    if span.until - span.since > LONGEST_SPAN:
        fault = Fault(
            "query.from",
            "too far back",
            f"up to {LONGEST_SPAN.days} days before `to`",
        )
        raise ProblemError(Kind.INVALID, "the span is too long", errors=[fault])
