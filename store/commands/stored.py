"""What devices were told, read from the commands themselves and not from the journal.

A step of a command is what its entry of the journal was made of; steps that came to no
other state (it was said again, or a later command has overtaken it) had none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from store.connection import Connection
from vocabulary.command import AnyOrder, Effect, State, turn_of

_MOVES = """
SELECT s.taken_at, c.device_id, c.number, s.state, c.body, c.effect,
    c.seen_at IS NOT NULL AS is_read
FROM command_step s JOIN command c USING (number)
WHERE s.taken_at >= $1 AND s.taken_at < $2
    AND ($3::integer[] IS NULL OR c.device_id = ANY($3))
    AND s.state IS DISTINCT FROM (
        SELECT before.state FROM command_step before
        WHERE before.number = s.number AND before.id < s.id
        ORDER BY before.id DESC LIMIT 1)
ORDER BY s.taken_at, s.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMove:
    """A command that came to another state.

    Attributes:
        at: When, by the journal.
        device_id: Whom it is for.
        number: Its place in the queue.
        turn: What it is to bring about, see `vocabulary.command.turn_of`.
        state: The state.
        effect: What should be heard of the device then; None if nothing.
        is_read: Whether the device was heard to show that.
    """

    at: datetime
    device_id: int
    number: int
    turn: str
    state: State
    effect: Effect | None
    is_read: bool


async def stored_moves(
    connection: Connection,
    since: datetime,
    until: datetime,
    *,
    devices: Sequence[int] | None = None,
) -> list[StoredMove]:
    """Return how far commands came in a stretch, in its order.

    Args:
        connection: Any.
        since: From when.
        until: Up to when.
        devices: Of these devices; None for all.
    """
    rows = await connection.fetch(
        _MOVES, since, until, None if devices is None else list(devices)
    )
    return [
        StoredMove(
            at=row["taken_at"],
            device_id=row["device_id"],
            number=row["number"],
            turn=turn_of(msgspec.json.decode(row["body"], type=AnyOrder)),
            state=(state := State(row["state"])),
            effect=msgspec.json.decode(row["effect"] or "null", type=Effect | None),
            # Nothing of a command changes any more once it was seen to be done.
            is_read=row["is_read"] and state is State.EFFECT_SEEN,
        )
        for row in rows
    ]
