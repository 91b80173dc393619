"""Manhole covers of the sample city: mixed classes, mixed owners, along all streets."""

from dataclasses import dataclass

import numpy as np
from shapely import Point

from simulators.city_plan.cells import COUNTY
from simulators.city_plan.lattice import WIDTH_M
from simulators.city_plan.placing import Place, beside, nearest_m, side_of
from simulators.city_plan.rows import Component, Device, Gateway
from simulators.city_plan.streets import Plan, Street

PER_GATEWAY = 40
"""Covers that speak through one gateway."""

APART_M = 9.0
"""Least distance between two covers."""


@dataclass(frozen=True, slots=True)
class Sort:
    """One class of covers: how many, where across the street, and who is responsible.

    Attributes:
        class_code: Of `rows.SCHEME`.
        name_zh: 中文名称.
        name_en: English name.
        count: How many of them have a sensor.
        aside: From the street's middle, in half widths; above 1 is the pavement.
        authority: 主管.
        owner: 权属.
        maintainer: 养护.
    """

    class_code: str
    name_zh: str
    name_en: str
    count: int
    aside: float
    authority: str = ""
    owner: str = ""
    maintainer: str = ""


HOUSING = "housing-construction"

SORTS = [
    Sort("0101", "上水井盖", "Water cover", 17, 0.55, HOUSING, "water"),
    Sort("0102", "污水井盖", "Sewage cover", 24, 0.2, "drainage", "", "cover-care"),
    Sort("0103", "雨水井盖", "Storm cover", 18, 0.75, "drainage", "", "cover-care"),
    Sort("0103", "雨水井盖", "Storm cover", 8, 0.75, "drainage"),
    Sort("0105", "电力井盖", "Power cover", 10, 1.35, HOUSING, "power"),
    Sort("0106", "路灯井盖", "Lighting cover", 9, 1.2, "", "lighting", "lamp-care"),
    Sort("0107", "通信井盖", "Telecom cover", 12, 1.45, HOUSING, "telecom"),
    Sort("0110", "热力井盖", "Heating cover", 8, 0.4, HOUSING, "heating"),
    Sort("0111", "燃气井盖", "Gas cover", 10, 0.6, HOUSING, "gas"),
    Sort("0123", "不明井盖", "Unidentified cover", 4, 1.1),
]
"""The last has nobody: it falls to the subdistrict it lies in."""


@dataclass(frozen=True, slots=True)
class Covers:
    """All covers with a sensor, and the gateways they speak through."""

    components: list[Component]
    devices: list[Device]
    gateways: list[Gateway]


def draw_covers(plan: Plan, rng: np.random.Generator) -> Covers:
    """Strew covers over the streets and hang a sensor under each."""
    components: list[Component] = []
    taken: list[Place] = [(1e9, 1e9)]
    for sort in SORTS:
        for _ in range(sort.count):
            street, place = _free_place(plan, sort, taken, rng)
            taken.append(place)
            number = 1 + sum(c.class_code == sort.class_code for c in components)
            components.append(_component(sort, number, street, place))
    from_the_west = sorted(components, key=lambda component: component.place)
    return Covers(
        sorted(components, key=lambda component: component.code),
        [_device(at, component) for at, component in enumerate(from_the_west)],
        [_gateway(number) for number in range(1, len(components) // PER_GATEWAY + 1)],
    )


def _free_place(
    plan: Plan, sort: Sort, taken: list[Place], rng: np.random.Generator
) -> tuple[Street, Place]:
    """Return a street and a place on it that is inside the town, dry and free."""
    lengths = np.array([street.line.length for street in plan.streets])
    wet = plan.river.buffer(6).union(plan.railway.buffer(14))
    free = plan.outline.buffer(-15).difference(wet)
    while True:
        street = plan.streets[rng.choice(len(lengths), p=lengths / lengths.sum())]
        aside = sort.aside * WIDTH_M[street.rank] / 2 * rng.choice((-1, 1))
        place = beside(street.line, rng.uniform(0, street.line.length), aside)
        if free.contains(Point(place)) and nearest_m(place, taken) > APART_M:
            return street, place


def _component(sort: Sort, number: int, street: Street, place: Place) -> Component:
    side, _ = side_of(street.line, place)
    return Component(
        code=f"{COUNTY}{sort.class_code}{number:06d}",
        class_code=sort.class_code,
        name_zh=f"{street.name_zh}{sort.name_zh}{number}号",
        name_en=f"{sort.name_en} {number}, {street.name_en}",
        place=place,
        authority=sort.authority,
        owner=sort.owner,
        maintainer=sort.maintainer,
        address_zh=f"{street.name_zh}{side}侧",
    )


def _device(at: int, component: Component) -> Device:
    code = f"MH-{at + 1:04d}"
    return Device(
        code=code,
        profile="cover-simulated",
        gateway=f"GW-COVER-{at // PER_GATEWAY + 1}",
        address=code,
        component=component.code,
    )


def _gateway(number: int) -> Gateway:
    part_zh, part_en = (("西", "west"), ("中", "middle"), ("东", "east"))[number - 1]
    return Gateway(
        code=f"GW-COVER-{number}",
        transport="mqtt",
        name_zh=f"城{part_zh}井盖网关",
        name_en=f"Cover gateway, {part_en}",
    )
