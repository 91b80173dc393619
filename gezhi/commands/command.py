"""`gezhi command`: tell a device something, and see what comes of it."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import asyncpg
import msgspec
import orjson
import typer
from rich.console import Console
from rich.table import Table

from gezhi.clock import utc_now
from store.commands.ask import (
    Asker,
    KeyReusedError,
    Wish,
    ask_command,
    cancel_command,
    target,
)
from store.commands.read import (
    CommandRow,
    CommandStepRow,
    command,
    command_steps,
    commands,
    ids_like,
)
from vocabulary.command import AnyOrder, State
from vocabulary.command_ability import abilities, words
from vocabulary.command_effect import expected_effect

USAGE = 2
"""Exit code of a command that was not understood."""

ASKER = Asker(name="command line", key="", role="admin")
"""Whoever has the database's address may do everything."""

LOOK_S = 0.2
"""How often a waiting command line looks."""

SHORT_ID = 8
"""Digits of an id that lists show; so many are nearly always enough."""


class UsageError(ValueError):
    """What was asked for cannot be."""


def order_from(what: str, facts: Sequence[str]) -> AnyOrder:
    """Return the order that the words of a command line mean.

    Args:
        what: Its kind.
        facts: `name=value` each; a value is JSON, or a text.

    Raises:
        UsageError: If there is no such order.
    """
    body: dict[str, object] = {"what": what}
    for fact in facts:
        name, is_fact, value = fact.partition("=")
        if not is_fact:
            raise UsageError(f"{fact!r} is not name=value")
        try:
            body[name] = orjson.loads(value)
        except orjson.JSONDecodeError:
            body[name] = value
    try:
        order: AnyOrder = msgspec.convert(body, AnyOrder)
    except msgspec.ValidationError as error:
        raise UsageError(str(error)) from error
    return order


def send(
    dsn: str,
    code: str,
    order: AnyOrder,
    *,
    expires_in_s: float,
    key: str,
    wait_s: float,
) -> int:
    """Tell a device something, wait for what comes of it, return the exit code.

    Args:
        dsn: The database.
        code: The device's.
        order: What it shall do.
        expires_in_s: After this it is not done any more.
        key: The asker's own name for it; made up if empty.
        wait_s: How long to wait for an end.
    """

    async def run(connection: asyncpg.Connection) -> int:
        wish = await _wish(connection, code, order, expires_in_s, key)
        command_id, is_new = await ask_command(connection, wish, ASKER)
        typer.echo(f"{command_id} {'queued' if is_new else 'is known already'}")
        if wait_s <= 0:
            return 0
        row = await _until_settled(connection, command_id, wait_s)
        return 0 if row.state in {State.EFFECT_SEEN, State.ACKED} else 1

    return _run(dsn, run)


def show_list(dsn: str, *, device: str, state: str, limit: int) -> int:
    """Print commands, newest first, and return the exit code."""

    async def run(connection: asyncpg.Connection) -> int:
        if state and state not in set(State):
            raise UsageError(f"no state {state!r}; there are {', '.join(State)}")
        rows = await commands(
            connection,
            scope=None,
            device=device or None,
            state=state or None,
            limit=limit,
        )
        Console().print(_table(rows) if rows else "no command was asked for")
        return 0

    return _run(dsn, run)


def show_one(dsn: str, beginning: str) -> int:
    """Print one command with its steps, and return the exit code."""

    async def run(connection: asyncpg.Connection) -> int:
        row = await _one(connection, beginning)
        typer.echo(f"{row.id}\n{row.device_code} {_words(row.order)}")
        for step in await command_steps(connection, row.number):
            typer.echo(_line(step))
        return 0

    return _run(dsn, run)


def cancel(dsn: str, beginning: str) -> int:
    """Take a command back, and return the exit code."""

    async def run(connection: asyncpg.Connection) -> int:
        row = await _one(connection, beginning)
        if await cancel_command(connection, row.number, by=ASKER.name, at=utc_now()):
            typer.echo(f"{row.id} cancelled")
            return 0
        now = await _one(connection, row.id)
        typer.echo(f"{now.id} is {now.state}, said {now.tries} times: too late")
        return 1

    return _run(dsn, run)


async def _wish(
    connection: asyncpg.Connection,
    code: str,
    order: AnyOrder,
    expires_in_s: float,
    key: str,
) -> Wish:
    device = await target(connection, code)
    if device is None:
        raise UsageError(f"no device {code!r} in service")
    able = abilities(device.kind, device.transport, device.format)
    if not isinstance(order, able):
        can = ", ".join(words(able)) or "nothing"
        raise UsageError(f"{code} can be told {can}")
    at = utc_now()
    return Wish(
        device_id=device.id,
        order=order,
        effect=expected_effect(
            order,
            quantities=device.quantities,
            expected_interval_s=device.expected_interval_s,
        ),
        key=key or uuid.uuid4().hex,
        asked_at=at,
        expires_at=at + timedelta(seconds=expires_in_s),
    )


async def _until_settled(
    connection: asyncpg.Connection, command_id: str, wait_s: float
) -> CommandRow:
    """Print each step as it is taken; return the command at its end, or as it is."""
    loop = asyncio.get_running_loop()
    until_s, shown = loop.time() + wait_s, 1
    while True:
        row = await _one(connection, command_id)
        steps = await command_steps(connection, row.number)
        for step in steps[shown:]:
            typer.echo(_line(step))
        shown = max(shown, len(steps))
        if row.settled_at is not None or loop.time() >= until_s:
            return row
        await asyncio.sleep(LOOK_S)


async def _one(connection: asyncpg.Connection, beginning: str) -> CommandRow:
    ids = await ids_like(connection, beginning)
    if len(ids) != 1:
        many = "several commands begin" if ids else "no command begins"
        raise UsageError(f"{many} with {beginning!r}")
    row = await command(connection, ids[0], scope=None)
    if row is None:
        raise UsageError(f"no command {beginning!r}")
    return row


def _line(step: CommandStepRow) -> str:
    at = f"{step.taken_at:%Y-%m-%d %H:%M:%S}Z"
    return f"  {at}  {step.state:<15} {step.actor}  {step.detail}".rstrip()


def _table(rows: Sequence[CommandRow]) -> Table:
    table = Table()
    for name in ("id", "device", "state", "order", "asked", "why"):
        table.add_column(name, no_wrap=name in {"id", "device", "state"})
    for row in rows:
        table.add_row(
            row.id[:SHORT_ID],
            row.device_code,
            row.state,
            _words(row.order),
            f"{row.asked_at:%m-%d %H:%M:%S}Z {row.asked_by}",
            row.detail,
        )
    return table


def _words(order: dict[str, object]) -> str:
    """Return an order as `send` takes it."""
    facts = [
        f"{name}={orjson.dumps(value).decode()}"
        for name, value in order.items()
        if name != "what"
    ]
    return " ".join((str(order["what"]), *facts))


def _run(dsn: str, run: Callable[[asyncpg.Connection], Awaitable[int]]) -> int:
    async def connected() -> int:
        connection = await asyncpg.connect(dsn)
        try:
            return await run(connection)
        finally:
            await connection.close()

    try:
        return asyncio.run(connected())
    except (UsageError, KeyReusedError) as error:
        typer.echo(f"gezhi: {error}", err=True)
        return USAGE
