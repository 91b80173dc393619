"""Writing the registry by codes, many rows a statement.

The rows travel as one JSON array and are joined to what they refer to by code, so ids
never leave the database. Everything is for the caller's one transaction.
"""

from collections.abc import Iterable

import orjson

from store.connection import Connection
from store.registry.rows import Row, Rows

_UNIT = """
INSERT INTO unit (code, kind, name_zh, name_en)
SELECT code, kind, name_zh, name_en
FROM jsonb_to_recordset($1::text::jsonb)
    AS r (code text, kind text, name_zh text, name_en text)
ON CONFLICT (code) DO UPDATE SET
    kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en
"""

_CELL = """
INSERT INTO grid_cell
    (code, name_zh, name_en, subdistrict_id, polygon, area_m2, initial_on, ended_on)
SELECT r.code, r.name_zh, r.name_en, s.id, r.polygon::jsonb, r.area_m2,
       r.initial_on, r.ended_on
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, name_zh text, name_en text, subdistrict text, polygon text,
    area_m2 double precision, initial_on date, ended_on date)
JOIN unit s ON s.code = r.subdistrict
ON CONFLICT (code) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en,
    subdistrict_id = excluded.subdistrict_id, polygon = excluded.polygon,
    area_m2 = excluded.area_m2, initial_on = excluded.initial_on,
    ended_on = excluded.ended_on
"""

_COMPONENT = """
INSERT INTO component
    (code, scheme, class_code, name_zh, name_en, lon, lat, cell_id, authority_id,
     owner_id, maintainer_id, state, address_zh)
SELECT r.code, r.scheme, r.class_code, r.name_zh, r.name_en, r.lon, r.lat, c.id,
       a.id, o.id, m.id, r.state, r.address_zh
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, scheme text, class_code text, name_zh text, name_en text,
    lon double precision, lat double precision, cell text, authority text,
    owner text, maintainer text, state text, address_zh text)
LEFT JOIN grid_cell c ON c.code = r.cell
LEFT JOIN unit a ON a.code = r.authority
LEFT JOIN unit o ON o.code = r.owner
LEFT JOIN unit m ON m.code = r.maintainer
ON CONFLICT (code) DO UPDATE SET
    scheme = excluded.scheme, class_code = excluded.class_code,
    name_zh = excluded.name_zh, name_en = excluded.name_en,
    lon = excluded.lon, lat = excluded.lat, cell_id = excluded.cell_id,
    authority_id = excluded.authority_id, owner_id = excluded.owner_id,
    maintainer_id = excluded.maintainer_id, state = excluded.state,
    address_zh = excluded.address_zh
"""

_COMPONENT_UPSTREAM = """
UPDATE component AS c SET upstream_id = u.id
FROM jsonb_to_recordset($1::text::jsonb) AS r (code text, upstream text)
LEFT JOIN component u ON u.code = r.upstream
WHERE c.code = r.code AND c.upstream_id IS DISTINCT FROM u.id
"""

_GEOFENCE = """
INSERT INTO geofence (code, name_zh, name_en, shape, geometry, radius_m, kind)
SELECT code, name_zh, name_en, shape, geometry::jsonb, radius_m, kind
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, name_zh text, name_en text, shape text, geometry text,
    radius_m double precision, kind text)
ON CONFLICT (code) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en, shape = excluded.shape,
    geometry = excluded.geometry, radius_m = excluded.radius_m, kind = excluded.kind
"""

_VEHICLE = """
INSERT INTO vehicle (code, kind, name_zh, name_en, unit_id, area_id, speed_limit_kmh)
SELECT r.code, r.kind, r.name_zh, r.name_en, u.id, g.id, r.speed_limit_kmh
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, kind text, name_zh text, name_en text, unit text, area text,
    speed_limit_kmh double precision)
JOIN unit u ON u.code = r.unit
LEFT JOIN geofence g ON g.code = r.area
ON CONFLICT (code) DO UPDATE SET
    kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en,
    unit_id = excluded.unit_id, area_id = excluded.area_id,
    speed_limit_kmh = excluded.speed_limit_kmh
"""

_PROFILE = """
INSERT INTO profile
    (code, kind, name_zh, name_en, quantities, expected_interval_s,
     allowed_lateness_s, time_zone, datum, register_map, payload_codec, aliases)
SELECT code, kind, name_zh, name_en, quantities, expected_interval_s,
       allowed_lateness_s, time_zone, datum, register_map, payload_codec, aliases
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, kind text, name_zh text, name_en text, quantities text[],
    expected_interval_s double precision, allowed_lateness_s double precision,
    time_zone text, datum text, register_map text, payload_codec text, aliases text)
ON CONFLICT (code) DO UPDATE SET
    kind = excluded.kind, name_zh = excluded.name_zh, name_en = excluded.name_en,
    quantities = excluded.quantities,
    expected_interval_s = excluded.expected_interval_s,
    allowed_lateness_s = excluded.allowed_lateness_s, time_zone = excluded.time_zone,
    datum = excluded.datum, register_map = excluded.register_map,
    payload_codec = excluded.payload_codec, aliases = excluded.aliases
"""

_GATEWAY = """
INSERT INTO gateway
    (code, transport, name_zh, name_en, host, port, simulated, format, native_topics,
    line)
SELECT code, transport, name_zh, name_en, host, port, simulated, format, native_topics,
    line
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, transport text, name_zh text, name_en text, host text, port integer,
    simulated boolean, format text, native_topics boolean, line text)
ON CONFLICT (code) DO UPDATE SET
    transport = excluded.transport, name_zh = excluded.name_zh,
    name_en = excluded.name_en, host = excluded.host, port = excluded.port,
    simulated = excluded.simulated, format = excluded.format,
    native_topics = excluded.native_topics, line = excluded.line
"""

