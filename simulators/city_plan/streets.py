"""Streets, river and railway of the sample city, on the plan.

The lattice inside a ring road; a river through the middle with a road on either bank; a
railway in the north that arterials pass under. Lesser roads end at both.
"""

from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import numpy as np
from shapely import LineString, Point, Polygon, get_parts, unary_union
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge

from simulators.city_plan.lattice import Name, Rank, Run, draw_runs

REACH_M = 620.0, 430.0
"""Half the town's width and height."""

BEYOND_M = 190.0
"""How far river, railway and arterials are drawn beyond that."""

RING_M = 22.0
"""From the outline to the middle of the ring road."""

RIVER_HALF_M = 19.0
"""Half the river's width."""

BANK_M = 44.0
"""From the river's middle to the roads on its banks."""

RAIL_CLEAR_M = 24.0
"""How far from the railway lesser roads end."""

STATION_M = 46.0
"""From the railway to the street on its far side."""

SHORTEST_M = 45.0
"""Stubs below this are not streets."""

NEAR_M = 5.0
"""An end this near to another street's middle was meant to meet it."""

RING = Name("环城路", "Huancheng Road")
NORTH_BANK = Name("滨河北路", "Binhe North Road")
SOUTH_BANK = Name("滨河南路", "Binhe South Road")
STATION = Name("站北街", "Zhanbei Street")


@dataclass(frozen=True, slots=True)
class Street:
    """One street, or the stretch of one between two gaps.

    Attributes:
        name_zh: 中文名称.
        name_en: English name.
        rank: How much of a street it is.
        line: Its middle, on the plan.
    """

    name_zh: str
    name_en: str
    rank: Rank
    line: LineString


@dataclass(frozen=True, slots=True)
class Plan:
    """The lines of the town, on the plan.

    Attributes:
        outline: The town.
        river_line: The river's middle.
        river: The water.
        railway: Its middle.
        streets: All streets; where two meet, both have that vertex.
        borders: What may part two cells: lattice, river, railway.
        barred: Where only arterials go: the river's banks, north of the railway.
    """

    outline: Polygon
    river_line: LineString
    river: Polygon
    railway: LineString
    streets: list[Street]
    borders: list[LineString]
    barred: BaseGeometry


def draw_plan(rng: np.random.Generator) -> Plan:
    """Draw the town, all but its lanes."""
    outline = _outline(rng)
    ring = LineString(outline.buffer(-RING_M).exterior.coords)
    river_line, railway = _river_line(), _railway()
    runs = draw_runs(rng, (REACH_M[0] + BEYOND_M, REACH_M[1] + BEYOND_M))
    inside = Polygon(ring.coords)
    streets = [_street(RING, ring)]
    for name, line in [
        (NORTH_BANK, river_line.parallel_offset(BANK_M, "left")),
        (SOUTH_BANK, river_line.parallel_offset(BANK_M, "right")),
        (STATION, railway.parallel_offset(STATION_M, "left")),
    ]:
        streets += stretches(name, line.intersection(inside))
    barred = river_line.buffer(BANK_M, cap_style="flat").union(_north_of(railway))
    arterials = unary_union([r.line for r in runs if r.name.rank is Rank.ARTERIAL])
    for run in runs:
        streets += _built(run, inside.difference(barred), arterials)
    return Plan(
        outline=outline,
        river_line=river_line,
        river=river_line.buffer(RIVER_HALF_M),
        railway=railway,
        streets=streets,
        borders=[river_line, railway, *(run.line for run in runs)],
        barred=barred,
    )


def _outline(rng: np.random.Generator) -> Polygon:
    """Return a rounded oblong with an uneven edge."""
    angle = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    waves = np.ones_like(angle)
    for n in (2, 3, 5, 8):
        waves += rng.uniform(0.005, 0.014) * np.sin(n * angle + rng.uniform(0, 6.28))
    x, y = (
        np.sign(side) * np.abs(side) ** 0.72 * reach * waves
        for side, reach in zip((np.cos(angle), np.sin(angle)), REACH_M, strict=True)
    )
    return Polygon(np.column_stack([x, y]))


