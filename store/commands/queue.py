"""The queue's way out: what is to be said now, and what became of saying it."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from store.commands.moves import DEVICE, GEZHI, Moved, move_on
from store.connection import Connection
from store.text import storable
from vocabulary.command import AnyOrder, Command, CommandAnswer, Outcome, State

LEASE = timedelta(seconds=120)
"""When a command that was claimed and never told of is due again."""

_CLAIM = """
WITH ready AS (
    SELECT c.number, row_number() OVER (PARTITION BY g.id ORDER BY c.number) AS place
    FROM command c
    JOIN device d ON d.id = c.device_id AND d.retired_at IS NULL
    JOIN gateway g ON g.id = d.gateway_id AND g.transport <> 'jt808'
    WHERE c.settled_at IS NULL AND c.state <> 'acked'
        AND c.next_try_at <= $1 AND c.expires_at > $1
        AND g.code <> ALL($2::text[]) AND c.number <> ALL($3::bigint[])
        AND NOT EXISTS (
            SELECT FROM command o WHERE o.device_id = c.device_id
            AND o.number < c.number AND o.settled_at IS NULL AND o.state <> 'acked'
            AND o.next_try_at IS NOT NULL)
), due AS (
    SELECT c.number FROM command c JOIN ready USING (number)
    WHERE place <= $6 AND c.settled_at IS NULL AND c.state <> 'acked'
    ORDER BY c.number LIMIT $4 FOR UPDATE OF c SKIP LOCKED
)
UPDATE command c SET tries = c.tries + 1, tried_at = coalesce(c.tried_at, $1),
    next_try_at = $5
FROM due WHERE c.number = due.number
RETURNING c.id::text AS id, c.number, c.device_id, c.body, c.asked_at, c.expires_at,
    c.tries - 1 AS tries
"""

_WAKE = """
UPDATE command c SET next_try_at = least(c.next_try_at, $2)
FROM device d JOIN gateway g ON g.id = d.gateway_id
WHERE d.id = c.device_id AND g.code = ANY($1::text[])
    AND c.settled_at IS NULL AND c.state <> 'acked' AND c.next_try_at IS NOT NULL
"""

_ANSWERED = """
SELECT c.number, c.id::text AS id, c.state, g.code AS gateway FROM command c
JOIN device d ON d.id = c.device_id JOIN gateway g ON g.id = d.gateway_id
WHERE (c.id::text = ANY($1::text[]) OR c.number = ANY($2::bigint[]))
ORDER BY c.number FOR UPDATE OF c
"""

_STATES = {
    Outcome.DONE: State.ACKED,
    Outcome.REFUSED: State.REFUSED,
    Outcome.EXPIRED: State.EXPIRED,
}

_MOST_DIGITS = 18


async def claim_commands(
    connection: Connection,
    *,
    at: datetime,
    down: Collection[str],
    busy: Collection[int],
    most: int,
    most_each: int,
) -> list[Command]:
    """Return what is to be said now, oldest first, and note that it may be said.

    One device is told one thing at a time: while a command may still be said, later
    ones for that device wait.

    Args:
        connection: Of the only worker.
        at: Now, aware.
        down: Codes of gateways that are not to be told anything now.
        busy: Numbers of commands that are being said.
        most: Most commands to return.
        most_each: Most of one gateway.
    """
    rows = await connection.fetch(
        _CLAIM, at, list(down), list(busy), most, at + LEASE, most_each
    )
    commands = [
        Command(
            id=row["id"],
            number=row["number"],
            device_id=row["device_id"],
            order=msgspec.json.decode(row["body"], type=AnyOrder),
            asked_at=row["asked_at"],
            expires_at=row["expires_at"],
            tries=row["tries"],
        )
        for row in rows
    ]
    return sorted(commands, key=lambda command: command.number)


async def release_claims(connection: Connection, *, at: datetime) -> None:
    """Make due again what was claimed by a worker that is no more."""
    await connection.execute(
        "UPDATE command SET next_try_at = least(next_try_at, $1)"
        " WHERE settled_at IS NULL AND state = 'queued' AND tries > 0",
        at,
    )


async def wake(
    connection: Connection, gateways: Sequence[str], *, at: datetime
) -> None:
    """Make due now what waits for gateways that hear us from now on."""
    if gateways:
        await connection.execute(_WAKE, gateways, at)


async def note_sent(
    connection: Connection,
    number: int,
    *,
    at: datetime,
    again_at: datetime | None,
    detail: str,
) -> Moved | None:
    """Note that a command has left us, for the first time or once more.

    Args:
        connection: In a transaction that ends with `tell`.
        number: Which command.
        at: When, aware.
        again_at: When to say it again if nothing is heard; None for never.
        detail: To whom, for people.
    """
    await connection.execute(
        "UPDATE command SET next_try_at = $2 WHERE number = $1"
        " AND state IN ('queued', 'sent')",
        number,
        again_at,
    )
    moved = await move_on(connection, number, State.SENT, at=at, detail=detail)
    if moved is None:
        await connection.execute(
            "INSERT INTO command_step (number, taken_at, state, actor, detail)"
            " SELECT number, $2, state, $3, $4 FROM command"
            " WHERE number = $1 AND state = 'sent'",
            number,
            at,
            GEZHI,
            f"said again: {detail}",
        )
    return moved


async def note_unsaid(
    connection: Connection,
    number: int,
    *,
    again_at: datetime,
    detail: str,
    is_sure: bool,
) -> None:
    """Note that a command was not said, or that nobody knows whether it was.

    Args:
        connection: Any.
        number: Which command.
        again_at: When to try again, aware.
        detail: Why, for people.
        is_sure: Whether nothing was said; then the try does not count.
    """
    await connection.execute(
        "UPDATE command SET next_try_at = $2, detail = $3,"
        " tries = tries - CASE WHEN $4 THEN 1 ELSE 0 END,"
        " tried_at = CASE WHEN $4 AND tries = 1 THEN NULL ELSE tried_at END"
        " WHERE number = $1 AND state IN ('queued', 'sent')",
        number,
        again_at,
        detail,
        is_sure,
    )


async def settle_answers(
    connection: Connection,
    answers: Sequence[tuple[str, CommandAnswer]],
    *,
    at: datetime,
) -> list[Moved]:
    """Note what devices answered; who is not a command's gateway is not believed.

    Args:
        connection: In a transaction that ends with `tell`.
        answers: Code of the gateway that passed it on, and the answer.
        at: When they came, aware.
    """
    said = {storable(answer.command) for _, answer in answers}
    numbers = [int(n) for n in said if n.isdecimal() and len(n) <= _MOST_DIGITS]
    rows = await connection.fetch(_ANSWERED, list(said), numbers)
    moved = []
    for row in rows:
        names = {row["id"], str(row["number"])}
        for gateway, answer in answers:
            if gateway == row["gateway"] and answer.command in names:
                moved += await _settle(connection, row["number"], answer, at)
    return moved


async def _settle(
    connection: Connection, number: int, answer: CommandAnswer, at: datetime
) -> list[Moved]:
    # Who answers has heard it, whether we had the time to note that it was sent or not.
    sent = await move_on(
        connection, number, State.SENT, at=at, detail="the device has heard it"
    )
    state = _STATES[answer.outcome]
    settled = await move_on(
        connection, number, state, at=at, detail=answer.detail, actor=DEVICE
    )
    return [each for each in (sent, settled) if each is not None]
