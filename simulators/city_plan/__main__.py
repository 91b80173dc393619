"""Draw the sample city and write its files: `python -m simulators.city_plan FOLDER`."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from simulators.city_plan.base_map import base_map
from simulators.city_plan.cells import COUNTY, Cell, draw_cells
from simulators.city_plan.covers import draw_covers
from simulators.city_plan.files import Feature, copy_table, write_csv, write_geojson
from simulators.city_plan.fleet import Area, Vehicle, draw_fleet
from simulators.city_plan.ground import CENTRE_LAT, CENTRE_LON, degrees
from simulators.city_plan.lamps import draw_lighting
from simulators.city_plan.mains import HEADER as MAINS_HEADER
from simulators.city_plan.mains import draw_mains
from simulators.city_plan.places import Place, draw_places
from simulators.city_plan.platform import DISK, SELF, host
from simulators.city_plan.rows import Component, Device, Gateway
from simulators.city_plan.streets import draw_plan, joined
from simulators.city_plan.water import draw_water

SEED = 3
"""The one whose town looks best."""

CITY = f"""\
# A made-up city: 99 begins no real county's code, and no street here is anywhere.
name_zh = "格州市"
name_en = "Gezhou"
county = "{COUNTY}"
time_zone = "Asia/Shanghai"
centre = [{CENTRE_LON}, {CENTRE_LAT}]  # degrees east, north, WGS-84
"""


def draw_city(folder: Path, seed: int = SEED) -> None:
    """Draw the city that `seed` gives and write it into a folder."""
    rng = np.random.default_rng(seed)
    plan = draw_plan(rng)
    cells, lanes = draw_cells(plan, rng)
    plan = replace(plan, streets=joined([*plan.streets, *lanes]))
    lighting, covers, water = (
        draw_lighting(plan),
        draw_covers(plan, rng),
        draw_water(plan),
    )
    fleet = list(draw_fleet(cells))
    parts = (lighting, covers, water)
    terminals = [terminal for _, _, terminal in fleet]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "city.toml").write_text(CITY, encoding="utf-8")
    copy_table(Path(__file__).with_name("units.csv"), folder)
    copy_table(Path(__file__).with_name("profiles.csv"), folder)
    copy_table(Path(__file__).with_name("programmes.csv"), folder)
    write_geojson(folder / "cells.geojson", [_cell(cell) for cell in cells])
    components = [c for part in parts for c in part.components]
    _write_components(folder, [*components, host(plan)])
    _write_devices(folder, [*(d for p in parts for d in p.devices), *terminals, DISK])
    write_csv(folder / "pipes.csv", MAINS_HEADER, draw_mains(water.devices))
    _write_gateways(folder, [g for part in parts for g in part.gateways])
    _write_vehicles(folder, [vehicle for vehicle, _, _ in fleet])
    fences = [_area(area) for _, area, _ in fleet]
    fences += [_place(place) for place in draw_places(cells, plan.streets)]
    write_geojson(folder / "geofences.geojson", fences)
    write_geojson(folder / "basemap.geojson", base_map(plan, cells))


def _cell(cell: Cell) -> Feature:
    community = cell.community
    district = community.subdistrict
    return Feature(
        {
            "code": cell.code,
            "name_zh": f"{district.name_zh}{community.name_zh}社区第{cell.sequence}格",
            "name_en": f"{community.name_en} {cell.sequence}, {district.name_en}",
            "subdistrict": district.unit,
            "initial_on": "2026-01-01",
        },
        cell.area,
    )


def _area(area: Area) -> Feature:
    return Feature(
        {
            "code": area.code,
            "name_zh": area.name_zh,
            "name_en": area.name_en,
            "shape": "polygon",
            "radius_m": None,
            "kind": "work_area",
        },
        area.ground,
    )


def _place(place: Place) -> Feature:
    return Feature(
        {
            "code": place.code,
            "name_zh": place.name_zh,
            "name_en": place.name_en,
            "shape": "polygon",
            "radius_m": None,
            "kind": place.kind,
        },
        place.ground,
    )


def _write_components(folder: Path, components: list[Component]) -> None:
    """Write components; their cells are left for the import to find."""
    header = (
        "code,scheme,class_code,name_zh,name_en,lon,lat,cell,"
        "authority,owner,maintainer,state,upstream,address_zh"
    )
    rows = [
        (
            c.code,
            c.scheme,
            c.class_code,
            c.name_zh,
            c.name_en,
            *degrees(*c.place),
            "",
            c.authority,
            c.owner,
            c.maintainer,
            "intact",
            c.upstream,
            c.address_zh,
        )
        for c in components
    ]
    write_csv(folder / "components.csv", header.split(","), rows)


def _write_devices(folder: Path, devices: list[Device]) -> None:
    header = (
        "code,profile,gateway,address,component,vehicle,upstream,lon,lat,cell,"
        "simulated,programme,rated_w"
    )
    rows = [
        (
            d.code,
            d.profile,
            d.gateway,
            d.address,
            d.component,
            d.vehicle,
            d.upstream,
            *(degrees(*d.place) if d.place else ("", "")),
            "",
            "true" if d.simulated else "false",
            d.programme,
            "" if d.rated_w is None else f"{d.rated_w:g}",
        )
        for d in devices
    ]
    write_csv(folder / "devices.csv", header.split(","), rows)


def _write_gateways(folder: Path, gateways: list[Gateway]) -> None:
    fleet = (
        Gateway(
            code="nmea",
            transport="nmea",
            name_zh="车载终端接入",
            name_en="Vehicle terminals",
        ),
        Gateway(
            code="jt808",
            transport="jt808",
            name_zh="部标车载终端接入",
            name_en="Vehicle terminals, JT/T 808",
        ),
    )
    rows = [
        (
            g.code,
            g.transport,
            g.name_zh,
            g.name_en,
            g.host,
            g.port or "",
            "true" if g.simulated else "false",
        )
        for g in [*gateways, *fleet, SELF]
    ]
    header = ("code", "transport", "name_zh", "name_en", "host", "port", "simulated")
    write_csv(folder / "gateways.csv", header, rows)


def _write_vehicles(folder: Path, vehicles: list[Vehicle]) -> None:
    header = ("code", "kind", "name_zh", "name_en", "unit", "area", "speed_limit_kmh")
    rows = [
        (v.code, v.kind, v.name_zh, v.name_en, v.unit, v.area, v.speed_limit_kmh)
        for v in vehicles
    ]
    write_csv(folder / "vehicles.csv", header, rows)


if __name__ == "__main__":
    draw_city(Path(sys.argv[1]))
