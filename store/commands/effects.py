"""Commands whose effect is awaited, and what was heard of it; and those out of time."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from store.commands.moves import GEZHI, Moved, move_on
from store.connection import Connection
from vocabulary.command import POSITION, Effect, State
from vocabulary.command_effect import Awaited

_AWAITED = """
SELECT c.number, c.device_id, s.id AS series_id, c.state, c.effect, c.tried_at,
    c.acked_at, c.seen_at, c.heard_value, c.heard_at
FROM command c
LEFT JOIN series s ON s.device_id = c.device_id AND s.quantity = c.effect->>'quantity'
WHERE c.effect IS NOT NULL AND c.tried_at IS NOT NULL
    AND c.settled_at IS NULL
ORDER BY c.number FOR UPDATE OF c
"""


# A fix does not overtake a light, nor a light a fix.
_OVERTAKEN = """
WITH overtaken AS (
    UPDATE command c SET settled_at = $1, detail = $2
    WHERE c.settled_at IS NULL AND c.state = 'acked' AND c.seen_at IS NULL AND EXISTS (
        SELECT FROM command o WHERE o.device_id = c.device_id AND o.number > c.number
        AND o.acked_at IS NOT NULL AND (o.effect->>'quantity' = $4)
            IS NOT DISTINCT FROM (c.effect->>'quantity' = $4))
    RETURNING c.number
)
INSERT INTO command_step (number, taken_at, state, actor, detail)
SELECT number, $1, 'acked', $3, $2 FROM overtaken
RETURNING number
"""


async def is_any_open(connection: Connection) -> bool:
    """Tell whether there is a command that something is still awaited of."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM command WHERE settled_at IS NULL)"
        )
    )


async def awaited(connection: Connection) -> list[Awaited]:
    """Return the commands whose effect is awaited, locked, in their order."""
    rows = await connection.fetch(_AWAITED)
    return [
        Awaited(
            **{
                **row,
                "state": State(row["state"]),
                "effect": msgspec.json.decode(row["effect"], type=Effect),
            }
        )
        for row in rows
    ]


async def note_heard(connection: Connection, heard: Sequence[Awaited]) -> None:
    """Write down what was heard of commands' effects."""
    await connection.executemany(
        "UPDATE command SET seen_at = $2, heard_value = $3, heard_at = $4"
        " WHERE number = $1",
        [
            (each.number, each.seen_at, each.heard_value, each.heard_at)
            for each in heard
        ],
    )


async def expire(connection: Connection, *, at: datetime) -> list[Moved]:
    """End what was not answered in time, and what was for devices that are no more.

    Args:
        connection: In a transaction that ends with `tell`.
        at: The journal's time.
    """
    rows = await connection.fetch(
        "SELECT c.number, c.state, c.expires_at <= $1 AS is_late FROM command c"
        " JOIN device d ON d.id = c.device_id"
        " WHERE c.settled_at IS NULL AND c.state <> 'acked'"
        " AND (c.expires_at <= $1 OR c.state = 'queued' AND d.retired_at IS NOT NULL)"
        " ORDER BY c.number FOR UPDATE OF c",
        at,
    )
    moved = []
    for row in rows:
        was_sent = row["state"] == State.SENT
        detail = (
            "no answer came in time" if was_sent else "it could not be said in time"
        )
        state = State.EXPIRED
        if not row["is_late"]:
            state, detail = State.REFUSED, "the device is out of service"
        moved.append(
            await move_on(connection, row["number"], state, at=at, detail=detail)
        )
    return [each for each in moved if each is not None]


async def settle_overtaken(connection: Connection, *, at: datetime) -> set[int]:
    """Leave alone what a later command has undone before it could be seen.

    Such a command stays `acked`: nobody can tell any more whether it had its effect.

    Args:
        connection: In a transaction.
        at: The journal's time.

    Returns:
        The numbers of those commands.
    """
    detail = "a later command was done before its effect could be seen"
    rows = await connection.fetch(_OVERTAKEN, at, detail, GEZHI, POSITION)
    return {row["number"] for row in rows}
