"""Street lamps of the sample city: six cabinets, fifty lamps each, on the arterials.

A cabinet stands where two arterials cross and feeds the nearest lamps of both, so that
every lamp hangs from a cabinet on its own street.
"""

from dataclasses import dataclass

from shapely import Point, unary_union

from simulators.city_plan.cells import COUNTY
from simulators.city_plan.lattice import ROADS, WIDTH_M, Rank
from simulators.city_plan.placing import (
    Place,
    beside,
    crossing,
    side_of,
)
from simulators.city_plan.rows import Component, Device, Gateway
from simulators.city_plan.streets import Plan, Street

LAMPS_PER_CABINET = 50
"""How many lamps one cabinet feeds."""

SPACING_M = 9.9
"""From one lamp to the next, which is on the other side of the street."""

KERB_M = 1.5
"""From the kerb to a lamp's pole."""

RAIL_CLEAR_M = 10.0
"""No lamp this near to the railway: the street passes under it."""

CLEAR_M = 3.0
"""No lamp this near to the kerb of a street that crosses."""

ROAD_W, AVENUE_W = 120.0, 150.0
"""Ratings of the LED lanterns: avenues are wider."""

ALWAYS_LIT, ASTRONOMICAL = "always-lit", "astronomical"
"""Programmes in programmes.csv: one shows something at any hour, one is real."""

LAMP_CLASS, CABINET_CLASS = "0137", "0128"
"""路灯 and the cabinet that feeds it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a lamp: which street, how far along, where, and its number there."""

    street: Street
    along_m: float
    place: Place
    number: int


@dataclass(frozen=True, slots=True)
class Lighting:
    """Everything that lights the town."""

    components: list[Component]
    devices: list[Device]
    gateways: list[Gateway]


def draw_lighting(plan: Plan) -> Lighting:
    """Place cabinets and lamps."""
    arterials = [s for s in plan.streets if s.rank is Rank.ARTERIAL]
    roads = [s for s in arterials if s.name_zh in {name.zh for name in ROADS.values()}]
    avenues = [s for s in arterials if s not in roads]
    spots = {street.name_zh: _spots(street, plan) for street in arterials}
    lighting = Lighting([], [], [])
    crossings = [(road, avenue) for avenue in reversed(avenues) for road in roads]
    for number, (road, avenue) in enumerate(crossings, 1):
        middle = crossing(road, avenue)
        fed = [
            *_nearest_on(road, middle, spots[road.name_zh], avenues),
            *_nearest_on(avenue, middle, spots[avenue.name_zh], roads),
        ]
        fed.sort(key=lambda spot: _along_from(spot, middle))
        if len(fed) < LAMPS_PER_CABINET:
            raise ValueError(f"cabinet {number} finds room for {len(fed)} lamps only")
        is_last = number == len(crossings)
        programme = ASTRONOMICAL if is_last else ALWAYS_LIT
        _add_cabinet(
            lighting, number, (road, avenue), fed[:LAMPS_PER_CABINET], programme
        )
    return lighting


def _spots(street: Street, plan: Plan) -> list[Spot]:
    """Return where lamps can stand on a street, from its start."""
    barred = unary_union(
        [
            plan.railway.buffer(RAIL_CLEAR_M),
            *(
                other.line.buffer(WIDTH_M[other.rank] / 2 + CLEAR_M)
                for other in plan.streets
                if other is not street
            ),
        ]
    )
    free = plan.outline.buffer(-20).difference(barred)
    aside = WIDTH_M[street.rank] / 2 + KERB_M
    spots: list[Spot] = []
    for step in range(int(street.line.length / SPACING_M)):
        along_m = step * SPACING_M
        place = beside(street.line, along_m, aside if step % 2 else -aside)
        if free.contains(Point(place)):
            spots.append(Spot(street, along_m, place, len(spots) + 1))
    return spots


