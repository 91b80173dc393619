"""Asking for a command, and taking it back while it waits: the queue's way in."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from store.commands.moves import UNIT_JOINS, UNITS, Moved, move_on, tell
from store.connection import Connection
from vocabulary.command import AnyOrder, Effect, State, turn_of, what_of
from vocabulary.device import DeviceKind, Format, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A device in service, as far as one who commands it must know it.

    Attributes:
        id: `device.id`.
        code: Its name for people.
        kind: The hardware it is.
        transport: How its gateway reaches us.
        format: What that speaks over MQTT.
        quantities: What it measures.
        expected_interval_s: How often it reports when all is well.
        units: Ids of the units it is of.
    """

    id: int
    code: str
    kind: DeviceKind
    transport: Transport
    format: Format
    quantities: frozenset[str]
    expected_interval_s: float
    units: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks for a command.

    Attributes:
        name: Name of the token, for people.
        key: The token's public half; empty on the command line.
        role: What it acts as.
    """

    name: str
    key: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A command as it is asked for.

    Attributes:
        device_id: Of whom.
        order: What it is to do.
        effect: What should be heard of it then; None if nothing can show it.
        key: The asker's own name for this wish; the same again is the same command.
        asked_at: When, aware.
        expires_at: Until when it may be done, aware.
    """

    device_id: int
    order: AnyOrder
    effect: Effect | None
    key: str
    asked_at: datetime
    expires_at: datetime


class KeyReusedError(ValueError):
    """The asker has named another wish so before."""

    def __init__(self, key: str, command_id: str) -> None:
        super().__init__(f"{key!r} is the key of another command, {command_id}")
        self.key = key
        self.command_id = command_id


_TARGET = f"""
SELECT d.id, d.code, p.kind, g.transport, g.format, p.expected_interval_s,
    ARRAY(SELECT quantity FROM series WHERE device_id = d.id) AS quantities,
    {UNITS} AS units
FROM device d
JOIN profile p ON p.id = d.profile_id
JOIN gateway g ON g.id = d.gateway_id {UNIT_JOINS}
WHERE d.code = $1 AND d.retired_at IS NULL
"""  # noqa: S608 - put together from constants of this folder only

# Two with one key at once: the second waits here until the first has committed.
_ASK = f"""
WITH asked AS (
    INSERT INTO command (device_id, what, body, asked_by, asked_with, asked_role,
        idempotency_key, asked_at, expires_at, changed_at, next_try_at, effect)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8, $8, $10)
    ON CONFLICT (asked_with, idempotency_key) DO NOTHING
    RETURNING number, id, device_id, what
), step AS (
    INSERT INTO command_step (number, taken_at, state, actor)
    SELECT number, $8, 'queued', $4 FROM asked
)
SELECT a.number, a.id::text AS id, a.device_id, d.code AS device, a.what,
    coalesce(({UNITS})[1], 0) AS unit_id
FROM asked a JOIN device d ON d.id = a.device_id {UNIT_JOINS}
"""  # noqa: S608 - put together from constants of this folder only

_SAME = """
SELECT id::text AS id, device_id = $3 AND body = $4::jsonb
    AND expires_at - asked_at = $5::interval AS is_same
FROM command WHERE asked_with = $1 AND idempotency_key = $2
"""


async def target(connection: Connection, code: str) -> Target | None:
    """Return the device in service of that code; None if there is none."""
    row = await connection.fetchrow(_TARGET, code)
    if row is None:
        return None
    return Target(
        id=row["id"],
        code=row["code"],
        kind=DeviceKind(row["kind"]),
        transport=Transport(row["transport"]),
        format=Format(row["format"]),
        quantities=frozenset(row["quantities"]),
        expected_interval_s=row["expected_interval_s"],
        units=frozenset(row["units"]),
    )


async def ask_command(
    connection: Connection, wish: Wish, asker: Asker
) -> tuple[str, bool]:
    """Put a command into the queue; the same wish again is the same command.

    Args:
        connection: Not in a transaction.
        wish: What is asked for.
        asker: Who asks.

    Returns:
        Its id, and whether it is new.

    Raises:
        KeyReusedError: If the asker's key is that of another wish.
    """
    body = msgspec.json.encode(wish.order).decode()
    effect = None if wish.effect is None else msgspec.json.encode(wish.effect).decode()
    async with connection.transaction():
        row = await connection.fetchrow(
            _ASK,
            wish.device_id,
            what_of(wish.order),
            body,
            asker.name,
            asker.key,
            asker.role,
            wish.key,
            wish.asked_at,
            wish.expires_at,
            effect,
        )
        if row is not None:
            moved = Moved(
                **row,
                from_state="",
                state=State.QUEUED,
                at=wish.asked_at,
                actor=asker.name,
                detail="",
                turn=turn_of(wish.order),
                effect=wish.effect,
                seen_at=None,
            )
            await tell(connection, [moved])
            return moved.id, True
    return await _the_same(connection, wish, asker, body), False


async def _the_same(connection: Connection, wish: Wish, asker: Asker, body: str) -> str:
    row = await connection.fetchrow(
        _SAME,
        asker.key,
        wish.key,
        wish.device_id,
        body,
        wish.expires_at - wish.asked_at,
    )
    assert row is not None  # noqa: S101 - commands are never deleted
    if not row["is_same"]:
        raise KeyReusedError(wish.key, row["id"])
    return str(row["id"])


async def cancel_command(
    connection: Connection, number: int, *, by: str, at: datetime
) -> bool:
    """Take a command back; return whether it was still waiting.

    Args:
        connection: Not in a transaction.
        number: Which command.
        by: Who takes it back.
        at: When, aware.
    """
    async with connection.transaction():
        # Waits for a claim that is being made; from the first try on it is too late.
        waits = await connection.fetchval(
            "SELECT tries = 0 FROM command WHERE number = $1 AND state = 'queued'"
            " FOR UPDATE",
            number,
        )
        if not waits or not await _take_from_line(connection, number, at):
            return False
        moved = await move_on(connection, number, State.CANCELLED, at=at, actor=by)
        await tell(connection, [moved])
        return moved is not None


async def _take_from_line(connection: Connection, number: int, at: datetime) -> bool:
    """Take a command back from JT/T 808's own queue; return whether it is not sent."""
    row = await connection.fetchrow(
        "SELECT t.id, t.sent_at FROM command_terminal c"
        " JOIN terminal_command t ON t.id = c.terminal_command_id"
        " WHERE c.number = $1 FOR UPDATE OF t",
        number,
    )
    if row is None:
        return True
    if row["sent_at"] is not None:
        return False
    await connection.execute(
        "UPDATE terminal_command SET answered_at = $2, result = 'expired'"
        " WHERE id = $1 AND answered_at IS NULL",
        row["id"],
        at,
    )
    return True
