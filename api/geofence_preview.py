"""What a geofence would be, before it is saved: its ground, and who is in it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import shapely
from fastapi import APIRouter
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from starlette.responses import Response

from api.access import Admin
from api.answer import answer
from api.geofence_in import GeofenceIn, facts_of, row_of
from api.geofence_shown import Code
from api.parts import Database, Held
from devices.registry.areas import geofence_area
from devices.registry.shapes import area_m2
from rules.lifecycle.fence_users import FenceUser, fence_users
from store.registry.geofence_fixes import Fixes, fixes_since, newest_fixes
from store.registry.geofences import geofence

router = APIRouter(prefix="/geofences", tags=["devices"])

LOOKED_BACK = timedelta(hours=1)
"""How far back fixes are counted."""

MOST_FIXES = 300_000
"""Fixes that are looked at: a hundred vehicles' hour at one a second, nearly."""

MOST_NAMED = 50
"""Vehicles that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """A vehicle whose newest fix is inside.

    Attributes:
        code: Its plate.
        name_zh: 车辆名称.
        name_en: Its name.
        fixed_at: When that fix was.
    """

    code: str
    name_zh: str
    name_en: str
    fixed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GeofencePreview:
    """What a geofence would be.

    Attributes:
        area_m2: Ground that it covers, with a circle's or corridor's width.
        corners: Of its geometry.
        vehicles: How many vehicles' newest fixes are inside.
        named: The first of them.
        hour_vehicles: How many vehicles were inside within the last hour.
        hour_fixes: With how many fixes.
        hour_is_part: Whether there were too many fixes around to look at all.
        rules: Those that would judge by it.
    """

    area_m2: float
    corners: int
    vehicles: int
    named: Sequence[Within]
    hour_vehicles: int
    hour_fixes: int
    hour_is_part: bool
    rules: Sequence[FenceUser]


@router.post("/{code}/preview", response_model=GeofencePreview)
async def preview_geofence(
    parts: Held, database: Database, _: Admin, code: Code, body: GeofenceIn
) -> Response:
    """Show what PUT with the same body would come to; nothing is stored."""
    facts = facts_of(row_of(code, body))
    drawn = shapely.from_geojson(facts.geometry)
    ground = await asyncio.to_thread(geofence_area, facts)
    west, south, east, north = (float(bound) for bound in ground.bounds)
    box = (west, south, east, north)
    newest = await newest_fixes(database, box)
    now = parts.clock()
    fixes = await fixes_since(
        database, box, since=now - LOOKED_BACK, until=now, limit=MOST_FIXES
    )
    found = await geofence(database, code)
    is_work_area = found is not None and found[0].vehicles > 0
    users = await fence_users(database)
    inside = [one for one in newest if shapely.intersects_xy(ground, one.lon, one.lat)]
    there = await asyncio.to_thread(_there, ground, fixes)
    return answer(
        GeofencePreview(
            area_m2=area_m2(ground),
            corners=int(shapely.get_num_coordinates(drawn)),
            vehicles=len(inside),
            named=[
                Within(
                    code=one.code,
                    name_zh=one.name_zh,
                    name_en=one.name_en,
                    fixed_at=one.fixed_at,
                )
                for one in inside[:MOST_NAMED]
            ],
            hour_vehicles=len(np.unique(there)),
            hour_fixes=len(there),
            hour_is_part=len(fixes.device_id) == MOST_FIXES,
            rules=[u for u in users if u.judges_by(facts, is_work_area=is_work_area)],
        )
    )


def _there(ground: BaseGeometry, fixes: Fixes) -> NDArray[np.int64]:
    """Return the device ids of the fixes that are inside; shape (m,)."""
    shapely.prepare(ground)
    return fixes.device_id[shapely.intersects_xy(ground, fixes.lon, fixes.lat)]
