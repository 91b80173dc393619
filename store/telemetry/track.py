"""A vehicle's fixes as columns, read by COPY BINARY: no Python object per row."""

import io
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
from numpy.typing import NDArray

from store.connection import Connection
from vocabulary.quality import Quality

POSTGRES_EPOCH_US = 946_684_800_000_000
"""2000-01-01 UTC, from which PostgreSQL counts, in microseconds since 1970."""

HEADER_OCTETS = 19
"""Signature, flags and extension length before the first row, when no extension."""

TRAILER_OCTETS = 2
"""The row count of -1 that ends the copy."""

UNBELIEVABLE = int(Quality.FUTURE | Quality.OUT_OF_RANGE)
"""Fixes with one of these bits are kept in the table and left out of tracks."""

_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("fixed_len", ">i4"),
        ("fixed_us", ">i8"),
        ("lon_len", ">i4"),
        ("lon_e7", ">i4"),
        ("lat_len", ">i4"),
        ("lat_e7", ">i4"),
        ("speed_len", ">i4"),
        ("speed_kmh", ">f4"),
    ]
)

_FIXES = """
SELECT fixed_at, lon_e7, lat_e7, coalesce(speed_kmh, 'NaN'::real)
FROM "position"
WHERE device_id IN (SELECT id FROM device WHERE vehicle_id = $1)
    AND fixed_at >= $2 AND fixed_at < $3 AND quality & $4 = 0
ORDER BY fixed_at, received_at, lon_e7, lat_e7
LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class Fixes:
    """A vehicle's fixes in order, as columns of shape (n,).

    Attributes:
        fixed_us: int64, microseconds since 1970 UTC, never falling.
        lon_e7: int32, degrees east times 1e7, WGS-84.
        lat_e7: int32, degrees north times 1e7, WGS-84.
        speed_kmh: float32, NaN where not sent.
    """

    fixed_us: NDArray[np.int64]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    speed_kmh: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.fixed_us)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return the given rows, by index or by mask."""
        return type(self)(
            self.fixed_us[rows],
            self.lon_e7[rows],
            self.lat_e7[rows],
            self.speed_kmh[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleRow:
    """The vehicle a track belongs to.

    Attributes:
        id: `vehicle.id`.
        code: Its plate.
        kind: sanitation or enforcement.
        name_zh: Its name, 中文.
        name_en: Its name.
        unit_id: Whose it is.
        expected_interval_s: How often its terminal reports; None without one.
        speed_limit_kmh: Its own limit; None if only the road's.
        area: GeoJSON geometry of its work area as text; None if it has none.
    """

    id: int
    code: str
    kind: str
    name_zh: str
    name_en: str
    unit_id: int
    expected_interval_s: float | None
    speed_limit_kmh: float | None
    area: str | None


async def vehicle(connection: Connection, vehicle_id: int) -> VehicleRow | None:
    """Return the vehicle with this id."""
    row = await connection.fetchrow(
        "SELECT v.id, v.code, v.kind, v.name_zh, v.name_en, v.unit_id,"
        " p.expected_interval_s, v.speed_limit_kmh, f.geometry::text AS area"
        " FROM vehicle v"
        " LEFT JOIN device d ON d.vehicle_id = v.id AND d.retired_at IS NULL"
        " LEFT JOIN profile p ON p.id = d.profile_id"
        " LEFT JOIN geofence f ON f.id = v.area_id WHERE v.id = $1",
        vehicle_id,
    )
    return VehicleRow(**row) if row else None


async def fixes_of(
    connection: Connection,
    vehicle_id: int,
    *,
    since: datetime,
    until: datetime,
    limit: int,
) -> Fixes:
    """Return a vehicle's believable fixes of a span, the earliest first.

    Terminals that were replaced meanwhile count as well.

    Args:
        connection: Any.
        vehicle_id: `vehicle.id`.
        since: From when.
        until: Up to when, not included.
        limit: Most fixes.
    """
    copied = io.BytesIO()
    await connection.copy_from_query(
        _FIXES,
        vehicle_id,
        since,
        until,
        UNBELIEVABLE,
        limit,
        output=copied,
        format="binary",
    )
    octets = copied.getbuffer()[HEADER_OCTETS:-TRAILER_OCTETS]
    rows = np.frombuffer(octets, _ROW)
    return Fixes(
        rows["fixed_us"].astype(np.int64) + POSTGRES_EPOCH_US,
        rows["lon_e7"].astype(np.int32),
        rows["lat_e7"].astype(np.int32),
        rows["speed_kmh"].astype(np.float32),
    )
