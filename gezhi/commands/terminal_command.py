"""Tell a JT/T 808 terminal to do something, and wait for what it says."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

import asyncpg
import orjson
import typer

from gezhi.clock import utc_now
from store.commands.terminal import (
    CommandKind,
    CommandResult,
    Outcome,
    ask_terminal,
    outcome_of,
    terminal_id,
)

_LOOK_S = 0.2


class UnknownTerminalError(LookupError):
    """There is no device of that code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no device {code!r} in service")


async def tell_terminal(
    dsn: str,
    code: str,
    kind: CommandKind,
    body: Mapping[str, object],
    *,
    by: str,
    within: timedelta,
) -> Outcome:
    """Ask a terminal to do something; return what came of it.

    Args:
        dsn: The database.
        code: The device.
        kind: What it is to do.
        body: With what; `ingest.jt808.orders` says what it holds.
        by: Who asks.
        within: How long it may take to come on the line and answer.

    Raises:
        UnknownTerminalError: If there is no such device.
    """
    connection = await asyncpg.connect(dsn)
    try:
        device_id = await terminal_id(connection, code)
        if device_id is None:
            raise UnknownTerminalError(code)
        at = utc_now()
        command = await ask_terminal(
            connection, device_id, kind, body, by=by, at=at, expires_at=at + within
        )
        while utc_now() < at + within:
            outcome = await outcome_of(connection, command)
            if outcome:
                return outcome
            await asyncio.sleep(_LOOK_S)
        return Outcome(command, CommandResult.EXPIRED)
    finally:
        await connection.close()


async def run_terminal_command(
    dsn: str, code: str, kind: str, body: str, *, wait_s: float
) -> int:
    """Tell a terminal to do something, print what it says, return the exit code.

    Args:
        dsn: The database.
        code: The device.
        kind: What it is to do, a word of `CommandKind`.
        body: With what, a JSON object.
        wait_s: How long it may take.
    """
    try:
        words = orjson.loads(body)
        outcome = await tell_terminal(
            dsn,
            code,
            CommandKind(kind),
            words,
            by="command line",
            within=timedelta(seconds=wait_s),
        )
    except (UnknownTerminalError, ValueError) as error:
        typer.echo(f"gezhi: {error}", err=True)
        return 2
    answer = "" if outcome.answer is None else orjson.dumps(outcome.answer).decode()
    typer.echo(f"{code}: {outcome.result} {answer}".rstrip())
    return 0 if outcome.result is CommandResult.OK else 1
