"""Shapes that cross the 180th meridian: made continuous, and cut (RFC 7946 §3.1.9).

A ring that goes from 179.9 to -179.9 degrees takes the short way; nobody means the
359.8 degrees around. What is drawn past 180 on purpose is understood too.
"""

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

HALF_TURN, TURN = 180.0, 360.0
"""Degrees of longitude."""

WORLD = shapely.box(-HALF_TURN, -90.0, HALF_TURN, 90.0)
"""Every longitude once."""


def made_continuous(shape: BaseGeometry) -> BaseGeometry:
    """Return a shape whose lines never jump around the world; may pass 180 degrees."""
    corners = shapely.get_coordinates(shape)
    if not np.any(np.abs(np.diff(corners[:, 0])) > HALF_TURN):
        return shape  # also where only two parts lie far apart: then nothing is done
    parts = [_part_made_continuous(part) for part in shapely.get_parts(shape)]
    return shapely.union_all(parts) if len(parts) > 1 else parts[0]


def _part_made_continuous(part: BaseGeometry) -> BaseGeometry:
    match part:
        case shapely.Polygon():
            outer = _unwrapped(part.exterior)
            holes = [_unwrapped(ring, near=outer[0, 0]) for ring in part.interiors]
            return shapely.Polygon(outer, holes)
        case shapely.LineString():
            return shapely.LineString(_unwrapped(part))
        case _:
            return part


def cut_at_date_line(shape: BaseGeometry) -> BaseGeometry:
    """Return the same ground between -180 and 180 degrees, in parts where need be."""
    west, _, east, _ = shape.bounds
    if west >= -HALF_TURN and east <= HALF_TURN:
        return shape
    turns = np.arange(
        np.floor((west + HALF_TURN) / TURN), np.ceil((east - HALF_TURN) / TURN) + 1
    )
    cut = [shapely.intersection(_turned(shape, -turn * TURN), WORLD) for turn in turns]
    parts = shapely.get_parts(cut)
    # A part that only touches the meridian is less than what it is a part of.
    dimension = shapely.get_dimensions(parts)
    return shapely.union_all(parts[dimension == shapely.get_dimensions(shape)])


def turned_to(shape: BaseGeometry, lon: float) -> BaseGeometry:
    """Return the same ground in degrees east of `lon`, between -180 and 180."""
    return cut_at_date_line(_turned(shape, -lon))


def _turned(shape: BaseGeometry, degrees: float) -> BaseGeometry:
    return shapely.transform(shape, lambda corners: corners + np.array((degrees, 0.0)))


def _unwrapped(line: BaseGeometry, near: float | None = None) -> NDArray[np.float64]:
    """Return the corners of a line, each within half a turn of the one before."""
    corners = shapely.get_coordinates(line)
    # Whole turns only, or what closes a ring would come out beside where it began.
    turns = np.cumsum(np.round(np.diff(corners[:, 0]) / TURN))
    corners[1:, 0] -= TURN * turns
    if near is not None:
        corners[:, 0] -= TURN * np.round((corners[0, 0] - near) / TURN)
    return corners
