"""Writing down what came of saying a command."""

from datetime import datetime, timedelta

from ingest.commands.carrier import Said, Way
from store.commands.moves import DEVICE, Moved, move_on, tell
from store.commands.queue import note_sent, note_unsaid
from store.connection import Connection
from vocabulary.command import Command, State

AWAY_S = 5.0
"""When to try again what could not be said."""

FIRST_REPEAT_S = 15.0
"""When a device that does not answer is told again; doubled each time."""

LONGEST_REPEAT_S = 3600.0
"""Longest wait between two repeats."""

_MOST_DOUBLINGS = 10


async def note(
    connection: Connection,
    command: Command,
    said: Said,
    *,
    may_repeat: bool,
    at: datetime,
) -> None:
    """Write down what is known of a command after it was to be said.

    Args:
        connection: Not in a transaction.
        command: As it was claimed.
        said: What its carrier knows.
        may_repeat: Whether a device that has not answered may be told again.
        at: When, aware.
    """
    async with connection.transaction():
        moved = await _noted(connection, command, said, may_repeat=may_repeat, at=at)
        await tell(connection, moved)


async def _noted(
    connection: Connection,
    command: Command,
    said: Said,
    *,
    may_repeat: bool,
    at: datetime,
) -> list[Moved | None]:
    match said.way:
        case Way.SENT:
            sent = await note_sent(
                connection,
                command.number,
                at=at,
                again_at=at + repeat_after(command.tries) if may_repeat else None,
                detail=said.detail,
            )
            return [sent]
        case Way.ACKED | Way.REFUSED:
            return await _note_answer(connection, command.number, said, at)
        case Way.AWAY | Way.UNSURE:
            await note_unsaid(
                connection,
                command.number,
                again_at=at + timedelta(seconds=AWAY_S),
                detail=said.detail,
                is_sure=said.way is Way.AWAY,
            )
            return []


def repeat_after(tries: int) -> timedelta:
    """Return how long to wait for an answer before a command is said again.

    Args:
        tries: How often it was said before the last time.
    """
    wait_s = FIRST_REPEAT_S * 2.0 ** min(tries, _MOST_DOUBLINGS)
    return timedelta(seconds=min(wait_s, LONGEST_REPEAT_S))


async def _note_answer(
    connection: Connection, number: int, said: Said, at: datetime
) -> list[Moved | None]:
    """Note an answer that came at once, and what the device showed then."""
    if said.way is Way.REFUSED:
        refused = await move_on(
            connection, number, State.REFUSED, at=at, detail=said.detail
        )
        return [refused]
    moved = [
        await move_on(connection, number, State.SENT, at=at),
        await move_on(
            connection, number, State.ACKED, at=at, detail=said.detail, actor=DEVICE
        ),
    ]
    if said.is_in_effect is not None:
        state = State.EFFECT_SEEN if said.is_in_effect else State.EFFECT_NOT_SEEN
        shown = await move_on(connection, number, state, at=at, detail=said.detail)
        moved.append(shown)
    return moved
