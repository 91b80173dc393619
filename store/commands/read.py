"""Commands as the API and the command line show them, within a unit's scope."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from store.commands.moves import UNIT_JOINS, UNITS
from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRow:
    """One command in one row.

    Attributes:
        id: A UUID; on the wire where that has room.
        number: Its place in the queue.
        device_id: Of whom it is asked.
        device_code: That one's code.
        order: What it is to do, `what` first.
        state: How far it has come.
        detail: Why it is in that state, or waits in it.
        asked_by: Whose token asked.
        asked_role: What that acted as.
        asked_at: When.
        expires_at: Until when it may be done.
        changed_at: When it came to its state.
        settled_at: Since when nothing more is awaited; None while something is.
        tries: How often it was said, or may have been.
        effect: What should be heard of the device then; None if nothing shows it.
        heard_value: The newest that was heard of that quantity since it was said.
        heard_at: When the device measured that.
    """

    id: str
    number: int
    device_id: int
    device_code: str
    order: dict[str, object]
    state: str
    detail: str
    asked_by: str
    asked_role: str
    asked_at: datetime
    expires_at: datetime
    changed_at: datetime
    settled_at: datetime | None
    tries: int
    effect: dict[str, object] | None
    heard_value: float | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStepRow:
    """One step of a command.

    Attributes:
        taken_at: When.
        state: The state since; the same again where it was said once more.
        actor: A token's name, `gezhi` or `device`.
        detail: Why, for people.
    """

    taken_at: datetime
    state: str
    actor: str
    detail: str


_COMMANDS = f"""
SELECT c.id::text AS id, c.number, c.device_id, d.code AS device_code, c.body AS order,
    c.state, c.detail, c.asked_by, c.asked_role, c.asked_at, c.expires_at, c.changed_at,
    c.settled_at, c.tries, c.effect, c.heard_value, c.heard_at
FROM command c JOIN device d ON d.id = c.device_id {UNIT_JOINS}
WHERE ($1::integer IS NULL OR $1 = ANY({UNITS}))
"""  # noqa: S608 - put together from constants of this folder only

_LIST = f"""{_COMMANDS}
    AND ($2::text IS NULL OR d.code = $2)
    AND ($3::text IS NULL OR c.state = $3)
    AND ($4::bigint IS NULL OR c.number < $4)
ORDER BY c.number DESC LIMIT $5
"""


async def commands(
    connection: Connection,
    *,
    scope: int | None,
    device: str | None = None,
    state: str | None = None,
    before: int | None = None,
    limit: int,
) -> list[CommandRow]:
    """Return commands, newest first.

    Args:
        connection: Any.
        scope: The only unit whose devices are seen; None for all.
        device: Of the device with this code; None for all.
        state: In this state; None for all.
        before: Number of the last row known; None for the first page.
        limit: Most rows.
    """
    rows = await connection.fetch(_LIST, scope, device, state, before, limit)
    return [_row(dict(row)) for row in rows]


async def command(
    connection: Connection, command_id: str, *, scope: int | None
) -> CommandRow | None:
    """Return one command, or None if there is none or it is out of scope."""
    row = await connection.fetchrow(
        f"{_COMMANDS} AND c.id = $2::text::uuid", scope, command_id
    )
    return _row(dict(row)) if row else None


async def numbered_command(connection: Connection, number: int) -> CommandRow | None:
    """Return the command at a place in the queue, or None if there is none."""
    row = await connection.fetchrow(f"{_COMMANDS} AND c.number = $2", None, number)
    return _row(dict(row)) if row else None


async def ids_like(connection: Connection, beginning: str) -> list[str]:
    """Return the ids, two at most, that begin with some hex digits."""
    rows = await connection.fetch(
        "SELECT id::text AS id FROM command WHERE starts_with(id::text, $1) LIMIT 2",
        beginning.lower(),
    )
    return [row["id"] for row in rows]


async def command_steps(connection: Connection, number: int) -> list[CommandStepRow]:
    """Return every step of a command, oldest first."""
    rows = await connection.fetch(
        "SELECT taken_at, state, actor, detail FROM command_step"
        " WHERE number = $1 ORDER BY id",
        number,
    )
    return [CommandStepRow(**row) for row in rows]


def _row(row: dict[str, object]) -> CommandRow:
    words = {
        "order": orjson.loads(str(row["order"])),
        "effect": orjson.loads(str(row["effect"])) if row["effect"] else None,
    }
    return CommandRow(**(row | words))  # type: ignore[arg-type] # as the query has it
