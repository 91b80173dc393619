"""A city folder as a simulator sees it: what hardware stands where, and the streets.

Read straight from the files that the registry imports; a simulator knows no registry.
What the platform measures of itself is no hardware, and is left out.
"""

import csv
import json
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from shapely import union_all
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from simulators.plane import Line
from vocabulary.device import DeviceKind, Transport
from vocabulary.lighting import LampProgramme, steps_of
from vocabulary.quantity import Quantity

STATIONS = frozenset({Transport.SL651, Transport.HJ212})
"""Wires of water authorities, whose stations are played by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One gateway to be played.

    Attributes:
        code: Its name; also its MQTT user name.
        transport: The wire it speaks.
        host: Where it listens, if it is polled.
        port: Where it listens, if it is polled.
        line: How its serial line is set, if it has one.
    """

    code: str
    transport: Transport
    host: str
    port: int
    line: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """One device to be played.

    Attributes:
        code: Its name.
        kind: What it is.
        gateway: Code of the gateway it speaks through.
        address: How the wire names it.
        quantities: What it reports.
        interval_s: How often it reports.
        register_map: Its Modbus register map; empty elsewhere.
        upstream: Code of the device it hangs from; empty if none.
        component: Code of the component it watches; empty if none.
        class_code: Class of that component; empty if none.
        scheme: Scheme of that class; empty if none.
        vehicle: Code of the vehicle it rides on; empty if none.
        lon: Degrees east, its own or its component's; 0 for vehicles.
        lat: Degrees north, its own or its component's; 0 for vehicles.
        programme: When it is lit: its own programme or its cabinet's; None if it has
            none.
        rated_w: What it draws undimmed; None if the city does not say.
    """

    code: str
    kind: DeviceKind
    gateway: str
    address: str
    quantities: tuple[Quantity, ...]
    interval_s: float
    register_map: str
    upstream: str
    component: str
    class_code: str
    scheme: str
    vehicle: str
    lon: float
    lat: float
    programme: LampProgramme | None = None
    rated_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """One vehicle to be driven.

    Attributes:
        code: Its plate.
        kind: `sanitation` or `enforcement`.
        name_en: What it is called; tells a sweeper from a sprinkler.
        area: Where it works, degrees; None if nowhere in particular.
        speed_limit_kmh: What it may not exceed; None if nothing special.
    """

    code: str
    kind: str
    name_en: str
    area: BaseGeometry | None
    speed_limit_kmh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """Everything a simulator reads of a city folder.

    Attributes:
        zone: Where its days begin and end.
        lon: Its centre, degrees east.
        lat: Its centre, degrees north.
        gateways: By code.
        devices: By code, in the file's order.
        cars: By code.
        streets: Street axes, degrees, each of shape (n, 2).
        places: Geofences by their kind, degrees.
    """

    zone: ZoneInfo
    lon: float
    lat: float
    gateways: Mapping[str, Endpoint]
    devices: Mapping[str, Hardware]
    cars: Mapping[str, Car]
    streets: tuple[Line, ...]
    places: Mapping[str, BaseGeometry] = field(default_factory=dict)

    def of_kind(self, kind: DeviceKind) -> list[Hardware]:
        """Return the devices of one kind, in the file's order.

        Stations at the river and at outfalls are not among the gauges on roads.
        """
        return [
            device
            for device in self.devices.values()
            if device.kind is kind
            and self.gateways[device.gateway].transport not in STATIONS
        ]

    def below(self, gateway: str) -> list[Hardware]:
        """Return the devices that speak through a gateway, in the file's order."""
        return [one for one in self.devices.values() if one.gateway == gateway]


