"""Where vehicles are and have been, in a rectangle: to try a geofence on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from store.connection import Connection

E7: Final = 1e7
"""Places are stored in ten-millionths of a degree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A vehicle by its newest fix.

    Attributes:
        code: Its plate.
        name_zh: 车辆名称.
        name_en: Its name.
        lon: Degrees, WGS-84.
        lat: Degrees, WGS-84.
        fixed_at: When.
    """

    code: str
    name_zh: str
    name_en: str
    lon: float
    lat: float
    fixed_at: datetime


@dataclass(frozen=True, slots=True)
class Fixes:
    """Fixes as columns, each of shape (n,).

    Attributes:
        device_id: Of the terminal.
        lon: Degrees, WGS-84.
        lat: Degrees, WGS-84.
    """

    device_id: NDArray[np.int64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""


async def newest_fixes(connection: Connection, box: Box) -> list[Parked]:
    """Return the vehicles whose newest fix is in a rectangle, by code."""
    rows = await connection.fetch(
        "SELECT v.code, v.name_zh, v.name_en, l.lon_e7 / 1e7::float8 AS lon,"
        " l.lat_e7 / 1e7::float8 AS lat, l.fixed_at"
        " FROM last_position l JOIN device d ON d.id = l.device_id"
        " JOIN vehicle v ON v.id = d.vehicle_id"
        " WHERE l.lon_e7 BETWEEN $1 AND $3 AND l.lat_e7 BETWEEN $2 AND $4"
        " AND d.retired_at IS NULL ORDER BY v.code",
        *_e7(box),
    )
    return [Parked(**row) for row in rows]


async def fixes_since(
    connection: Connection, box: Box, *, since: datetime, until: datetime, limit: int
) -> Fixes:
    """Return fixes in a rectangle, in no order.

    Args:
        connection: Any.
        box: The rectangle.
        since: Not before then.
        until: Not after then; a wrong clock's future is left out.
        limit: Most fixes.
    """
    rows = await connection.fetch(
        'SELECT device_id, lon_e7, lat_e7 FROM "position"'
        " WHERE lon_e7 BETWEEN $1 AND $3 AND lat_e7 BETWEEN $2 AND $4"
        " AND fixed_at >= $5 AND fixed_at <= $6 LIMIT $7",
        *_e7(box),
        since,
        until,
        limit,
    )
    columns = np.array([tuple(row) for row in rows], np.int64).reshape(-1, 3)
    return Fixes(columns[:, 0], columns[:, 1] / E7, columns[:, 2] / E7)


def _e7(box: Box) -> tuple[int, int, int, int]:
    west, south, east, north = (round(degrees * E7) for degrees in box)
    return west, south, east, north
