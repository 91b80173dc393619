"""GeoJSON geometries of cells and geofences: checked, canonical, measured."""

import json

import shapely
from shapely.geometry.base import BaseGeometry

from devices.registry.areas import in_metres
from devices.registry.date_line import HALF_TURN, cut_at_date_line, made_continuous
from store.registry.by_code import canonical


class ShapeError(ValueError):
    """A geometry cannot be what it is meant to be."""


def read_shape(geojson: str, *types: str) -> BaseGeometry:
    """Return a GeoJSON geometry as a shape in degrees.

    Args:
        geojson: The geometry as text.
        types: The GeoJSON types it may have.

    Raises:
        ShapeError: If it is another type, is not valid or lies outside WGS-84.
    """
    kind = json.loads(geojson).get("type")
    if kind not in types:
        raise ShapeError(f"is a {kind}; it must be a {' or '.join(types)}")
    try:
        shape = shapely.from_geojson(geojson)
    except shapely.GEOSException as error:
        raise ShapeError(f"cannot be read: {error}") from error
    if shape.is_empty or not shape.is_valid:
        raise ShapeError(f"is not valid: {shapely.is_valid_reason(shape)}")
    west, south, east, north = shape.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:  # noqa: PLR2004 degrees
        raise ShapeError("is outside WGS-84; points are [lon, lat] in degrees")
    return shape


def geojson_text(text: str) -> str:
    """Return a geometry given as GeoJSON or as WKT as GeoJSON text.

    A GeoJSON feature counts as its geometry. What crosses the 180th meridian comes back
    cut there.

    Args:
        text: Such as `POLYGON ((111 35, …))` or `{"type": "Polygon", …}`; EWKT's
            `SRID=4326;` may stand before it.

    Raises:
        ShapeError: If it is neither, or not in WGS-84.
    """
    try:
        shape, geojson = _parsed(text.strip())
    except (ValueError, TypeError, AttributeError, shapely.GEOSException) as error:
        raise ShapeError(f"is neither GeoJSON nor WKT: {error}") from error
    whole = made_continuous(shape)
    west, _, east, _ = whole.bounds
    if whole is shape and west >= -HALF_TURN and east <= HALF_TURN:
        return geojson
    return shapely.to_geojson(cut_at_date_line(whole))


def _parsed(text: str) -> tuple[BaseGeometry, str]:
    """Return a geometry, and as GeoJSON."""
    if text.startswith("{"):
        found = json.loads(text)
        inner = found.get("geometry") if found.get("type") == "Feature" else found
        geojson = json.dumps(inner)
        shape = shapely.from_geojson(geojson)
    else:
        shape = shapely.force_2d(shapely.from_wkt(text.removeprefix("SRID=4326;")))
        geojson = shapely.to_geojson(shape)
    if shape.is_empty:
        raise ValueError("it is empty")
    return shape, geojson


def canonical_text(geojson: str) -> str:
    """Return a geometry as the text that the database's is compared with."""
    return canonical(json.loads(geojson))


def area_m2(shape: BaseGeometry) -> float:
    """Return the ground a shape in degrees covers."""
    return in_metres(shape, shape.centroid.y).area