def read_city(folder: Path) -> City:
    """Read a city folder.

    Raises:
        KeyError: If a file names a code that another one lacks.
        FileNotFoundError: If a file is missing.
    """
    facts = tomllib.loads((folder / "city.toml").read_text("utf-8"))
    lon, lat = facts["centre"]
    gateways = {
        one.code: one
        for one in _gateways(folder)
        if one.transport is not Transport.SELF
    }
    return City(
        zone=ZoneInfo(facts["time_zone"]),
        lon=lon,
        lat=lat,
        gateways=gateways,
        devices={one.code: one for one in _devices(folder) if one.gateway in gateways},
        cars={one.code: one for one in _cars(folder)},
        streets=tuple(_streets(folder)),
        places=_places(folder),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _gateways(folder: Path) -> Iterator[Endpoint]:
    for row in _rows(folder / "gateways.csv"):
        yield Endpoint(
            code=row["code"],
            transport=Transport(row["transport"]),
            host=row["host"],
            port=int(row["port"] or 0),
            line=row.get("line") or "",
        )


def _devices(folder: Path) -> Iterator[Hardware]:
    profiles = {row["code"]: row for row in _rows(folder / "profiles.csv")}
    components = {row["code"]: row for row in _rows(folder / "components.csv")}
    programmes = _programmes(folder)
    lines = _rows(folder / "devices.csv")
    lit_by = {row["code"]: row.get("programme") or "" for row in lines}
    for row in lines:
        profile = profiles[row["profile"]]
        component = components[row["component"]] if row["component"] else {}
        quantities = profile["quantities"].replace(";", " ").split()
        yield Hardware(
            code=row["code"],
            kind=DeviceKind(profile["kind"]),
            gateway=row["gateway"],
            address=row["address"],
            quantities=tuple(Quantity(name) for name in quantities),
            interval_s=float(profile["expected_interval_s"]),
            register_map=profile["register_map"],
            upstream=row["upstream"],
            component=row["component"],
            class_code=component.get("class_code", ""),
            scheme=component.get("scheme", ""),
            vehicle=row["vehicle"],
            lon=float(row["lon"] or component.get("lon") or 0),
            lat=float(row["lat"] or component.get("lat") or 0),
            programme=programmes.get(
                lit_by[row["code"]] or lit_by.get(row["upstream"], "")
            ),
            rated_w=float(row.get("rated_w") or 0) or None,
        )


def _programmes(folder: Path) -> dict[str, LampProgramme]:
    """Return when lamps are lit, by code; a city need not say."""
    path = folder / "programmes.csv"
    return {
        row["code"]: LampProgramme(
            code=row["code"],
            on_below_deg=float(row["on_below_deg"]),
            off_above_deg=float(row["off_above_deg"]),
            margin_s=float(row["margin_s"]),
            steps=steps_of(row.get("steps") or ""),
        )
        for row in (_rows(path) if path.exists() else [])
    }


def _cars(folder: Path) -> Iterator[Car]:
    fences = {
        feature["properties"]["code"]: shape(feature["geometry"])
        for feature in _features(folder / "geofences.geojson")
    }
    for row in _rows(folder / "vehicles.csv"):
        limit = row["speed_limit_kmh"]
        yield Car(
            code=row["code"],
            kind=row["kind"],
            name_en=row["name_en"],
            area=fences[row["area"]] if row["area"] else None,
            speed_limit_kmh=float(limit) if limit else None,
        )


def _places(folder: Path) -> dict[str, BaseGeometry]:
    """Return what geofences of each kind cover together; a kind need not be said."""
    by_kind: dict[str, list[BaseGeometry]] = defaultdict(list)
    for feature in _features(folder / "geofences.geojson"):
        by_kind[feature["properties"].get("kind") or ""].append(
            shape(feature["geometry"])
        )
    return {kind: union_all(shapes) for kind, shapes in by_kind.items() if kind}


def _features(path: Path) -> list[dict[str, dict[str, str]]]:
    features: list[dict[str, dict[str, str]]] = json.loads(path.read_text("utf-8"))[
        "features"
    ]
    return features


def _streets(folder: Path) -> Iterator[Line]:
    for feature in _features(folder / "basemap.geojson"):
        if feature["properties"].get("kind") == "street":
            for part in getattr(shape(feature["geometry"]), "geoms", [None]):
                line = shape(feature["geometry"]) if part is None else part
                yield np.array(line.coords, float)[:, :2]
