"""What terminals are told to do: asked here, sent by whichever ingest has the line.

A command is sent at most once. One that was sent as its ingest died, or that a terminal
never answers, or that never comes on the line, expires.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson

from store.connection import Connection
from store.text import storable_json

CHANNEL = "terminal_command"
"""Notified when there is a new command."""


class CommandKind(StrEnum):
    """What a terminal can be told to do."""

    TEXT = "text"
    POSITION = "position"
    PARAMETERS = "parameters"
    SET_PARAMETERS = "set_parameters"
    GEOFENCE = "geofence"
    DROP_GEOFENCES = "drop_geofences"


class CommandResult(StrEnum):
    """What came of it."""

    OK = "ok"
    FAILED = "failed"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    IMPOSSIBLE = "impossible"  # we could not even say it
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Command:
    """One command to be sent.

    Attributes:
        id: Its number.
        device_id: The terminal.
        kind: What it is to do.
        body: With what, JSON; `ingest.jt808.orders` says what it holds.
    """

    id: int
    device_id: int
    kind: CommandKind
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a command.

    Attributes:
        command_id: Which.
        result: What came of it.
        answer: What was asked for, or why it could not be said, as JSON can have it.
    """

    command_id: int
    result: CommandResult
    answer: Mapping[str, object] | None = None


async def terminal_id(connection: Connection, code: str) -> int | None:
    """Return the device in service of that code; None if there is none."""
    found: int | None = await connection.fetchval(
        "SELECT id FROM device WHERE code = $1 AND retired_at IS NULL", code
    )
    return found


async def ask_terminal(
    connection: Connection,
    device_id: int,
    kind: CommandKind,
    body: Mapping[str, object],
    *,
    by: str,
    at: datetime,
    expires_at: datetime,
) -> int:
    """Ask a terminal to do something; return the command's number.

    Args:
        connection: The database.
        device_id: The terminal.
        kind: What it is to do.
        body: With what.
        by: Who asks.
        at: When, aware.
        expires_at: Until when it may be sent and answered, aware.
    """
    number: int = await connection.fetchval(
        "INSERT INTO terminal_command"
        " (device_id, kind, body, asked_by, asked_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
        device_id,
        kind,
        orjson.dumps(body).decode(),
        by,
        at,
        expires_at,
    )
    await connection.execute(f"NOTIFY {CHANNEL}")
    return number


async def claim_commands(
    connection: Connection, device_ids: Collection[int], *, at: datetime
) -> list[Command]:
    """Return what is to be sent to some terminals now, oldest first, to us alone."""
    rows = await connection.fetch(
        "UPDATE terminal_command SET sent_at = $2 WHERE id IN ("
        " SELECT id FROM terminal_command WHERE device_id = ANY($1::integer[])"
        " AND sent_at IS NULL AND answered_at IS NULL AND expires_at > $2"
        " ORDER BY id FOR UPDATE SKIP LOCKED)"
        " RETURNING id, device_id, kind, body",
        list(device_ids),
        at,
    )
    return sorted(
        (
            Command(
                row["id"],
                row["device_id"],
                CommandKind(row["kind"]),
                row["body"].encode(),
            )
            for row in rows
        ),
        key=lambda command: command.id,
    )


async def settle_commands(
    connection: Connection, outcomes: Collection[Outcome], *, at: datetime
) -> None:
    """Write down what came of commands, and which have expired."""
    await connection.executemany(
        "UPDATE terminal_command SET answered_at = $2, result = $3, answer = $4"
        " WHERE id = $1 AND answered_at IS NULL",
        [
            (
                outcome.command_id,
                at,
                outcome.result,
                None if outcome.answer is None else _answer_json(outcome.answer),
            )
            for outcome in outcomes
        ],
    )
    await connection.execute(
        "UPDATE terminal_command SET answered_at = $1, result = 'expired'"
        " WHERE answered_at IS NULL AND expires_at <= $1",
        at,
    )


def _answer_json(answer: Mapping[str, object]) -> str:
    """Return an answer as JSON; a terminal's strings may have any octet in them."""
    return storable_json(orjson.dumps(answer, option=orjson.OPT_UTC_Z).decode())


async def outcome_of(connection: Connection, command_id: int) -> Outcome | None:
    """Return what came of a command; None while that is open."""
    row = await connection.fetchrow(
        "SELECT result, answer FROM terminal_command"
        " WHERE id = $1 AND answered_at IS NOT NULL",
        command_id,
    )
    if row is None:
        return None
    answer = None if row["answer"] is None else orjson.loads(row["answer"])
    return Outcome(command_id, CommandResult(row["result"]), answer)