def _river_line() -> LineString:
    x = np.arange(-REACH_M[0] - BEYOND_M, REACH_M[0] + BEYOND_M, 16.0)
    return LineString(np.column_stack([x, 14 * np.sin(x / 95) + 20 * np.sin(x / 260)]))


def _railway() -> LineString:
    x = np.arange(-REACH_M[0] - BEYOND_M, REACH_M[0] + BEYOND_M, 30.0)
    return LineString(np.column_stack([x, 318 + 9 * np.sin(x / 330 + 1)]))


def _north_of(railway: LineString) -> Polygon:
    """Return the land from just south of the railway to beyond the town."""
    top = REACH_M[1] + BEYOND_M
    (west, _), (east, _) = railway.coords[0], railway.coords[-1]
    land = Polygon([*railway.coords, (east, top), (west, top)])
    return land.buffer(RAIL_CLEAR_M)


def _built(
    run: Run, open_to_all: BaseGeometry, arterials: BaseGeometry
) -> list[Street]:
    """Return the stretches of a run that are streets.

    Arterials bridge the river, pass under the railway and leave the town. Lesser ones
    lose what was drawn past the arterial they end at.
    """
    if run.name.rank is Rank.ARTERIAL:
        return stretches(run.name, run.line)
    parts = get_parts(run.line.intersection(open_to_all).difference(arterials))
    return stretches(
        run.name, linemerge([part for part in parts if part.length > SHORTEST_M])
    )


def stretches(name: Name, line: BaseGeometry) -> list[Street]:
    """Return the parts of a line that are long enough to be streets."""
    return [_street(name, part) for part in get_parts(line) if part.length > SHORTEST_M]


def _street(name: Name, line: LineString) -> Street:
    clean = LineString([line.coords[0], *_moved(line)])
    return Street(name.zh, name.en, name.rank, clean)


def _moved(line: LineString) -> list[tuple[float, ...]]:
    """Return the points of a line that differ from the one before."""
    return [end for start, end in pairwise(line.coords) if start != end]


def joined(streets: list[Street]) -> list[Street]:
    """Return the streets with a common vertex wherever two of them meet.

    Meetings within `NEAR_M` of each other are one junction.
    """
    junctions: list[Point] = []
    on_street: list[list[Point]] = [[] for _ in streets]
    for (a, first), (b, second) in combinations(enumerate(streets), 2):
        for point in _meetings(first.line, second.line):
            near = [j for j in junctions if j.distance(point) < NEAR_M]
            junction = near[0] if near else point
            if not near:
                junctions.append(junction)
            for at in (a, b):
                if junction not in on_street[at]:
                    on_street[at].append(junction)
    return [
        replace(street, line=_with_vertices(street.line, points))
        for street, points in zip(streets, on_street, strict=True)
    ]


def _meetings(one: LineString, other: LineString) -> list[Point]:
    met = one.intersection(other)
    crossings = [part for part in get_parts(met) if isinstance(part, Point)]
    for line, across in ((one, other), (other, one)):
        for end in (Point(line.coords[0]), Point(line.coords[-1])):
            near = across.distance(end) < NEAR_M
            if near and all(end.distance(crossing) > NEAR_M for crossing in crossings):
                crossings.append(end)
    return crossings


def _with_vertices(line: LineString, points: list[Point]) -> LineString:
    """Return a line with points as vertices, in place of its own ones close by."""
    closed = line.is_ring
    kept = [
        (line.project(Point(at)), at)
        for at in line.coords[: -1 if closed else None]
        if all(Point(at).distance(point) > NEAR_M for point in points)
    ]
    kept += [(line.project(point), (point.x, point.y)) for point in points]
    vertices = [at for _, at in sorted(kept)]
    return LineString([*vertices, vertices[0]] if closed else vertices)
