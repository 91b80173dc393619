"""How many cases a day each department says it can take."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityRow:
    """What one unit has stated.

    Attributes:
        unit_id: `unit.id`.
        unit: Its code.
        name_zh: Its name, 中文.
        name_en: Its name.
        cases_per_day: How many cases it can take a day.
        author: Who stated it.
        stated_at: When.
    """

    unit_id: int
    unit: str
    name_zh: str
    name_en: str
    cases_per_day: float
    author: str
    stated_at: datetime


async def capacities(connection: Connection) -> list[CapacityRow]:
    """Return what was stated, by the units' codes."""
    rows = await connection.fetch(
        "SELECT c.unit_id, u.code AS unit, u.name_zh, u.name_en, c.cases_per_day,"
        " c.author, c.stated_at FROM unit_capacity c JOIN unit u ON u.id = c.unit_id"
        ' ORDER BY u.code COLLATE "C"'
    )
    return [CapacityRow(**row) for row in rows]


async def state_capacity(
    connection: Connection,
    unit_id: int,
    cases_per_day: float,
    *,
    author: str,
    at: datetime,
) -> None:
    """Keep what a unit says it can take, instead of what it said before."""
    await connection.execute(
        "INSERT INTO unit_capacity (unit_id, cases_per_day, author, stated_at)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (unit_id) DO UPDATE SET"
        " cases_per_day = excluded.cases_per_day, author = excluded.author,"
        " stated_at = excluded.stated_at",
        unit_id,
        cases_per_day,
        author,
        at,
    )