def _nearest_on(
    street: Street, middle: Point, spots: list[Spot], across: list[Street]
) -> list[Spot]:
    """Return the spots of a street that are nearer to this crossing than to another."""
    here = street.line.project(middle)
    rivals = [street.line.project(crossing(street, other)) for other in across]
    return [
        spot
        for spot in spots
        if all(
            abs(spot.along_m - here) <= abs(spot.along_m - rival) for rival in rivals
        )
    ]


def _along_from(spot: Spot, middle: Point) -> float:
    return abs(spot.along_m - spot.street.line.project(middle))


def _add_cabinet(
    lighting: Lighting,
    number: int,
    streets: tuple[Street, Street],
    fed: list[Spot],
    programme: str,
) -> None:
    """Add one cabinet, its gateway and its lamps, in the order of their streets."""
    road, avenue = streets
    cabinet = _cabinet(number, road, avenue)
    lighting.gateways.append(_gateway(number, road, avenue))
    lighting.components.append(cabinet)
    lighting.devices.append(
        Device(
            code=f"CB-{number:04d}",
            profile="cabinet-simulated",
            gateway=f"CAB-{number}",
            address="1",
            component=cabinet.code,
            programme=programme,
        )
    )
    ordered = sorted(fed, key=lambda spot: (spot.street.name_en, spot.along_m))
    for place_in_order, spot in enumerate(ordered, 1):
        rated_w = AVENUE_W if spot.street is avenue else ROAD_W
        _add_lamp(lighting, (number, place_in_order), spot, cabinet.code, rated_w)


def _gateway(number: int, road: Street, avenue: Street) -> Gateway:
    return Gateway(
        code=f"CAB-{number}",
        transport="modbus_tcp",
        name_zh=f"{_corner_zh(road, avenue)}路灯控制箱",
        name_en=f"Lighting cabinet, {road.name_en} and {avenue.name_en}",
        host="127.0.0.1",
        port=15020 + number,
    )


def _cabinet(number: int, road: Street, avenue: Street) -> Component:
    middle = crossing(road, avenue)
    return Component(
        code=f"{COUNTY}{CABINET_CLASS}{number:06d}",
        class_code=CABINET_CLASS,
        name_zh=f"{number}号路灯控制箱",
        name_en=f"Lighting cabinet {number}",
        place=(middle.x + 16.0, middle.y + 15.0),
        authority="lighting",
        owner="lighting",
        maintainer="lamp-care" if number % 3 else "",
        address_zh=f"{_corner_zh(road, avenue)}东北角",
    )


def _corner_zh(road: Street, avenue: Street) -> str:
    return f"{avenue.name_zh}与{road.name_zh}路口"


def _add_lamp(
    lighting: Lighting,
    numbers: tuple[int, int],
    spot: Spot,
    cabinet_code: str,
    rated_w: float,
) -> None:
    cabinet, order = numbers
    sequence = (cabinet - 1) * LAMPS_PER_CABINET + order
    code = f"{COUNTY}{LAMP_CLASS}{sequence:06d}"
    side_zh, _ = side_of(spot.street.line, spot.place)
    lighting.components.append(
        Component(
            code=code,
            class_code=LAMP_CLASS,
            name_zh=f"{spot.street.name_zh}{spot.number}号路灯",
            name_en=f"Lamp {spot.number}, {spot.street.name_en}",
            place=spot.place,
            authority="lighting",
            owner="lighting",
            maintainer="lamp-care" if cabinet % 3 else "",
            upstream=cabinet_code,
            address_zh=f"{spot.street.name_zh}{side_zh}侧",
        )
    )
    lighting.devices.append(
        Device(
            code=f"LP-{sequence:04d}",
            profile="lamp-simulated",
            gateway=f"CAB-{cabinet}",
            address=f"1/lamp/{order:02d}",
            component=code,
            upstream=f"CB-{cabinet:04d}",
            rated_w=rated_w,
        )
    )
