"""Registry and device state as the API lists them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from store.connection import Connection
from store.telemetry.device_state import DEVICE_STATE, STATE_OF_REASON

State = Literal["ok", "bad", "unknown"]
"""Three-valued truth: unknown is neither ok nor bad."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """One device with the state of what it watches.

    Attributes:
        id: `device.id`.
        code: Its name for people.
        kind: cover, lamp, cabinet, pressure, gauge, vehicle or platform.
        name_zh: What it watches, 中文.
        name_en: What it watches.
        profile: Code of its profile.
        gateway: Code of the gateway that speaks for it.
        address: Its address below that gateway.
        component_code: The component (部件) it watches.
        vehicle_id: The vehicle it rides on.
        vehicle_code: That vehicle's plate.
        cell_code: The grid cell it stands in.
        upstream_code: The device it hangs from.
        address_zh: Where it stands, in words.
        lon: Degrees east, WGS-84; of a vehicle the newest fix.
        lat: Degrees north, WGS-84; of a vehicle the newest fix.
        expected_interval_s: How often it reports when all is well.
        simulated: Whether it is a simulator.
        state: ok, bad or unknown.
        state_reason: heard, alarm, never-heard, gateway-down or silent.
        alarm_zh: The standing alarm's reason, 中文.
        alarm_en: The standing alarm's reason.
        heard_at: When anything of it last reached us.
    """

    id: int
    code: str
    kind: str
    name_zh: str
    name_en: str
    profile: str
    gateway: str
    address: str
    component_code: str | None
    vehicle_id: int | None
    vehicle_code: str | None
    cell_code: str | None
    upstream_code: str | None
    address_zh: str
    lon: float | None
    lat: float | None
    expected_interval_s: float
    simulated: bool
    state: State
    state_reason: str
    alarm_zh: str | None
    alarm_en: str | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFilter:
    """Which devices are asked for; None lets everything pass.

    Attributes:
        kind: Of this kind.
        state: In this state.
        cell: In the grid cell with this code.
        text: With this text in its code, plate or component's code.
        device_id: Only this one.
    """

    kind: str | None = None
    state: State | None = None
    cell: str | None = None
    text: str | None = None
    device_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateColumns:
    """The state of every device, as columns of one length.

    Attributes:
        device_id: `device.id`.
        state: ok, bad or unknown.
        state_reason: heard, alarm, never-heard, gateway-down or silent.
    """

    device_id: list[int]
    state: list[State]
    state_reason: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StateCount:
    """How many devices of one kind are in each state.

    Attributes:
        kind: The kind of device.
        ok: Healthy and heard.
        bad: Under a standing alarm.
        unknown: Not heard; neither of the two.
    """

    kind: str
    ok: int
    bad: int
    unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """One cell of the unit grid (万米单元网格).

    Attributes:
        code: 14 or 15 digits.
        name_zh: 中文名称.
        name_en: Its name.
        subdistrict_zh: The subdistrict it belongs to, 中文.
        subdistrict_en: The subdistrict it belongs to.
        area_m2: Its area.
        polygon: GeoJSON geometry as text, WGS-84.
    """

    code: str
    name_zh: str
    name_en: str
    subdistrict_zh: str
    subdistrict_en: str
    area_m2: float
    polygon: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitRow:
    """One unit that may have to act (责任单位).

    Attributes:
        code: Its code.
        kind: department, utility, subdistrict, company or centre.
        name_zh: 中文名称.
        name_en: Its name.
    """

    code: str
    kind: str
    name_zh: str
    name_en: str


_DEVICES = f"""
WITH {DEVICE_STATE}
SELECT * FROM (
    SELECT d.id, d.code, p.kind,
        coalesce(c.name_zh, v.name_zh, p.name_zh) AS name_zh,
        coalesce(c.name_en, v.name_en, p.name_en) AS name_en,
        p.code AS profile, g.code AS gateway, d.address,
        c.code AS component_code, v.id AS vehicle_id, v.code AS vehicle_code,
        cell.code AS cell_code, up.code AS upstream_code,
        coalesce(c.address_zh, '') AS address_zh,
        coalesce(l.lon_e7 / 1e7::double precision, d.lon, c.lon) AS lon,
        coalesce(l.lat_e7 / 1e7::double precision, d.lat, c.lat) AS lat,
        p.expected_interval_s, d.simulated,
        {STATE_OF_REASON} AS state, s.state_reason, s.alarm_zh, s.alarm_en, s.heard_at
    FROM device_state s
    JOIN device d ON d.id = s.device_id
    JOIN profile p ON p.id = d.profile_id
    JOIN gateway g ON g.id = d.gateway_id
    LEFT JOIN component c ON c.id = d.component_id
    LEFT JOIN vehicle v ON v.id = d.vehicle_id
    LEFT JOIN grid_cell cell ON cell.id = d.cell_id
    LEFT JOIN device up ON up.id = d.upstream_id
    LEFT JOIN last_position l ON l.device_id = d.id
) AS listed
WHERE id > $2
    AND ($3::text IS NULL OR kind = $3)
    AND ($4::text IS NULL OR state = $4)
    AND ($5::text IS NULL OR cell_code = $5)
    AND ($6::text IS NULL
        OR position(lower($6) IN lower(concat_ws(' ', code, vehicle_code,
            component_code))) > 0)
    AND ($7::integer IS NULL OR id = $7)
