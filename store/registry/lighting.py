"""Lamps and their cabinets with what was last heard of them, and counted nights."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime

from store.connection import Connection
from vocabulary.quality import Quality

HEARD_INTERVALS, HEARD_LEAST_S = 3, 30
"""A device is heard if it was within so many of its intervals, and at least seconds;
as in `store.telemetry.device_state`."""

DOUBTED = int(Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.SENSOR_FAULT)
"""Readings with any of these bits tell nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LampRow:
    """One lamp.

    Attributes:
        id: `device.id`.
        cabinet_id: The device that feeds it; 0 if none is known.
        cell_id: The grid cell it stands in; 0 if none is known.
        subdistrict_id: That cell's sub-district (街道); 0 if none is known.
        programme: Code of the programme that holds for it; empty for none.
        rated_w: What it draws undimmed, if that is known.
        lon: Degrees east, WGS-84; NaN if it is not known where it stands.
        lat: Degrees north, WGS-84.
        power_w: What it draws; None if it is not heard.
    """

    id: int
    cabinet_id: int
    cell_id: int
    subdistrict_id: int
    programme: str
    rated_w: float | None
    lon: float
    lat: float
    power_w: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CabinetRow:
    """One cabinet; what is not heard is None.

    Attributes:
        id: `device.id`.
        code: Its name for people.
        name_zh: Its component, 中文.
        name_en: Its component.
        programme: Code of its programme; empty for none.
        power_w: What its meter shows.
        voltage_v: On the circuit.
        contactor_on: 1 if the contactor is closed.
        energy_kwh: The meter's counter.
    """

    id: int
    code: str
    name_zh: str
    name_en: str
    programme: str
    power_w: float | None
    voltage_v: float | None
    contactor_on: float | None
    energy_kwh: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """A grid cell or a sub-district.

    Attributes:
        id: Its id.
        code: Its code.
        name_zh: 中文名称.
        name_en: English name.
    """

    id: int
    code: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NightRow:
    """What was counted of one cabinet in one night, noon to noon local time.

    Attributes:
        cabinet: Its code.
        night: The day it began on.
        watched_s: For so long it was looked at.
        should_lamp_s: Lamps times seconds that should have been lit.
        lit_lamp_s: And were for certain.
        unheard_lamp_s: And nobody knows.
        burning_lamp_s: Lamps times seconds lit by day.
        closed_s: For so long the contactor was known to be closed.
        switchings: How often the contactor moved, as far as seen.
        energy_kwh: What the meter counted; None if it was not heard.
        counted_until: Up to when.
    """

    cabinet: str
    night: date
    watched_s: float
    should_lamp_s: float
    lit_lamp_s: float
    unheard_lamp_s: float
    burning_lamp_s: float
    closed_s: float
    switchings: int
    energy_kwh: float | None
    counted_until: datetime


_HEARD = f"""
    CASE WHEN l.quality & {DOUBTED} = 0 AND h.received_at - l.received_at
        <= make_interval(secs =>
            greatest({HEARD_INTERVALS} * p.expected_interval_s, {HEARD_LEAST_S}))
    THEN l.value END
"""

_LAMPS = f"""
SELECT d.id, coalesce(d.upstream_id, 0) AS cabinet_id,
    coalesce(d.cell_id, 0) AS cell_id, coalesce(g.subdistrict_id, 0) AS subdistrict_id,
    coalesce(own.code, above.code, '') AS programme, d.rated_w,
    coalesce(d.lon, c.lon, 'NaN') AS lon, coalesce(d.lat, c.lat, 'NaN') AS lat,
    {_HEARD} AS power_w
FROM device d
JOIN profile p ON p.id = d.profile_id AND p.kind = 'lamp'
CROSS JOIN journal_head h
LEFT JOIN component c ON c.id = d.component_id
LEFT JOIN grid_cell g ON g.id = d.cell_id
LEFT JOIN device u ON u.id = d.upstream_id
LEFT JOIN lamp_programme own ON own.id = d.programme_id
LEFT JOIN lamp_programme above ON above.id = u.programme_id
LEFT JOIN series s ON s.device_id = d.id AND s.quantity = 'power_w'
LEFT JOIN last_reading l ON l.series_id = s.id
WHERE d.retired_at IS NULL AND h.shard = 0
ORDER BY d.id
"""  # noqa: S608 put together from constants of this file only

