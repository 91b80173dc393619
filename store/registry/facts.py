"""The registry as the hot path wants it: every fact in one consistent reading."""

from dataclasses import dataclass
from sys import intern

from store.connection import Connection
from vocabulary.device import Device, DeviceKind, Format, Gateway, Transport
from vocabulary.lighting import LampProgramme, steps_of
from vocabulary.registry_facts import (
    CellFacts,
    ComponentFacts,
    GeofenceFacts,
    GeofenceShape,
    PipeFacts,
    UnitFacts,
    UnitKind,
    VehicleFacts,
    VehicleKind,
)

CHANNEL = "registry"
"""NOTIFY channel that says the registry changed; the payload is its new version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Everything the hot path may ask about, as read at one version.

    Attributes:
        version: `registry_version.version` all of it belongs to.
        units: Every unit.
        cells: Every cell, ended ones too: closed cases still name them.
        components: Those that a device watches; a city has many more.
        geofences: Every geofence.
        vehicles: Every vehicle.
        gateways: Every gateway.
        devices: Those not retired.
        series: Device id and quantity of those of the devices, by id.
        programmes: Every lamp programme, by ascending code.
        pipes: Every water main, by ascending code.
    """

    version: int
    units: list[UnitFacts]
    cells: list[CellFacts]
    components: list[ComponentFacts]
    geofences: list[GeofenceFacts]
    vehicles: list[VehicleFacts]
    gateways: list[Gateway]
    devices: list[Device]
    series: dict[int, tuple[int, str]]
    programmes: list[LampProgramme]
    pipes: list[PipeFacts]


async def read_registry(connection: Connection) -> Registry:
    """Read the whole registry at one version.

    Whoever changes the registry moves its version in the same transaction, so a version
    that stood still while we read proves that all we read belongs together, whatever
    transaction the caller is in.
    """
    while True:
        before = await registry_version(connection)
        registry = Registry(
            version=before,
            units=await _units(connection),
            cells=await _cells(connection),
            components=await _components(connection),
            geofences=await _geofences(connection),
            vehicles=await _vehicles(connection),
            gateways=await _gateways(connection),
            devices=await _devices(connection),
            series=await _series(connection),
            programmes=await lamp_programmes(connection),
            pipes=await _pipes(connection),
        )
        if await registry_version(connection) == before:
            return registry


async def registry_version(connection: Connection) -> int:
    """Return the registry's version."""
    return int(await connection.fetchval("SELECT version FROM registry_version"))


async def lock_registry(connection: Connection) -> int:
    """Keep other writers of the registry out until the transaction ends.

    Returns:
        The version before whatever the caller is about to change.
    """
    query = "SELECT version FROM registry_version FOR UPDATE"
    return int(await connection.fetchval(query))


async def move_version(connection: Connection) -> int:
    """Say that the registry changed, in the transaction that changes it.

    Returns:
        The new version.
    """
    query = "UPDATE registry_version SET version = version + 1 RETURNING version"
    version = int(await connection.fetchval(query))
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(version))
    return version


async def _units(connection: Connection) -> list[UnitFacts]:
    rows = await connection.fetch(
        "SELECT id, code, kind, name_zh, name_en FROM unit ORDER BY id"
    )
    return [
        UnitFacts(
            id=row["id"],
            code=row["code"],
            kind=UnitKind(row["kind"]),
            name_zh=row["name_zh"],
            name_en=row["name_en"],
        )
        for row in rows
    ]


async def _cells(connection: Connection) -> list[CellFacts]:
    rows = await connection.fetch(
        """
        SELECT id, code, name_zh, name_en, subdistrict_id,
               polygon::text AS polygon, ended_on
        FROM grid_cell ORDER BY id
        """
    )
    return [CellFacts(**row) for row in rows]


