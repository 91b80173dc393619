"""Reading the registry by codes, as files name its rows."""

import orjson

from store.connection import Connection
from store.registry.rows import (
    CellRow,
    ComponentRow,
    DeviceRow,
    GatewayRow,
    GeofenceRow,
    PipeRow,
    ProfileRow,
    ProgrammeRow,
    Rows,
    UnitRow,
    VehicleRow,
)


async def read_rows(connection: Connection) -> Rows:
    """Read the whole registry by codes."""
    return Rows(
        units={row.code: row for row in await _units(connection)},
        cells={row.code: row for row in await _cells(connection)},
        components={row.code: row for row in await _components(connection)},
        geofences={row.code: row for row in await _geofences(connection)},
        vehicles={row.code: row for row in await _vehicles(connection)},
        profiles={row.code: row for row in await _profiles(connection)},
        gateways={row.code: row for row in await _gateways(connection)},
        programmes={row.code: row for row in await _programmes(connection)},
        devices={row.code: row for row in await _devices(connection)},
        pipes={row.code: row for row in await _pipes(connection)},
    )


def canonical(geometry: object) -> str:
    """Return a GeoJSON geometry as text that is equal where geometries are."""
    return orjson.dumps(geometry, option=orjson.OPT_SORT_KEYS).decode()


async def _units(connection: Connection) -> list[UnitRow]:
    rows = await connection.fetch("SELECT code, kind, name_zh, name_en FROM unit")
    return [UnitRow(**row) for row in rows]


async def _cells(connection: Connection) -> list[CellRow]:
    rows = await connection.fetch(
        """
        SELECT c.code, c.name_zh, c.name_en, s.code AS subdistrict,
               c.polygon::text AS polygon, c.area_m2, c.initial_on, c.ended_on
        FROM grid_cell c JOIN unit s ON s.id = c.subdistrict_id
        """
    )
    return [
        CellRow(**{**row, "polygon": canonical(orjson.loads(row["polygon"]))})
        for row in rows
    ]


async def _components(connection: Connection) -> list[ComponentRow]:
    rows = await connection.fetch(
        """
        SELECT c.code, c.scheme, c.class_code, c.name_zh, c.name_en, c.lon, c.lat,
               l.code AS cell, a.code AS authority, o.code AS owner,
               m.code AS maintainer, c.state, u.code AS upstream, c.address_zh
        FROM component c
        LEFT JOIN grid_cell l ON l.id = c.cell_id
        LEFT JOIN unit a ON a.id = c.authority_id
        LEFT JOIN unit o ON o.id = c.owner_id
        LEFT JOIN unit m ON m.id = c.maintainer_id
        LEFT JOIN component u ON u.id = c.upstream_id
        """
    )
    return [ComponentRow(**row) for row in rows]


async def _geofences(connection: Connection) -> list[GeofenceRow]:
    rows = await connection.fetch(
        """
        SELECT code, name_zh, name_en, shape, geometry::text AS geometry, radius_m,
            kind
        FROM geofence
        """
    )
    return [
        GeofenceRow(**{**row, "geometry": canonical(orjson.loads(row["geometry"]))})
        for row in rows
    ]


async def _vehicles(connection: Connection) -> list[VehicleRow]:
    rows = await connection.fetch(
        """
        SELECT v.code, v.kind, v.name_zh, v.name_en, u.code AS unit, g.code AS area,
               v.speed_limit_kmh
        FROM vehicle v
        JOIN unit u ON u.id = v.unit_id
        LEFT JOIN geofence g ON g.id = v.area_id
        """
    )
    return [VehicleRow(**row) for row in rows]


async def _profiles(connection: Connection) -> list[ProfileRow]:
    rows = await connection.fetch(
        """
        SELECT code, kind, name_zh, name_en, quantities, expected_interval_s,
               allowed_lateness_s, time_zone, datum, register_map, payload_codec,
               aliases
        FROM profile
        """
    )
    return [
        ProfileRow(**{**row, "quantities": tuple(row["quantities"])}) for row in rows
    ]


async def _gateways(connection: Connection) -> list[GatewayRow]:
    rows = await connection.fetch(
        "SELECT code, transport, name_zh, name_en, host, port, simulated, format,"
        " native_topics, line FROM gateway"
    )
    return [GatewayRow(**row) for row in rows]


async def _programmes(connection: Connection) -> list[ProgrammeRow]:
    rows = await connection.fetch(
        "SELECT code, name_zh, name_en, on_below_deg, off_above_deg, margin_s, steps"
        " FROM lamp_programme"
    )
    return [ProgrammeRow(**row) for row in rows]


async def _devices(connection: Connection) -> list[DeviceRow]:
    rows = await connection.fetch(
        """
        SELECT d.code, p.code AS profile, g.code AS gateway, d.address,
               c.code AS component, v.code AS vehicle, u.code AS upstream,
               d.lon, d.lat, l.code AS cell, d.simulated,
               m.code AS programme, d.rated_w,
               d.retired_at IS NOT NULL AS retired
        FROM device d
        JOIN profile p ON p.id = d.profile_id
        JOIN gateway g ON g.id = d.gateway_id
        LEFT JOIN component c ON c.id = d.component_id
        LEFT JOIN vehicle v ON v.id = d.vehicle_id
        LEFT JOIN device u ON u.id = d.upstream_id
        LEFT JOIN grid_cell l ON l.id = d.cell_id
        LEFT JOIN lamp_programme m ON m.id = d.programme_id
        """
    )
    return [DeviceRow(**row) for row in rows]


async def _pipes(connection: Connection) -> list[PipeRow]:
    rows = await connection.fetch(
        """
        SELECT code, name_zh, name_en, start_node AS start, end_node AS "end",
               start_lon, start_lat, end_lon, end_lat, length_m, wave_m_s
        FROM pipe
        """
    )
    return [PipeRow(**row) for row in rows]
