"""The ground of the map: the unit grid (万米单元网格) and the city's own base map."""

from collections.abc import Sequence

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, JsonValue
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access import Viewer
from api.answer import answer_whole, encoded
from api.parts import Database, Held
from store.registry.read import CellRow, cells

router = APIRouter(tags=["map"])

GEO_JSON = "application/geo+json"
"""RFC 7946, section 12."""

NO_FEATURES = b'{"type":"FeatureCollection","features":[]}'
"""What a city without a base map has."""


class FeatureCollection(BaseModel):
    """GeoJSON, RFC 7946, WGS-84."""

    type: str
    features: list[JsonValue]


@router.get("/grid", response_model=FeatureCollection)
async def grid(request: Request, database: Database, _: Viewer) -> Response:
    """Show the cells that hold today as GeoJSON, with code, names and area."""
    body = _features(await cells(database))
    return answer_whole(request, body, GEO_JSON)


@router.get("/basemap", response_model=FeatureCollection)
async def basemap(request: Request, parts: Held, _: Viewer) -> Response:
    """Show streets, water and parks as the city folder has them."""
    body = NO_FEATURES
    if parts.basemap is not None:
        body = await run_in_threadpool(parts.basemap.read_bytes)
    return answer_whole(request, body, GEO_JSON)


def _features(rows: Sequence[CellRow]) -> bytes:
    return encoded(
        {"type": "FeatureCollection", "features": [_feature(row) for row in rows]}
    )


def _feature(row: CellRow) -> dict[str, object]:
    return {
        "type": "Feature",
        "id": row.code,
        "geometry": orjson.Fragment(row.polygon),
        "properties": {
            "code": row.code,
            "name_zh": row.name_zh,
            "name_en": row.name_en,
            "subdistrict_zh": row.subdistrict_zh,
            "subdistrict_en": row.subdistrict_en,
            "area_m2": row.area_m2,
        },
    }
