"""Pressure points and ponding gauges of the sample city."""

from dataclasses import dataclass

from shapely import Point

from simulators.city_plan.cells import COUNTY
from simulators.city_plan.placing import (
    Place,
    junctions,
    nearest_m,
    points_of,
    spread,
)
from simulators.city_plan.rows import Component, Device, Gateway
from simulators.city_plan.streets import Plan

POINTS_PER_RTU = 12
"""Pressure transmitters on one RTU's bus."""

GAUGES = 12
"""Ponding gauges in all."""

UNDERPASS_CLASS = "0207"
"""地下通道."""

LOW_M = 120.0
"""How near to the river the ground is low."""

CLEAR_M = 30.0
"""Least distance between two junctions that are watched, and to the railway."""

ASIDE_M = 4.0
"""From a junction's middle, where cells meet, to what stands there."""


STATIONS = (
    ("HS-0001", "hydro-simulated", "sl651", f"{COUNTY}0001"),
    ("OF-0001", "outfall-simulated", "hj212", f"{COUNTY}{1:018d}"),
)
"""Stations that call us: code, profile, gateway, and what they call themselves."""


@dataclass(frozen=True, slots=True)
class Water:
    """What watches mains and low-lying places."""

    components: list[Component]
    devices: list[Device]
    gateways: list[Gateway]


def draw_water(plan: Plan) -> Water:
    """Place pressure points on the mains, gauges in underpasses and low places."""
    underpasses = _underpasses(plan)
    gauges = [
        Device(
            code=f"PD-{number:04d}",
            profile="gauge-simulated",
            gateway="GW-GAUGE-1",
            address=f"PD-{number:04d}",
            component=underpass.code,
        )
        for number, underpass in enumerate(underpasses, 1)
    ]
    for place in _low_places(plan, GAUGES - len(gauges)):
        code = f"PD-{len(gauges) + 1:04d}"
        gauges.append(
            Device(
                code=code,
                profile="gauge-simulated",
                gateway="GW-GAUGE-1",
                address=code,
                place=place,
            )
        )
    gauge_gateway = Gateway(
        code="GW-GAUGE-1",
        transport="mqtt",
        name_zh="积水监测网关",
        name_en="Ponding gauge gateway",
    )
    rtus = [_rtu(1, "北", "north"), _rtu(2, "南", "south")]
    callers = [
        _listener("sl651", "水文遥测站接入", "Hydrological stations"),
        _listener("hj212", "排口数采仪接入", "Outfall data loggers"),
    ]
    return Water(
        underpasses,
        [*_pressure_points(plan), *gauges, *_stations(plan)],
        [gauge_gateway, *rtus, *callers],
    )


def _stations(plan: Plan) -> list[Device]:
    """Return a station where the river is nearest in the west, and one in the east."""
    banks = sorted(_inner_junctions(plan), key=lambda p: plan.river.distance(Point(p)))
    ends = sorted(banks[: len(STATIONS) * 2])
    return [
        Device(
            code=code,
            profile=profile,
            gateway=gateway,
            address=address,
            place=(place[0] - ASIDE_M, place[1] - ASIDE_M),
        )
        for (code, profile, gateway, address), place in zip(
            STATIONS, (ends[0], ends[-1]), strict=True
        )
    ]


def _underpasses(plan: Plan) -> list[Component]:
    """Return the places where a street passes under the railway, from the west."""
    found = [
        (point.x, point.y, street)
        for street in plan.streets
        for point in points_of(street.line.intersection(plan.railway))
    ]
    return [
        Component(
            code=f"{COUNTY}{UNDERPASS_CLASS}{number:06d}",
            class_code=UNDERPASS_CLASS,
            name_zh=f"{street.name_zh}铁路下穿通道{number}号",
            name_en=f"Railway underpass {number}, {street.name_en}",
            place=(x + ASIDE_M, y - ASIDE_M),
            authority="roads",
            owner="roads",
            address_zh=f"{street.name_zh}下穿铁路处",
        )
        for number, (x, y, street) in enumerate(sorted(found, key=lambda f: f[0]), 1)
    ]


def _low_places(plan: Plan, count: int) -> list[Place]:
    """Return junctions near the river's banks, well apart."""
    low = [p for p in _inner_junctions(plan) if plan.river.distance(Point(p)) < LOW_M]
    return [_aside(place) for place in spread(low, count)]


def _pressure_points(plan: Plan) -> list[Device]:
    """Return twelve points on either side of the river, well apart."""
    places = _inner_junctions(plan)
    north = [p for p in places if _is_north(plan, p)]
    south = [p for p in places if not _is_north(plan, p)]
    devices: list[Device] = []
    for rtu, half in ((1, north), (2, south)):
        for unit, place in enumerate(spread(half, POINTS_PER_RTU), 1):
            devices.append(
                Device(
                    code=f"PR-{len(devices) + 1:04d}",
                    profile="pressure-simulated",
                    gateway=f"RTU-{rtu}",
                    address=str(unit),
                    place=_aside(place),
                )
            )
    return devices


def _inner_junctions(plan: Plan) -> list[Place]:
    """Return junctions inside the ring road, clear of each other and the railway."""
    inside = plan.outline.buffer(-60)
    chosen: list[Place] = []
    for place in junctions(plan.streets):
        clear = not chosen or nearest_m(place, chosen) > CLEAR_M
        away = plan.railway.distance(Point(place)) > CLEAR_M
        if clear and away and inside.contains(Point(place)):
            chosen.append(place)
    return chosen


def _is_north(plan: Plan, place: Place) -> bool:
    river = plan.river_line
    return place[1] > river.interpolate(river.project(Point(place))).y


def _aside(place: Place) -> Place:
    return place[0] + ASIDE_M, place[1] + ASIDE_M


def _rtu(number: int, part_zh: str, part_en: str) -> Gateway:
    return Gateway(
        code=f"RTU-{number}",
        transport="modbus_tcp",
        name_zh=f"城{part_zh}管网压力终端",
        name_en=f"Water main RTU, {part_en}",
        host="127.0.0.1",
        port=15030 + number,
    )


def _listener(transport: str, name_zh: str, name_en: str) -> Gateway:
    return Gateway(
        code=transport, transport=transport, name_zh=name_zh, name_en=name_en
    )