async def _components(connection: Connection) -> list[ComponentFacts]:
    rows = await connection.fetch(
        """
        SELECT id, code, scheme, class_code, name_zh, name_en, lon, lat, cell_id,
               authority_id, owner_id, maintainer_id, address_zh
        FROM component
        WHERE id IN (SELECT component_id FROM device WHERE retired_at IS NULL)
        ORDER BY id
        """
    )
    return [ComponentFacts(**row) for row in rows]


async def _geofences(connection: Connection) -> list[GeofenceFacts]:
    rows = await connection.fetch(
        """
        SELECT id, code, name_zh, name_en, shape, geometry::text AS geometry, radius_m,
            kind
        FROM geofence ORDER BY id
        """
    )
    return [
        GeofenceFacts(
            id=row["id"],
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            shape=GeofenceShape(row["shape"]),
            geometry=row["geometry"],
            radius_m=row["radius_m"],
            kind=row["kind"],
        )
        for row in rows
    ]


async def _vehicles(connection: Connection) -> list[VehicleFacts]:
    rows = await connection.fetch(
        """
        SELECT id, code, kind, name_zh, name_en, unit_id, area_id, speed_limit_kmh
        FROM vehicle ORDER BY id
        """
    )
    return [
        VehicleFacts(
            id=row["id"],
            code=row["code"],
            kind=VehicleKind(row["kind"]),
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            unit_id=row["unit_id"],
            area_id=row["area_id"],
            speed_limit_kmh=row["speed_limit_kmh"],
        )
        for row in rows
    ]


async def _gateways(connection: Connection) -> list[Gateway]:
    rows = await connection.fetch(
        "SELECT id, code, transport, host, port, simulated, format, native_topics, line"
        " FROM gateway ORDER BY id"
    )
    return [
        Gateway(
            id=row["id"],
            code=row["code"],
            transport=Transport(row["transport"]),
            host=row["host"],
            port=row["port"],
            simulated=row["simulated"],
            format=Format(row["format"]),
            native_topics=row["native_topics"],
            line=row["line"],
        )
        for row in rows
    ]


async def _devices(connection: Connection) -> list[Device]:
    rows = await connection.fetch(
        """
        SELECT d.id, d.code, p.kind, g.code AS gateway, d.address, d.component_id,
               d.vehicle_id, d.cell_id, d.upstream_id, d.lon, d.lat, p.register_map,
               p.expected_interval_s, p.allowed_lateness_s, p.time_zone, p.datum,
               d.simulated, p.payload_codec, p.aliases,
               coalesce(l.code, '') AS programme, d.rated_w
        FROM device d
        JOIN profile p ON p.id = d.profile_id
        JOIN gateway g ON g.id = d.gateway_id
        LEFT JOIN lamp_programme l ON l.id = d.programme_id
        WHERE d.retired_at IS NULL
        ORDER BY d.id
        """
    )
    return [Device(**{**row, "kind": DeviceKind(row["kind"])}) for row in rows]


async def _series(connection: Connection) -> dict[int, tuple[int, str]]:
    rows = await connection.fetch(
        """
        SELECT s.id, s.device_id, s.quantity
        FROM series s JOIN device d ON d.id = s.device_id
        WHERE d.retired_at IS NULL
        ORDER BY s.id
        """
    )
    return {series_id: (device_id, intern(name)) for series_id, device_id, name in rows}


async def lamp_programmes(connection: Connection) -> list[LampProgramme]:
    """Return every lamp programme, by ascending code."""
    rows = await connection.fetch(
        "SELECT code, on_below_deg, off_above_deg, margin_s, steps"
        " FROM lamp_programme ORDER BY code"
    )
    return [LampProgramme(**{**row, "steps": steps_of(row["steps"])}) for row in rows]


async def _pipes(connection: Connection) -> list[PipeFacts]:
    rows = await connection.fetch(
        """
        SELECT code, name_zh, name_en, start_node AS start, end_node AS "end",
               start_lon, start_lat, end_lon, end_lat, length_m, wave_m_s
        FROM pipe ORDER BY code
        """
    )
    return [PipeFacts(**row) for row in rows]