ORDER BY id
LIMIT $8
"""  # noqa: S608 - put together from constants of this folder only

_STATES = f"""
WITH {DEVICE_STATE}
SELECT device_id, {STATE_OF_REASON} AS state, state_reason FROM device_state
ORDER BY device_id
"""  # noqa: S608 - put together from constants of this folder only

_COUNTS = f"""
WITH {DEVICE_STATE},
    told AS (
        SELECT p.kind, {STATE_OF_REASON} AS state
        FROM device_state s
        JOIN device d ON d.id = s.device_id
        JOIN profile p ON p.id = d.profile_id
    )
SELECT kind,
    count(*) FILTER (WHERE state = 'ok') AS ok,
    count(*) FILTER (WHERE state = 'bad') AS bad,
    count(*) FILTER (WHERE state = 'unknown') AS unknown
FROM told GROUP BY kind ORDER BY kind
"""  # noqa: S608 - put together from constants of this folder only


async def devices(
    connection: Connection,
    wanted: DeviceFilter,
    *,
    down_gateways: Sequence[str],
    after: int,
    limit: int,
) -> list[DeviceRow]:
    """Return devices in the order of their ids, those after `after` only."""
    rows = await connection.fetch(
        _DEVICES,
        list(down_gateways),
        after,
        wanted.kind,
        wanted.state,
        wanted.cell,
        wanted.text,
        wanted.device_id,
        limit,
    )
    return [DeviceRow(**row) for row in rows]


async def states(
    connection: Connection, *, down_gateways: Sequence[str]
) -> StateColumns:
    """Return the state of every device."""
    rows = await connection.fetch(_STATES, list(down_gateways))
    return StateColumns(
        device_id=[row["device_id"] for row in rows],
        state=[row["state"] for row in rows],
        state_reason=[row["state_reason"] for row in rows],
    )


async def state_counts(
    connection: Connection, *, down_gateways: Sequence[str]
) -> list[StateCount]:
    """Return how many devices of each kind are in each state."""
    rows = await connection.fetch(_COUNTS, list(down_gateways))
    return [StateCount(**row) for row in rows]


async def cells(connection: Connection) -> list[CellRow]:
    """Return the grid as it is today: cells that have not ended."""
    rows = await connection.fetch(
        "SELECT g.code, g.name_zh, g.name_en, u.name_zh AS subdistrict_zh,"
        " u.name_en AS subdistrict_en, g.area_m2, g.polygon::text AS polygon"
        " FROM grid_cell g JOIN unit u ON u.id = g.subdistrict_id"
        " WHERE g.ended_on IS NULL ORDER BY g.code"
    )
    return [CellRow(**row) for row in rows]


async def series_names(connection: Connection) -> dict[int, tuple[int, str]]:
    """Return the device and the quantity of every series, by the series' id."""
    rows = await connection.fetch("SELECT id, device_id, quantity FROM series")
    return {row["id"]: (row["device_id"], row["quantity"]) for row in rows}


async def device_exists(connection: Connection, device_id: int) -> bool:
    """Tell whether a device with this id was ever registered."""
    found = await connection.fetchval("SELECT 1 FROM device WHERE id = $1", device_id)
    return found is not None


async def units(connection: Connection, *, after: str, limit: int) -> list[UnitRow]:
    """Return units in the order of their codes, those after `after` only."""
    rows = await connection.fetch(
        "SELECT code, kind, name_zh, name_en FROM unit"
        " WHERE code > $1 ORDER BY code LIMIT $2",
        after,
        limit,
    )
    return [UnitRow(**row) for row in rows]
