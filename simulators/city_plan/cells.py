"""The unit grid of the sample city: blocks between streets, river and railway.

Cells are the faces of one noded set of lines, so that neighbours share every vertex and
no gap or overlap can be between them. Arterials and the river part the communities, so
no cell straddles two.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from shapely import LineString, Polygon, get_parts, unary_union
from shapely.affinity import rotate, scale
from shapely.geometry.base import BaseGeometry
from shapely.ops import polygonize

from simulators.city_plan.lattice import AVENUES, ROADS, Name, Rank
from simulators.city_plan.streets import Plan, Street, stretches
from simulators.city_plan.words import COMMUNITIES, LANES, Community
from vocabulary.codes import GridCode

COUNTY = "990102"
"""The sample city's county code: 99 is no province's, so it can be no real place."""

LARGE_M2 = 24_000.0
"""A block above this is parted by a lane."""

SMALL_M2 = 8_000.0
"""A block below this is joined to a neighbour."""

BAND_M = 70.0
"""Cells whose middles differ less than this northwards are numbered as one row."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell, on the plan.

    Attributes:
        code: 15 digits.
        community: The community it is part of.
        sequence: Its number in that community, from 1.
        area: Its ground.
    """

    code: str
    community: Community
    sequence: int
    area: Polygon


def draw_cells(plan: Plan, rng: np.random.Generator) -> tuple[list[Cell], list[Street]]:
    """Part the town into cells.

    Returns:
        The cells, and the lanes that were drawn through blocks too large for one.
    """
    lines = [plan.outline.exterior, *plan.borders]
    lanes: list[LineString] = []
    while large := [f for f in _faces(plan, lines) if f.area > LARGE_M2]:
        new = [_lane(face, rng) for face in large]
        lanes += new
        lines += [scale(lane, 1.02, 1.02) for lane in new]  # across, to be noded
    faces = _faces(plan, lines)
    cells: list[Cell] = []
    for community, quarter in _quarters(plan):
        inside = [face for face in faces if quarter.covers(face.representative_point())]
        cells += _numbered(community, _without_small(inside))
    cells.sort(key=lambda cell: cell.code)
    return cells, _lane_streets(plan, lanes)


def _faces(plan: Plan, lines: list[LineString]) -> list[Polygon]:
    faces = polygonize(unary_union(lines))
    return [f for f in faces if plan.outline.covers(f.representative_point())]


def polygons(shape: BaseGeometry) -> list[Polygon]:
    """Return the polygons a shape consists of."""
    return [part for part in get_parts(shape) if isinstance(part, Polygon)]


def _lane(face: Polygon, rng: np.random.Generator) -> LineString:
    """Return a line across the middle of a block, over its shorter side."""
    (box,) = polygons(face.minimum_rotated_rectangle)
    corners = list(box.exterior.coords)
    a, b, c = (np.array(corner) for corner in corners[:3])
    across = a - b if np.hypot(*(a - b)) < np.hypot(*(b - c)) else b - c
    middle = np.array(face.centroid.coords[0]) + rng.uniform(-8, 8, 2)
    line = rotate(LineString([middle - across, middle + across]), rng.uniform(-7, 7))
    parts = [p for p in get_parts(line.intersection(face)) if isinstance(p, LineString)]
    return max(parts, key=lambda part: part.length)


def _quarters(plan: Plan) -> Iterator[tuple[Community, Polygon]]:
    """Yield each community and its ground, between arterials and the river."""
    arterials = [s.line for s in plan.streets if s.rank is Rank.ARTERIAL]
    quarters = _faces(plan, [plan.outline.exterior, plan.river_line, *arterials])
    rows = sorted([0.0, *AVENUES])
    for quarter in quarters:
        middle = quarter.centroid
        column = int(np.searchsorted(list(ROADS), middle.x))
        row = int(np.searchsorted(rows, middle.y))
        yield COMMUNITIES[column, row], quarter


def _without_small(faces: list[Polygon]) -> list[Polygon]:
    """Join every small block to the neighbour it shares most border with."""
    while len(faces) > 1 and (least := min(faces, key=_area)).area < SMALL_M2:
        others = [face for face in faces if face is not least]
        friend = max(others, key=lambda other: other.intersection(least).length)
        faces = [face for face in others if face is not friend]
        faces += polygons(unary_union([least, friend]))
    return faces


def _area(face: Polygon) -> float:
    return face.area


def _numbered(community: Community, faces: list[Polygon]) -> Iterator[Cell]:
    """Yield cells numbered west to east, in rows from north to south."""
    top = max(face.centroid.y for face in faces)
    order = sorted(
        faces, key=lambda f: (int((top - f.centroid.y) / BAND_M), f.centroid.x)
    )
    for sequence, face in enumerate(order, 1):
        code = GridCode(
            county=COUNTY,
            street=community.subdistrict.street,
            community=community.number,
            sequence=f"{sequence:03d}",
        )
        yield Cell(str(code), community, sequence, face)


def _lane_streets(plan: Plan, lanes: list[LineString]) -> list[Street]:
    """Return lanes as streets, cut short of the water and the railway."""
    barred = plan.barred
    streets: list[Street] = []
    for lane in lanes:
        zh, en = LANES[len(streets) % len(LANES)]
        streets += stretches(Name(zh, en, Rank.LANE), lane.difference(barred))
    return streets
