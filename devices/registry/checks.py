"""What rows must be to each other: references that lead somewhere, addresses of one."""

from collections.abc import Mapping
from difflib import get_close_matches

from devices.registry.areas import Areas
from devices.registry.city import FILES, City
from devices.registry.report import Report
from store.registry.rows import ComponentRow, DeviceRow, ProfileRow, Rows
from vocabulary.device import DeviceKind, Format, Transport
from vocabulary.registry_facts import UnitKind

REFERENCES = {
    "cells": {"subdistrict": "units"},
    "components": {
        "cell": "cells",
        "authority": "units",
        "owner": "units",
        "maintainer": "units",
        "upstream": "components",
    },
    "geofences": {},
    "vehicles": {"unit": "units", "area": "geofences"},
    "devices": {
        "profile": "profiles",
        "gateway": "gateways",
        "component": "components",
        "vehicle": "vehicles",
        "upstream": "devices",
        "cell": "cells",
        "programme": "programmes",
    },
}
"""What each column of each kind names."""

OVERLAP_M2 = 1.0
"""Cells that share less ground than this were drawn by different hands, not wrongly."""

GUESSED_AMONG = 1_000
"""Among more codes than this it would take too long to guess which was meant."""

MODBUS = {Transport.MODBUS_TCP, Transport.MODBUS_RTU_TCP, Transport.MODBUS_RTU}
"""Transports that need a register map."""

LIT = {DeviceKind.LAMP, DeviceKind.CABINET}
"""Kinds of devices that a lamp programme is for."""


def check_rows(city: City, merged: Rows, report: Report) -> None:
    """Check all that the files declare against itself and the database.

    Args:
        city: What the files declare.
        merged: The registry as it would be with it.
        report: Where to tell.
    """
    for kind, columns in REFERENCES.items():
        for column, target in columns.items():
            known = city.codes(target) | getattr(merged, target).keys()
            for code, row in getattr(city.rows, kind).items():
                named: str | None = getattr(row, column)
                if named is not None and named not in known:
                    message = _unknown(named, FILES[target], known)
                    report.refuse(kind, code, column, message)
    _check_subdistricts(city, merged, report)
    _check_circles("components", city.rows.components, merged.components, report)
    _check_circles("devices", city.rows.devices, merged.devices, report)
    _check_devices(city, merged, report)
    _check_native_topics(city, merged, report)
    _check_shared("address", city, merged, report)
    _check_shared("vehicle", city, merged, report)
    _check_overlaps(merged, report)
    _check_nodes(city, merged, report)


def _unknown(named: str, file: str, known: set[str]) -> str:
    near = get_close_matches(named, known, n=1) if len(known) <= GUESSED_AMONG else []
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{named!r} is neither in {file} nor in the registry{hint}"


def _check_subdistricts(city: City, merged: Rows, report: Report) -> None:
    for code, cell in city.rows.cells.items():
        unit = merged.units.get(cell.subdistrict)
        if unit and unit.kind != UnitKind.SUBDISTRICT:
            message = f"{unit.code} is a {unit.kind}; a cell belongs to a subdistrict"
            report.refuse("cells", code, "subdistrict", message)


def _check_circles(
    kind: str,
    declared: Mapping[str, ComponentRow] | Mapping[str, DeviceRow],
    merged: Mapping[str, ComponentRow] | Mapping[str, DeviceRow],
    report: Report,
) -> None:
    """Check that nothing hangs, by however many steps, from itself."""
    for code in declared:
        passed = [code]
        while (row := merged.get(passed[-1])) and row.upstream:
            passed.append(row.upstream)
            if row.upstream in passed[:-1]:
                break
        if passed[-1] == code and len(passed) > 1:
            message = f"hangs from itself: {' > '.join(passed)}"
            report.refuse(kind, code, "upstream", message)


