"""What the page draws under everything else: water, parks, railway, streets.

For the eye only, but that streets which meet share a vertex: joined there, they are the
network that simulated vehicles drive on.
"""

from collections.abc import Iterator

from shapely import Polygon, get_parts, union_all
from shapely.geometry.base import BaseGeometry

from simulators.city_plan.cells import Cell
from simulators.city_plan.files import Feature
from simulators.city_plan.lattice import WIDTH_M
from simulators.city_plan.streets import Plan

PARKS = {
    ("Wenchang", 2): ("人民公园", "Renmin Park"),
    ("Zhonglou", 2): ("钟楼公园", "Zhonglou Park"),
    ("Xinhua", 3): ("南湖公园", "Nanhu Park"),
}
"""Cells (community, sequence) that are parks."""

PARK_EDGE_M = 3.0
"""From a street's kerb to a park."""

GREEN_M = 34.0
"""From the river's middle to where the green of its banks ends."""


def base_map(plan: Plan, cells: list[Cell]) -> Iterator[Feature]:
    """Yield features from the lowest to the highest layer."""
    town = union_all([cell.area for cell in cells])
    yield _named("outline", "格州市", "Gezhou", town)
    green = plan.river_line.buffer(GREEN_M, cap_style="flat").intersection(plan.outline)
    yield _named("park", "滨河绿地", "Riverside Green", green)
    roads = union_all([s.line.buffer(WIDTH_M[s.rank] / 2) for s in plan.streets])
    for cell in cells:
        at = cell.community.name_en, cell.sequence
        if at in PARKS:
            park = _largest(cell.area.difference(roads).buffer(-PARK_EDGE_M))
            yield _named("park", *PARKS[at], park)
            if "湖" in PARKS[at][0]:
                yield _named("water", "南湖", "Nanhu Lake", park.buffer(-26).buffer(9))
    yield _named("water", "格水河", "Geshui River", plan.river)
    yield _named("railway", "格北铁路", "Gebei Railway", plan.railway)
    for street in sorted(plan.streets, key=lambda s: WIDTH_M[s.rank]):
        feature = _named("street", street.name_zh, street.name_en, street.line)
        feature.properties.update(
            {"class": street.rank, "width_m": WIDTH_M[street.rank]}
        )
        yield feature


def _named(kind: str, zh: str, en: str, shape: BaseGeometry) -> Feature:
    return Feature({"kind": kind, "name_zh": zh, "name_en": en}, shape)


def _largest(shape: BaseGeometry) -> Polygon:
    parts = [part for part in get_parts(shape) if isinstance(part, Polygon)]
    return max(parts, key=lambda part: part.area)
