"""Vehicles of the sample city and the areas they work in."""

from collections.abc import Iterator
from dataclasses import dataclass

from shapely import Polygon, unary_union

from simulators.city_plan.cells import COUNTY, Cell
from simulators.city_plan.rows import Device

MARGIN_M = 25.0
"""Work areas reach this far past their cells: cells end in the middle of streets, and a
vehicle on that street is still at work."""

LOG_IN = frozenset({13, 14, 15, 16})
"""Vehicles whose terminals speak JT/T 808, by number; the others speak NMEA 0183."""

TURN_M = 1.0
"""How much a work area's border may be straightened."""


@dataclass(frozen=True, slots=True)
class Area:
    """One work area, on the plan."""

    code: str
    name_zh: str
    name_en: str
    ground: Polygon


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One line of vehicles.csv."""

    code: str
    kind: str
    name_zh: str
    name_en: str
    unit: str
    area: str
    speed_limit_kmh: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Where a vehicle works: communities by their English names, and its trade."""

    name_zh: str
    name_en: str
    communities: tuple[str, ...]


SANITATION = [
    Beat(name_zh="扫路车", name_en="Sweeper", communities=("Xiyuan", "Wenchang")),
    Beat(name_zh="扫路车", name_en="Sweeper", communities=("Zhanqian", "Gulou")),
    Beat(
        name_zh="洗扫车", name_en="Wash-sweeper", communities=("Qingnian", "Xianqian")
    ),
    Beat(name_zh="扫路车", name_en="Sweeper", communities=("Dongfeng", "Zhonglou")),
    Beat(name_zh="扫路车", name_en="Sweeper", communities=("Xuefu", "Nanyuan")),
    Beat(name_zh="洗扫车", name_en="Wash-sweeper", communities=("Nanshi", "Xinhua")),
    Beat(name_zh="扫路车", name_en="Sweeper", communities=("Binhe", "Shengli")),
    Beat(name_zh="扫路车", name_en="Sweeper", communities=("Jianshe", "Heping")),
    Beat(
        name_zh="洒水车",
        name_en="Sprinkler",
        communities=("Wenchang", "Gulou", "Xianqian", "Zhonglou"),
    ),
    Beat(
        name_zh="洒水车",
        name_en="Sprinkler",
        communities=("Xuefu", "Nanshi", "Binhe", "Jianshe"),
    ),
]
"""Sanitation vehicles, first to last."""

ENFORCEMENT = [
    ("Xiyuan", "Zhanqian", "Wenchang", "Gulou"),
    ("Qingnian", "Dongfeng", "Xianqian", "Zhonglou"),
    ("Xuefu", "Nanshi", "Nanyuan", "Xinhua"),
    ("Binhe", "Jianshe", "Shengli", "Heping"),
    ("Gulou", "Xianqian", "Nanshi", "Binhe"),
    ("Zhanqian", "Qingnian", "Gulou", "Xianqian"),
]
"""Communities of the enforcement vehicles, first to last."""


def draw_fleet(cells: list[Cell]) -> Iterator[tuple[Vehicle, Area, Device]]:
    """Yield each vehicle with its work area and its terminal.

    格 is no province's abbreviation, so the plates can be no real vehicle's.
    """
    for number, beat in enumerate(SANITATION, 1):
        vehicle = Vehicle(
            code=f"格A0{number:02d}H{number % 10}",
            kind="sanitation",
            name_zh=f"{number}号{beat.name_zh}",
            name_en=f"{beat.name_en} {number}",
            unit="sanitation",
            area=f"AREA-S{number:02d}",
            speed_limit_kmh=40.0,
        )
        yield (
            vehicle,
            _area(vehicle, cells, beat.communities),
            _terminal(vehicle, number),
        )
    for number, communities in enumerate(ENFORCEMENT, 1):
        vehicle = Vehicle(
            code=f"格A1{number:02d}Z{number % 10}",
            kind="enforcement",
            name_zh=f"{number}号执法车",
            name_en=f"Enforcement car {number}",
            unit="enforcement",
            area=f"AREA-E{number:02d}",
            speed_limit_kmh=60.0,
        )
        terminal = _terminal(vehicle, len(SANITATION) + number)
        yield vehicle, _area(vehicle, cells, communities), terminal


def _area(vehicle: Vehicle, cells: list[Cell], communities: tuple[str, ...]) -> Area:
    grounds = [c.area for c in cells if c.community.name_en in communities]
    ground = unary_union(grounds).buffer(MARGIN_M, quad_segs=2).simplify(TURN_M)
    if not isinstance(ground, Polygon):
        raise TypeError(f"the communities of {vehicle.area} do not touch")
    return Area(
        vehicle.area,
        f"{vehicle.name_zh}作业区",
        f"Work area of {vehicle.name_en}",
        ground,
    )


def _terminal(vehicle: Vehicle, number: int) -> Device:
    code = f"VT-{number:04d}"
    logs_in = number in LOG_IN
    return Device(
        code=code,
        profile="vehicle-simulated",
        gateway="jt808" if logs_in else "nmea",
        # A phone number that begins as our county does, as no real one.
        address=f"{COUNTY}{number:05d}" if logs_in else code,
        vehicle=vehicle.code,
    )