def _check_devices(city: City, merged: Rows, report: Report) -> None:
    """Check that profile, gateway and vehicle of each device go together."""
    for code, device in city.rows.devices.items():
        profile = merged.profiles.get(device.profile)
        gateway = merged.gateways.get(device.gateway)
        if profile is None or gateway is None:
            continue
        rides = profile.kind == DeviceKind.VEHICLE
        if rides and device.vehicle is None:
            message = f"is empty; profile {profile.code} is for a vehicle's terminal"
            report.refuse("devices", code, "vehicle", message)
        if not rides and device.vehicle is not None:
            message = f"profile {profile.code} is for a {profile.kind}, on no vehicle"
            report.refuse("devices", code, "vehicle", message)
        _check_light(device, profile, report)
        if gateway.transport == Transport.SELF and profile.kind != DeviceKind.PLATFORM:
            message = f"profile {profile.code} is for a {profile.kind}, none of our own"
            report.refuse("devices", code, "gateway", message)
        if gateway.transport in MODBUS and not profile.register_map:
            message = (
                f"{profile.code} has no register_map, which a device behind "
                f"{gateway.code} ({gateway.transport}) needs"
            )
            report.refuse("devices", code, "profile", message)


def _check_light(device: DeviceRow, profile: ProfileRow, report: Report) -> None:
    """Check that only what lights has a programme, and only lamps a rating."""
    if device.programme is not None and profile.kind not in LIT:
        message = (
            f"profile {profile.code} is for a {profile.kind}, which lights nothing"
        )
        report.refuse("devices", device.code, "programme", message)
    if device.rated_w is not None and profile.kind != DeviceKind.LAMP:
        message = f"profile {profile.code} is for a {profile.kind}; a lamp has a rating"
        report.refuse("devices", device.code, "rated_w", message)


def _check_nodes(city: City, merged: Rows, report: Report) -> None:
    """Check that a node lies at one place, and is no device but a pressure point."""
    places: dict[str, tuple[float, float]] = {}
    for code, pipe in sorted(merged.pipes.items()):
        for column, node, place in (
            ("start", pipe.start, (pipe.start_lon, pipe.start_lat)),
            ("end", pipe.end, (pipe.end_lon, pipe.end_lat)),
        ):
            if code not in city.rows.pipes:
                places.setdefault(node, place)
                continue
            if places.setdefault(node, place) != place:
                message = f"node {node} lies elsewhere in another row"
                report.refuse("pipes", code, column, message)
            device = merged.devices.get(node)
            profile = device and merged.profiles.get(device.profile)
            if profile and profile.kind != DeviceKind.PRESSURE:
                message = f"device {node} is a {profile.kind}, no pressure point"
                report.refuse("pipes", code, column, message)


def _check_native_topics(city: City, merged: Rows, report: Report) -> None:
    """Check that topics which name no gateway are one gateway's only."""
    holders: dict[str, str] = {}
    for code, gateway in merged.gateways.items():
        if not gateway.native_topics or gateway.format == Format.SPARKPLUG:
            continue  # Sparkplug's topics name their edge node
        topics = gateway.format.rstrip("34")  # both ChirpStacks publish on the same
        other = holders.setdefault(topics, code)
        if other != code:
            late, early = (code, other) if code in city.rows.gateways else (other, code)
            message = (
                f"the topics of {topics} are {early}'s already; leave it empty, "
                f"and let {late} publish below its own topic"
            )
            report.refuse("gateways", late, "native_topics", message)


def _check_shared(column: str, city: City, merged: Rows, report: Report) -> None:
    """Check that no two devices in service have one address, or one vehicle."""
    holders: dict[object, str] = {}
    for code, device in merged.devices.items():
        if device.retired or (column == "vehicle" and device.vehicle is None):
            continue
        held = device.vehicle if column == "vehicle" else _address(device)
        other = holders.setdefault(held, code)
        if other == code:
            continue
        late, early = (code, other) if code in city.rows.devices else (other, code)
        line = report.line_of("devices", early)
        where = f"line {line}" if line else "the registry"
        what = device.vehicle or f"{device.address!r} of gateway {device.gateway}"
        message = f"{what} is already {early}'s ({where})"
        report.refuse("devices", late, column, message)


def _address(device: DeviceRow) -> tuple[str, str]:
    return device.gateway, device.address


def _check_overlaps(merged: Rows, report: Report) -> None:
    """Check that no two cells in force share ground."""
    live = {c.code: c.polygon for c in merged.cells.values() if c.ended_on is None}
    for one, other, ground_m2 in Areas(live).overlaps():
        if ground_m2 < OVERLAP_M2:
            continue
        late, early = sorted((one, other), key=lambda c: -report.line_of("cells", c))
        if report.line_of("cells", late):
            message = f"overlaps cell {early} by {ground_m2:.0f} m²"
            report.refuse("cells", late, "geometry", message)