_CABINETS = f"""
SELECT d.id, d.code, coalesce(c.name_zh, p.name_zh) AS name_zh,
    coalesce(c.name_en, p.name_en) AS name_en, coalesce(m.code, '') AS programme,
    max(e.value) FILTER (WHERE e.quantity = 'power_w') AS power_w,
    max(e.value) FILTER (WHERE e.quantity = 'voltage_v') AS voltage_v,
    max(e.value) FILTER (WHERE e.quantity = 'contactor_on') AS contactor_on,
    max(e.value) FILTER (WHERE e.quantity = 'energy_kwh') AS energy_kwh
FROM device d
JOIN profile p ON p.id = d.profile_id AND p.kind = 'cabinet'
LEFT JOIN component c ON c.id = d.component_id
LEFT JOIN lamp_programme m ON m.id = d.programme_id
LEFT JOIN LATERAL (
    SELECT s.quantity, {_HEARD} AS value
    FROM series s
    JOIN last_reading l ON l.series_id = s.id
    JOIN journal_head h ON h.shard = 0
    WHERE s.device_id = d.id
) AS e ON true
WHERE d.retired_at IS NULL
GROUP BY d.id, d.code, c.name_zh, c.name_en, p.name_zh, p.name_en, m.code
ORDER BY d.code
"""  # noqa: S608 put together from constants of this file only

_NIGHTS = """
SELECT d.code AS cabinet, n.night, n.watched_s, n.should_lamp_s, n.lit_lamp_s,
    n.unheard_lamp_s, n.burning_lamp_s, n.closed_s, n.switchings,
    n.last_kwh - n.first_kwh AS energy_kwh, n.counted_until
FROM lamp_night n JOIN device d ON d.id = n.cabinet_id
WHERE ($1 = '' OR d.code = $1)
    AND ($2::date IS NULL OR (n.night, d.code) < ($2, $3))
ORDER BY n.night DESC, d.code DESC
LIMIT $4
"""


async def lamps(connection: Connection) -> list[LampRow]:
    """Return every lamp in service, by ascending id."""
    found = await connection.fetch(_LAMPS)
    # Making 10,000 rows takes 9 ms, and whoever asks serves others meanwhile.
    return await asyncio.to_thread(lambda: [LampRow(**row) for row in found])


async def cabinets(connection: Connection) -> list[CabinetRow]:
    """Return every cabinet in service, by ascending code."""
    return [CabinetRow(**row) for row in await connection.fetch(_CABINETS)]


async def lit_cells(connection: Connection) -> list[PlaceRow]:
    """Return the grid cells that lamps stand in, by ascending code."""
    rows = await connection.fetch(
        "SELECT id, code, name_zh, name_en FROM grid_cell WHERE id IN"
        " (SELECT cell_id FROM device WHERE retired_at IS NULL) ORDER BY code"
    )
    return [PlaceRow(**row) for row in rows]


async def subdistricts(connection: Connection) -> list[PlaceRow]:
    """Return the sub-districts (街道), by ascending code."""
    rows = await connection.fetch(
        "SELECT id, code, name_zh, name_en FROM unit WHERE kind = 'subdistrict'"
        " ORDER BY code"
    )
    return [PlaceRow(**row) for row in rows]


async def nights(
    connection: Connection,
    *,
    cabinet: str,
    after: tuple[date, str] | None,
    limit: int,
) -> list[NightRow]:
    """Return counted nights, the newest first, of a night by descending code.

    Args:
        connection: Any.
        cabinet: Of this one only; empty for all.
        after: Night and cabinet of the last row known.
        limit: Most rows.
    """
    night, code = after or (None, "")
    rows = await connection.fetch(_NIGHTS, cabinet, night, code, limit)
    return [NightRow(**row) for row in rows]


async def journal_time(connection: Connection) -> datetime:
    """Return the journal's clock."""
    at: datetime = await connection.fetchval(
        "SELECT received_at FROM journal_head WHERE shard = 0"
    )
    return at