_PROGRAMME = """
INSERT INTO lamp_programme
    (code, name_zh, name_en, on_below_deg, off_above_deg, margin_s, steps)
SELECT code, name_zh, name_en, on_below_deg, off_above_deg, margin_s, steps
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, name_zh text, name_en text, on_below_deg double precision,
    off_above_deg double precision, margin_s double precision, steps text)
ON CONFLICT (code) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en,
    on_below_deg = excluded.on_below_deg, off_above_deg = excluded.off_above_deg,
    margin_s = excluded.margin_s, steps = excluded.steps
"""

# One statement for all of them: addresses and vehicles may be swapped, since the
# exclusion constraints are checked at its end.
_DEVICE = """
INSERT INTO device
    (code, profile_id, gateway_id, address, component_id, vehicle_id, cell_id,
     lon, lat, simulated, programme_id, rated_w)
SELECT r.code, p.id, g.id, r.address, c.id, v.id, l.id, r.lon, r.lat, r.simulated,
       m.id, r.rated_w
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, profile text, gateway text, address text, component text,
    vehicle text, cell text, lon double precision, lat double precision,
    simulated boolean, programme text, rated_w double precision)
JOIN profile p ON p.code = r.profile
JOIN gateway g ON g.code = r.gateway
LEFT JOIN component c ON c.code = r.component
LEFT JOIN vehicle v ON v.code = r.vehicle
LEFT JOIN grid_cell l ON l.code = r.cell
LEFT JOIN lamp_programme m ON m.code = r.programme
ON CONFLICT (code) DO UPDATE SET
    profile_id = excluded.profile_id, gateway_id = excluded.gateway_id,
    address = excluded.address, component_id = excluded.component_id,
    vehicle_id = excluded.vehicle_id, cell_id = excluded.cell_id,
    lon = excluded.lon, lat = excluded.lat, simulated = excluded.simulated,
    programme_id = excluded.programme_id, rated_w = excluded.rated_w
"""

_DEVICE_UPSTREAM = """
UPDATE device AS d SET upstream_id = u.id
FROM jsonb_to_recordset($1::text::jsonb) AS r (code text, upstream text)
LEFT JOIN device u ON u.code = r.upstream
WHERE d.code = r.code AND d.upstream_id IS DISTINCT FROM u.id
"""

_PIPE = """
INSERT INTO pipe
    (code, name_zh, name_en, start_node, end_node, start_lon, start_lat, end_lon,
     end_lat, length_m, wave_m_s)
SELECT code, name_zh, name_en, start, "end", start_lon, start_lat, end_lon, end_lat,
       length_m, wave_m_s
FROM jsonb_to_recordset($1::text::jsonb) AS r (
    code text, name_zh text, name_en text, start text, "end" text,
    start_lon double precision, start_lat double precision,
    end_lon double precision, end_lat double precision,
    length_m double precision, wave_m_s double precision)
ON CONFLICT (code) DO UPDATE SET
    name_zh = excluded.name_zh, name_en = excluded.name_en,
    start_node = excluded.start_node, end_node = excluded.end_node,
    start_lon = excluded.start_lon, start_lat = excluded.start_lat,
    end_lon = excluded.end_lon, end_lat = excluded.end_lat,
    length_m = excluded.length_m, wave_m_s = excluded.wave_m_s
"""

_SERIES = """
INSERT INTO series (device_id, quantity)
SELECT d.id, q.quantity
FROM device d
JOIN profile p ON p.id = d.profile_id
CROSS JOIN LATERAL unnest(p.quantities) WITH ORDINALITY AS q (quantity, place)
WHERE NOT EXISTS (
    SELECT FROM series s WHERE s.device_id = d.id AND s.quantity = q.quantity)
ORDER BY d.id, q.place
"""


async def write_rows(connection: Connection, rows: Rows) -> None:
    """Insert rows, and change those whose code is known."""
    await _write(connection, _UNIT, rows.units.values())
    await _write(connection, _CELL, rows.cells.values())
    await _write(connection, _COMPONENT, rows.components.values())
    await _write(connection, _COMPONENT_UPSTREAM, rows.components.values())
    await _write(connection, _GEOFENCE, rows.geofences.values())
    await _write(connection, _VEHICLE, rows.vehicles.values())
    await _write(connection, _PROFILE, rows.profiles.values())
    await _write(connection, _GATEWAY, rows.gateways.values())
    await _write(connection, _PROGRAMME, rows.programmes.values())
    await _write(connection, _DEVICE, rows.devices.values())
    await _write(connection, _DEVICE_UPSTREAM, rows.devices.values())
    await _write(connection, _PIPE, rows.pipes.values())


async def remove_geofence(connection: Connection, code: str) -> None:
    """Remove a geofence that no vehicle has for a work area."""
    await connection.execute("DELETE FROM geofence WHERE code = $1", code)


async def make_series(connection: Connection) -> int:
    """Give every device a series for each quantity of its profile.

    Returns:
        How many were missing.
    """
    status = await connection.execute(_SERIES)
    return int(status.rpartition(" ")[2])


async def _write(connection: Connection, query: str, rows: Iterable[Row]) -> None:
    if chosen := list(rows):
        await connection.execute(query, orjson.dumps(chosen).decode())
