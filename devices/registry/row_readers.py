"""How each kind of row is read from a line, field by field."""

import re
from datetime import date
from enum import StrEnum

from devices.registry.fields import Fields
from devices.registry.shapes import (
    ShapeError,
    area_m2,
    canonical_text,
    geojson_text,
    read_shape,
)
from devices.registry.sheet import GEOMETRY, Columns
from store.registry.rows import (
    CellRow,
    ComponentRow,
    DeviceRow,
    GeofenceRow,
    PipeRow,
    ProfileRow,
    ProgrammeRow,
    UnitRow,
    VehicleRow,
)
from vocabulary.alias import AliasError, aliases_of
from vocabulary.codes import (
    ComponentCode,
    GridCode,
    check_class_digits,
    check_scheme,
)
from vocabulary.device import DeviceKind
from vocabulary.lighting import StepsError, steps_of
from vocabulary.quantity import Quantity
from vocabulary.registry_facts import GeofenceShape, UnitKind, VehicleKind

NAMES = ("code", "name_zh", "name_en")

COLUMNS = {
    "units": Columns((*NAMES, "kind")),
    "cells": Columns((*NAMES, "subdistrict", "initial_on"), ("ended_on",)),
    "components": Columns(
        (*NAMES, "scheme", "class_code", "lon", "lat"),
        (
            *("cell", "authority", "owner", "maintainer"),
            *("state", "upstream", "address_zh"),
        ),
    ),
    "geofences": Columns((*NAMES, "shape"), ("radius_m", "kind")),
    "vehicles": Columns((*NAMES, "kind", "unit"), ("area", "speed_limit_kmh")),
    "profiles": Columns(
        (*NAMES, "kind", "quantities", "expected_interval_s"),
        (
            *("allowed_lateness_s", "time_zone", "datum", "register_map"),
            *("payload_codec", "aliases"),
        ),
    ),
    "gateways": Columns(
        (*NAMES, "transport"),
        ("host", "port", "simulated", "format", "native_topics", "line"),
    ),
    "programmes": Columns(
        (*NAMES, "on_below_deg", "off_above_deg", "margin_s"), ("steps",)
    ),
    "devices": Columns(
        ("code", "profile", "gateway", "address"),
        (
            *("component", "vehicle", "upstream", "lon", "lat", "cell", "simulated"),
            *("programme", "rated_w"),
        ),
    ),
    "pipes": Columns(
        (
            *(*NAMES, "start", "end", "start_lon", "start_lat", "end_lon", "end_lat"),
            "length_m",
        ),
        ("wave_m_s",),
    ),
}
"""Columns of each kind's file."""

LONGEST_INTERVAL_S = 31 * 86_400.0
"""A device that reports less often than monthly is a mistake of units."""

FASTEST_KMH = 200.0
"""No vehicle's limit is above this."""

WIDEST_M = 100_000.0
"""No geofence's radius is above this."""

LOWEST_DEG, ZENITH_DEG = -18.0, 90.0
"""Elevations of the sun at which lamps may turn: deepest twilight to always lit."""

WIDEST_MARGIN_S = 2 * 3600.0
"""Nobody's lamps turn two hours off their programme and are in order."""

BRIGHTEST_W = 5_000.0
"""No street lamp is rated above this."""


LONGEST_PIPE_M = 20_000.0
"""No stretch of main between two nodes is longer than this."""

WAVE_M_S = 1000.0
"""Speed of a pressure wave where a pipe does not say: iron and steel."""

SLOWEST_WAVE_M_S, FASTEST_WAVE_M_S = 100.0, 1500.0
"""Soft plastic; water in rock."""


class ComponentState(StrEnum):
    """What state a component is in."""

    INTACT = "intact"  # 完好
    BROKEN = "broken"  # 破损
    MISSING = "missing"  # 丢失
    ABANDONED = "abandoned"  # 废弃


