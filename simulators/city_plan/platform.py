"""The platform itself on the sample city's grid: its host, and the disk it fills.

It is the one thing there that is real: ingest measures the disk of its database.
`gezhi demo` puts its own directory in the address's place.
"""

from shapely import Point

from simulators.city_plan.cells import COUNTY
from simulators.city_plan.placing import Place, junctions
from simulators.city_plan.rows import Component, Device, Gateway
from simulators.city_plan.streets import Plan

CLASS = "9901"
"""本平台, in our own numbering: no city's table has a class for it."""

CODE = f"{COUNTY}{CLASS}000001"
"""The host's component code."""

ASIDE_M = 30.0
"""From the junction's middle to the building it stands in."""

DRY_M = 100.0
"""How far from the river that junction is."""

SELF = Gateway(
    code="self",
    transport="self",
    name_zh="平台自测",
    name_en="The platform itself",
    simulated=False,
)

DISK = Device(
    code="DISK-0001",
    profile="platform-disk",
    gateway="self",
    address="/var/lib/gezhi/cluster",
    component=CODE,
    simulated=False,
)
"""At the place where a private database is, if root starts it."""


def host(plan: Plan) -> Component:
    """Return the platform's host, in a dry block near the middle of the town."""
    dry = [
        place
        for place in junctions(plan.streets)
        if plan.river.distance(Point(place)) > DRY_M
    ]
    x, y = min(dry, key=_from_middle_m2)
    return Component(
        code=CODE,
        class_code=CLASS,
        scheme="gezhi",
        name_zh="城市运行平台主机",
        name_en="Host of the platform",
        place=(x + ASIDE_M, y + ASIDE_M),
        owner="platform",
        address_zh="指挥中心机房",
    )


def _from_middle_m2(place: Place) -> float:
    return place[0] ** 2 + place[1] ** 2
