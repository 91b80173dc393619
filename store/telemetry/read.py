"""Readings, positions and the journal's head as the API asks for them."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """One stored reading of a series.

    Attributes:
        measured_at: When, by the device.
        value: In the quantity's unit.
        quality: `Quality` bits; 0 is good.
        received_at: When it reached us.
    """

    measured_at: datetime
    value: float
    quality: int
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LastReadingRow:
    """The newest believable reading of one quantity of a device.

    Attributes:
        quantity: Its name, unit included.
        measured_at: When, by the device; None if it never reported.
        value: In the quantity's unit; None if it never reported.
        quality: `Quality` bits; None if it never reported.
        received_at: When it reached us; None if it never reported.
    """

    quantity: str
    measured_at: datetime | None
    value: float | None
    quality: int | None
    received_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastPositionRow:
    """The newest believable fix of one vehicle.

    Attributes:
        device_id: Its terminal.
        vehicle_id: The vehicle.
        vehicle_code: Its plate.
        kind: sanitation or enforcement.
        name_zh: Its name, 中文.
        name_en: Its name.
        unit_zh: Whose it is, 中文.
        unit_en: Whose it is.
        fixed_at: When the fix was taken; None if it never had one.
        lon: Degrees east, WGS-84.
        lat: Degrees north, WGS-84.
        speed_kmh: Ground speed; None where not sent.
        course_deg: Clockwise from true north; None where not sent.
        quality: `Quality` bits.
        received_at: When it reached us.
        simulated: Whether it is a simulator.
    """

    device_id: int
    vehicle_id: int
    vehicle_code: str
    kind: str
    name_zh: str
    name_en: str
    unit_zh: str
    unit_en: str
    fixed_at: datetime | None
    lon: float | None
    lat: float | None
    speed_kmh: float | None
    course_deg: float | None
    quality: int | None
    received_at: datetime | None
    simulated: bool


@dataclass(frozen=True, slots=True)
class Head:
    """The journal's newest entry.

    Attributes:
        seq: Its number; 0 before the first.
        received_at: Its time.
    """

    seq: int
    received_at: datetime


@dataclass(frozen=True, slots=True)
class EdgeTold:
    """What an edge entry of the journal says.

    Attributes:
        seq: The entry's number.
        received_at: Its time.
        body: Its JSON.
    """

    seq: int
    received_at: datetime
    body: bytes


EDGES_LOOKED_BACK = 20_000
"""Journal entries searched for the edges' state at start: some five quiet hours."""

EDGE_KIND = 4
"""`store.journal.entries.Kind.EDGE`, for the index-friendly query below."""


async def readings_of(
    connection: Connection,
    *,
    device_id: int,
    quantity: str,
    after: datetime,
    until: datetime,
    limit: int,
) -> list[ReadingRow]:
    """Return readings measured after `after` and before `until`, oldest first."""
    rows = await connection.fetch(
        "SELECT r.measured_at, r.value, r.quality, r.received_at"
        " FROM reading r WHERE r.series_id ="
        " (SELECT id FROM series WHERE device_id = $1 AND quantity = $2)"
        " AND r.measured_at > $3 AND r.measured_at < $4"
        " ORDER BY r.measured_at LIMIT $5",
        device_id,
        quantity,
        after,
        until,
        limit,
    )
    return [ReadingRow(**row) for row in rows]


async def last_readings_of(
    connection: Connection, device_id: int
) -> list[LastReadingRow]:
    """Return the newest believable reading of each of a device's quantities."""
    rows = await connection.fetch(
        "SELECT s.quantity, l.measured_at, l.value, l.quality, l.received_at"
        " FROM series s LEFT JOIN last_reading l ON l.series_id = s.id"
        " WHERE s.device_id = $1 ORDER BY s.quantity",
        device_id,
    )
    return [LastReadingRow(**row) for row in rows]


async def last_positions(
    connection: Connection, *, after: int, limit: int
) -> list[LastPositionRow]:
    """Return every vehicle with its newest fix, in the order of their device ids."""
    rows = await connection.fetch(
        "SELECT d.id AS device_id, v.id AS vehicle_id, v.code AS vehicle_code, v.kind,"
        " v.name_zh, v.name_en, u.name_zh AS unit_zh, u.name_en AS unit_en,"
        " l.fixed_at, l.lon_e7 / 1e7::double precision AS lon,"
        " l.lat_e7 / 1e7::double precision AS lat, l.speed_kmh,"
        " l.course_deg, l.quality, l.received_at, d.simulated"
        " FROM device d JOIN vehicle v ON v.id = d.vehicle_id"
        " JOIN unit u ON u.id = v.unit_id"
        " LEFT JOIN last_position l ON l.device_id = d.id"
        " WHERE d.retired_at IS NULL AND d.id > $1 ORDER BY d.id LIMIT $2",
        after,
        limit,
    )
    return [LastPositionRow(**row) for row in rows]


async def journal_head(connection: Connection, *, shard: int = 0) -> Head:
    """Return the number and time of the newest journal entry."""
    row = await connection.fetchrow(
        "SELECT seq, received_at FROM journal_head WHERE shard = $1", shard
    )
    if row is None:
        raise LookupError(f"the journal has no shard {shard}")
    return Head(row["seq"], row["received_at"])


async def edges_told(connection: Connection, *, shard: int = 0) -> list[EdgeTold]:
    """Return the edge entries among the newest journal entries, oldest first."""
    rows = await connection.fetch(
        "SELECT seq, received_at, body FROM journal WHERE shard = $1 AND kind = $2"
        " AND seq > (SELECT seq FROM journal_head WHERE shard = $1) - $3 ORDER BY seq",
        shard,
        EDGE_KIND,
        EDGES_LOOKED_BACK,
    )
    return [EdgeTold(row["seq"], row["received_at"], row["body"]) for row in rows]
