"""Table `lamp_night`: what is counted of each cabinet and night, look by look."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class NightLook:
    """What one look at a cabinet adds to its night; `should` and so on count lamps.

    Attributes:
        cabinet_id: `device.id`.
        night: The day the night began on.
        should: Lamps that should be lit.
        lit: And are for certain.
        unheard: And nobody knows.
        burning: Lit by day.
        is_closed: Whether the contactor is closed; None if that is not heard.
        energy_kwh: The meter's counter; None if it is not heard.
    """

    cabinet_id: int
    night: date
    should: int
    lit: int
    unheard: int
    burning: int
    is_closed: bool | None
    energy_kwh: float | None


_ADD = """
INSERT INTO lamp_night AS n
    (cabinet_id, night, first_kwh, last_kwh, was_closed, counted_until)
VALUES ($1, $2, $7, $7, $8, $9)
ON CONFLICT (cabinet_id, night) DO UPDATE SET
    watched_s = n.watched_s + $10,
    should_lamp_s = n.should_lamp_s + $10 * $3,
    lit_lamp_s = n.lit_lamp_s + $10 * $4,
    unheard_lamp_s = n.unheard_lamp_s + $10 * $5,
    burning_lamp_s = n.burning_lamp_s + $10 * $6,
    closed_s = n.closed_s + CASE WHEN $8 THEN $10 ELSE 0 END,
    switchings = n.switchings
        + CASE WHEN n.was_closed <> $8 THEN 1 ELSE 0 END,
    first_kwh = coalesce(n.first_kwh, $7),
    last_kwh = coalesce($7, n.last_kwh),
    was_closed = coalesce($8, n.was_closed),
    counted_until = $9
WHERE n.counted_until < $9
"""


async def newest_look(connection: Connection) -> datetime | None:
    """Return up to when nights have been counted; None before the first look."""
    at: datetime | None = await connection.fetchval(
        "SELECT max(counted_until) FROM lamp_night"
        " WHERE night = (SELECT max(night) FROM lamp_night)"
    )
    return at


async def add_looks(
    connection: Connection, looks: Sequence[NightLook], *, at: datetime, step_s: float
) -> None:
    """Add what was seen at one moment; a moment that was counted is not again.

    Args:
        connection: In the caller's transaction, if there is one.
        looks: One a cabinet.
        at: The journal's clock.
        step_s: For so long it counts, if the row is there already.
    """
    await connection.executemany(
        _ADD,
        [
            (
                look.cabinet_id,
                look.night,
                look.should,
                look.lit,
                look.unheard,
                look.burning,
                look.energy_kwh,
                look.is_closed,
                at,
                step_s,
            )
            for look in looks
        ],
    )
