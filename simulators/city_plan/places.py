"""Places of the sample city that rules on its fleet name: by kind, on the plan.

Depots (场站) and permitted stopping places (许可停靠点) lie at a junction in the middle
of a community; a pedestrian precinct is closed at any hour, a hospital's surroundings
at night. Every work area has a depot; most have one of the other places.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from shapely import MultiPoint, Point, Polygon, get_parts, unary_union

from simulators.city_plan.cells import Cell
from simulators.city_plan.streets import Street

ROUND = 6
"""Corners of a quarter circle."""

DEPOT_M = 38.0
"""From a depot's middle to its fence: the yard, and the street before its gate."""

STOP_PLACE_M = 40.0
"""The same of a place where vehicles may stand."""

CLOSED_M = 62.0
"""The same of an area that vehicles may not enter."""

APART_M = 130.0
"""Between the middles of two places."""

MINE_M = 30.0
"""A place lies at least this far inside its community."""

CLOSED = (
    ("no_entry", "Gulou", "PED-01", "鼓楼步行街", "Gulou pedestrian precinct"),
    ("no_entry", "Jianshe", "PED-02", "建设小学周边", "Around Jianshe primary school"),
    ("night_ban", "Nanshi", "QUIET-01", "南市医院静音区", "Nanshi Hospital quiet zone"),
    (
        "night_ban",
        "Dongfeng",
        "QUIET-02",
        "东风疗养院静音区",
        "Dongfeng sanatorium quiet zone",
    ),
)
"""Areas that are closed: kind, community, code and names."""

DEPOTS = (
    "Wenchang",
    "Gulou",
    "Xianqian",
    "Zhonglou",
    "Xuefu",
    "Nanshi",
    "Binhe",
    "Jianshe",
)
"""Communities with a depot."""

STOP_PLACES = (
    "Xiyuan",
    "Zhanqian",
    "Qingnian",
    "Dongfeng",
    "Nanyuan",
    "Xinhua",
    "Shengli",
    "Heping",
)
"""Communities with a refuse transfer station, where vehicles may stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One geofence that is no work area, on the plan."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    ground: Polygon


def draw_places(cells: Sequence[Cell], streets: Sequence[Street]) -> Iterator[Place]:
    """Yield every place; each round one junction of streets."""
    junctions = _junctions(streets)
    taken: list[Point] = []
    for kind, community, code, zh, en in CLOSED:
        yield Place(
            code=code,
            kind=kind,
            name_zh=zh,
            name_en=en,
            ground=_round(_middle(cells, junctions, community, taken), CLOSED_M),
        )
    for number, community in enumerate(DEPOTS, 1):
        yield Place(
            code=f"DEPOT-{number:02d}",
            kind="depot",
            name_zh=f"{_zh(cells, community)}环卫停车场",
            name_en=f"{community} depot",
            ground=_round(_middle(cells, junctions, community, taken), DEPOT_M),
        )
    for number, community in enumerate(STOP_PLACES, 1):
        yield Place(
            code=f"STOP-{number:02d}",
            kind="stop_place",
            name_zh=f"{_zh(cells, community)}垃圾转运站",
            name_en=f"{community} transfer station",
            ground=_round(_middle(cells, junctions, community, taken), STOP_PLACE_M),
        )


def _junctions(streets: Sequence[Street]) -> list[Point]:
    """Return where streets meet, in an order of their own."""
    met = [
        point
        for one, other in combinations(streets, 2)
        for point in get_parts(_vertices(one).intersection(_vertices(other)))
        if not point.is_empty
    ]
    return sorted({(point.x, point.y): point for point in met}.values(), key=_order)


def _vertices(street: Street) -> MultiPoint:
    return MultiPoint(list(street.line.coords))


def _order(point: Point) -> tuple[float, float]:
    return point.x, point.y


def _middle(
    cells: Sequence[Cell],
    junctions: Sequence[Point],
    community: str,
    taken: list[Point],
) -> Point:
    """Return the free junction nearest to a community's middle, and take it."""
    ground = unary_union([c.area for c in cells if c.community.name_en == community])
    free = [
        junction
        for junction in junctions
        if all(junction.distance(other) >= APART_M for other in taken)
    ]
    inner = [one for one in free if ground.buffer(-MINE_M).covers(one)]
    here = inner or [one for one in free if ground.covers(one)]
    found = min(here, key=ground.centroid.distance)
    taken.append(found)
    return found


def _round(middle: Point, radius_m: float) -> Polygon:
    return middle.buffer(radius_m, quad_segs=ROUND)


def _zh(cells: Sequence[Cell], community: str) -> str:
    return next(c.community.name_zh for c in cells if c.community.name_en == community)