class Datum(StrEnum):
    """What a device's coordinates are in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


SHAPE_TYPES = {
    "": ("Polygon", "MultiPolygon", "Point", "LineString", "MultiLineString"),
    GeofenceShape.POLYGON: ("Polygon", "MultiPolygon"),
    GeofenceShape.CIRCLE: ("Point",),
    GeofenceShape.CORRIDOR: ("LineString", "MultiLineString"),
}
"""GeoJSON types by a geofence's shape."""


def unit(fields: Fields, _county: str) -> UnitRow:
    """Read one responsible unit."""
    return UnitRow(
        code=fields.code("code"),
        kind=fields.choice("kind", UnitKind),
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
    )


def cell(fields: Fields, county: str) -> CellRow:
    """Read one cell of the grid."""
    code = fields.coded("code", GridCode.parse)
    _check_county(fields, code, county)
    polygon, ground_m2 = _ground(fields)
    initial_on = fields.day_or_none("initial_on")
    if initial_on is None and not fields.text_or("initial_on"):
        fields.refuse("initial_on", "is empty; write the day it came into force")
    return CellRow(
        code=code,
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        subdistrict=fields.text("subdistrict"),
        polygon=polygon,
        area_m2=ground_m2,
        initial_on=initial_on or date.min,
        ended_on=fields.day_or_none("ended_on"),
    )


def _ground(fields: Fields) -> tuple[str, float]:
    """Return a cell's geometry as canonical text, and its area in square metres."""
    geojson = fields.text(GEOMETRY)
    try:
        shape = read_shape(geojson, "Polygon", "MultiPolygon")
    except ShapeError as error:
        fields.refuse(GEOMETRY, str(error))
        return "", 0.0
    return canonical_text(geojson), area_m2(shape)


def component(fields: Fields, county: str) -> ComponentRow:
    """Read one component."""
    code = fields.coded("code", ComponentCode.parse)
    _check_county(fields, code, county)
    class_code = fields.coded("class_code", check_class_digits)
    if fields.is_good and class_code != ComponentCode.parse(code).class_code:
        right = f"digits 7 to 10 of the code say {code[6:10]}"
        fields.refuse("class_code", f"is {class_code}, but {right}")
    state = ComponentState.INTACT.value
    if fields.text_or("state"):
        state = fields.choice("state", ComponentState)
    return ComponentRow(
        code=code,
        scheme=fields.coded("scheme", check_scheme),
        class_code=class_code,
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        lon=fields.number("lon", -180, 180),
        lat=fields.number("lat", -90, 90),
        cell=fields.reference("cell"),
        authority=fields.reference("authority"),
        owner=fields.reference("owner"),
        maintainer=fields.reference("maintainer"),
        state=state,
        upstream=fields.reference("upstream"),
        address_zh=fields.text_or("address_zh"),
    )


def geofence(fields: Fields, _county: str) -> GeofenceRow:
    """Read one geofence."""
    shape = fields.choice("shape", GeofenceShape)
    radius_m = fields.number_or_none("radius_m", 1, WIDEST_M)
    if shape == GeofenceShape.POLYGON and radius_m is not None:
        fields.refuse("radius_m", "a polygon has none; leave it empty")
    if shape in {"circle", "corridor"} and not fields.text_or("radius_m"):
        fields.refuse("radius_m", f"is empty; a {shape} needs it")
    geojson = fields.text(GEOMETRY)
    try:
        geojson = geojson_text(geojson)
        read_shape(geojson, *SHAPE_TYPES.get(shape, SHAPE_TYPES[""]))
    except ShapeError as error:
        fields.refuse(GEOMETRY, str(error))
        geojson = "{}"
    kind = fields.text_or("kind")
    if not re.fullmatch(r"([a-z][a-z0-9_]*)?", kind):
        fields.refuse("kind", f"{kind!r} is no word; write it like no_entry")
    return GeofenceRow(
        code=fields.code("code"),
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        shape=shape,
        geometry=canonical_text(geojson),
        radius_m=radius_m,
        kind=kind,
    )


