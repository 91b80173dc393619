"""The bridge to the line of JT/T 808, which has a queue of its own.

Terminals are told by `terminal_command`, at most once each and by whichever process has
the line. A command for one becomes one row there; what comes of that row moves the
command on.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec
import orjson

from store.commands.moves import DEVICE, Moved, move_on
from store.commands.terminal import CHANNEL, CommandKind, CommandResult
from store.connection import Connection
from vocabulary.command import AnyOrder, Interval, Locate, Native, State, Text

_NEW = """
SELECT c.number, c.device_id, c.body, c.asked_by, c.asked_at, c.expires_at
FROM command c
JOIN device d ON d.id = c.device_id AND d.retired_at IS NULL
JOIN gateway g ON g.id = d.gateway_id AND g.transport = 'jt808'
WHERE c.settled_at IS NULL AND c.state = 'queued' AND c.expires_at > $1
    AND NOT EXISTS (SELECT FROM command_terminal t WHERE t.number = c.number)
ORDER BY c.number FOR UPDATE OF c
"""

_HAND_ON = """
WITH asked AS (
    INSERT INTO terminal_command (device_id, kind, body, asked_by, asked_at, expires_at)
    VALUES ($2, $3, $4, $5, $6, $7) RETURNING id
)
INSERT INTO command_terminal (number, terminal_command_id) SELECT $1, id FROM asked
"""

_NEWS = """
SELECT c.number, c.state, t.sent_at, t.answered_at, t.result, t.answer
FROM command c
JOIN command_terminal l ON l.number = c.number
JOIN terminal_command t ON t.id = l.terminal_command_id
WHERE c.settled_at IS NULL AND (
    c.state = 'queued' AND (t.sent_at IS NOT NULL OR t.answered_at IS NOT NULL)
    OR c.state = 'sent' AND t.answered_at IS NOT NULL)
ORDER BY c.number FOR UPDATE OF c
"""

_STATES = {
    CommandResult.OK: State.ACKED,
    CommandResult.EXPIRED: State.EXPIRED,
}


async def follow_terminals(connection: Connection, *, at: datetime) -> list[Moved]:
    """Hand on what is new for terminals, and note what came of the rest.

    Args:
        connection: In a transaction that ends with `tell`.
        at: Now, aware.
    """
    new = await connection.fetch(_NEW, at)
    moved = [await _hand_on(connection, dict(row), at) for row in new]
    for row in await connection.fetch(_NEWS):
        moved += await _take_news(connection, dict(row))
    return [each for each in moved if each is not None]


async def _hand_on(
    connection: Connection, row: Mapping[str, object], at: datetime
) -> Moved | None:
    number = int(str(row["number"]))
    try:
        kind, body = _words(msgspec.json.decode(str(row["body"]), type=AnyOrder))
    except ValueError as error:
        return await move_on(
            connection, number, State.REFUSED, at=at, detail=str(error)
        )
    await connection.execute(
        _HAND_ON,
        number,
        row["device_id"],
        kind,
        orjson.dumps(body).decode(),
        row["asked_by"],
        row["asked_at"],
        row["expires_at"],
    )
    await connection.execute(f"NOTIFY {CHANNEL}")
    return None


async def _take_news(
    connection: Connection, row: Mapping[str, object]
) -> list[Moved | None]:
    number, sent_at, answered_at = row["number"], row["sent_at"], row["answered_at"]
    assert isinstance(number, int)  # noqa: S101 - as the query has it
    moved = []
    if isinstance(sent_at, datetime):
        moved.append(
            await move_on(
                connection, number, State.SENT, at=sent_at, detail="said on its line"
            )
        )
        await connection.execute(
            "UPDATE command SET next_try_at = NULL,"
            " tries = greatest(tries, 1), tried_at = coalesce(tried_at, $2)"
            " WHERE number = $1",
            number,
            sent_at,
        )
    if isinstance(answered_at, datetime):
        result = CommandResult(str(row["result"]))
        state = _STATES.get(result, State.REFUSED)
        answer = str(row["answer"] or "")
        detail = " ".join(word for word in (result.value, answer) if word)
        moved.append(
            await move_on(
                connection, number, state, at=answered_at, detail=detail, actor=DEVICE
            )
        )
    return moved


def _words(order: AnyOrder) -> tuple[CommandKind, Mapping[str, object]]:
    """Return an order in the words of JT/T 808's queue.

    Raises:
        ValueError: If terminals have no word for it.
    """
    match order:
        case Text():
            return CommandKind.TEXT, {"text": order.text}
        case Locate():
            return CommandKind.POSITION, {}
        case Interval():
            parameters = {"report_interval_s": order.interval_s}
            return CommandKind.SET_PARAMETERS, parameters
        case Native():
            body = order.body.get("body", {})
            if not isinstance(body, dict):
                raise ValueError("the body's `body` is no JSON object")  # noqa: TRY004 - what was asked is wrong, no caller
            return CommandKind(str(order.body.get("kind"))), body
        case _:
            raise ValueError("a terminal of JT/T 808 cannot be told that")