def vehicle(fields: Fields, _county: str) -> VehicleRow:
    """Read one vehicle."""
    return VehicleRow(
        code=fields.code("code"),
        kind=fields.choice("kind", VehicleKind),
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        unit=fields.text("unit"),
        area=fields.reference("area"),
        speed_limit_kmh=fields.number_or_none("speed_limit_kmh", 1, FASTEST_KMH),
    )


def profile(fields: Fields, _county: str) -> ProfileRow:
    """Read one profile; its quantities are parted by spaces."""
    datum = Datum.WGS84.value
    if fields.text_or("datum"):
        datum = fields.choice("datum", Datum)
    return ProfileRow(
        code=fields.code("code"),
        kind=fields.choice("kind", DeviceKind),
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        quantities=fields.choices("quantities", Quantity),
        expected_interval_s=fields.number(
            "expected_interval_s", 0.01, LONGEST_INTERVAL_S
        ),
        allowed_lateness_s=fields.number_or_none(
            "allowed_lateness_s", 0, LONGEST_INTERVAL_S
        )
        or 0.0,
        time_zone=fields.time_zone("time_zone"),
        datum=datum,
        register_map=fields.text_or("register_map"),
        payload_codec=fields.text_or("payload_codec"),
        aliases=_aliases(fields),
    )


def _aliases(fields: Fields) -> str:
    """Return a profile's aliases, one space between them."""
    text = " ".join(fields.text_or("aliases").split())
    try:
        aliases_of(text)
    except AliasError as error:
        fields.refuse("aliases", str(error))
    return text


def programme(fields: Fields, _county: str) -> ProgrammeRow:
    """Read one lamp programme."""
    steps = " ".join(fields.text_or("steps").split())
    try:
        steps_of(steps)
    except StepsError as error:
        fields.refuse("steps", str(error))
    return ProgrammeRow(
        code=fields.code("code"),
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        on_below_deg=fields.number("on_below_deg", LOWEST_DEG, ZENITH_DEG),
        off_above_deg=fields.number("off_above_deg", LOWEST_DEG, ZENITH_DEG),
        margin_s=fields.number("margin_s", 0, WIDEST_MARGIN_S),
        steps=steps,
    )


def pipe(fields: Fields, _county: str) -> PipeRow:
    """Read one stretch of water main."""
    start, end = fields.code("start"), fields.code("end")
    if start == end:
        fields.refuse("end", f"is {start}, which is the start as well")
    wave_m_s = fields.number_or_none("wave_m_s", SLOWEST_WAVE_M_S, FASTEST_WAVE_M_S)
    return PipeRow(
        code=fields.code("code"),
        name_zh=fields.text("name_zh"),
        name_en=fields.text("name_en"),
        start=start,
        end=end,
        start_lon=fields.number("start_lon", -180, 180),
        start_lat=fields.number("start_lat", -90, 90),
        end_lon=fields.number("end_lon", -180, 180),
        end_lat=fields.number("end_lat", -90, 90),
        length_m=fields.number("length_m", 0.1, LONGEST_PIPE_M),
        wave_m_s=WAVE_M_S if wave_m_s is None else wave_m_s,
    )


def device(fields: Fields, _county: str) -> DeviceRow:
    """Read one device; place and cell may follow from its component."""
    return DeviceRow(
        code=fields.code("code"),
        profile=fields.text("profile"),
        gateway=fields.text("gateway"),
        address=fields.code("address"),
        component=fields.reference("component"),
        vehicle=fields.reference("vehicle"),
        upstream=fields.reference("upstream"),
        lon=fields.number_or_none("lon", -180, 180),
        lat=fields.number_or_none("lat", -90, 90),
        cell=fields.reference("cell"),
        simulated=fields.flag("simulated"),
        programme=fields.reference("programme"),
        rated_w=fields.number_or_none("rated_w", 1, BRIGHTEST_W),
    )


def _check_county(fields: Fields, code: str, county: str) -> None:
    if fields.is_good and county and not code.startswith(county):
        fields.refuse("code", f"{code!r} does not begin with the city's {county}")
