"""Moving a command on: its row, its step and its journal entry, in one transaction.

Rows are locked before the journal's head, in the order of their numbers, by everybody.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from store.connection import Connection
from store.journal.body import json_body
from store.journal.entries import Kind, append
from store.text import storable
from vocabulary.command import ENDS, AnyOrder, Effect, State, turn_of

GEZHI = "gezhi"
"""The actor of a step that the platform took by itself."""

DEVICE = "device"
"""The actor of a step that is the device's own word."""

NOBODY = 0
"""Stands for a unit, where a device is nobody's; no unit has this id."""

UNITS = """
array_remove(
    ARRAY[comp.maintainer_id, comp.owner_id, comp.authority_id, v.unit_id], NULL)
"""
"""The units a device is of, the first one foremost; joins `comp` and `v`."""

UNIT_JOINS = """
LEFT JOIN component comp ON comp.id = d.component_id
LEFT JOIN vehicle v ON v.id = d.vehicle_id
"""
"""What `UNITS` needs beside device `d`."""

# No step is before the journal's clock, though the wall clock be.
_MOVE = f"""
WITH clock AS (
    SELECT greatest($4, received_at) AS at FROM journal_head WHERE shard = 0
), was AS (
    SELECT number, state FROM command
    WHERE number = $1 AND state = ANY($2::text[]) FOR UPDATE
), moved AS (
    UPDATE command c SET state = $3, changed_at = clock.at, detail = $5,
        acked_at = CASE WHEN $3 = 'acked' THEN clock.at ELSE c.acked_at END,
        settled_at = CASE WHEN $3 = 'sent' OR $3 = 'acked' AND c.effect IS NOT NULL
            THEN NULL ELSE clock.at END
    FROM was, clock WHERE c.number = was.number
    RETURNING c.number, c.id, c.device_id, c.what, was.state AS from_state, clock.at,
        c.body, c.effect, c.seen_at
), step AS (
    INSERT INTO command_step (number, taken_at, state, actor, detail)
    SELECT number, at, $3, $6, $5 FROM moved
)
SELECT m.number, m.id::text AS id, m.device_id, d.code AS device, m.what,
    m.from_state, m.at, m.body, m.effect, m.seen_at,
    coalesce(({UNITS})[1], {NOBODY}) AS unit_id
FROM moved m JOIN device d ON d.id = m.device_id {UNIT_JOINS}
"""  # noqa: S608 - put together from constants of this file only


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A command that came to another state.

    Attributes:
        number: Its place in the queue.
        id: Its UUID.
        device_id: `device.id`.
        device: That one's code.
        what: The kind of order.
        from_state: Where it stood; empty when it was asked.
        state: Where it stands now.
        at: Since when, aware.
        actor: Who or what moved it.
        detail: Why, for people.
        unit_id: The unit whose device it is; `NOBODY` if it is nobody's.
        turn: What the order is to bring about, see `turn_of`.
        effect: What should be heard of the device then; None if nothing.
        seen_at: When the device measured that; None if it did not yet.
    """

    number: int
    id: str
    device_id: int
    device: str
    what: str
    from_state: str
    state: State
    at: datetime
    actor: str
    detail: str
    unit_id: int
    turn: str
    effect: Effect | None
    seen_at: datetime | None


async def move_on(
    connection: Connection,
    number: int,
    state: State,
    *,
    at: datetime,
    detail: str = "",
    actor: str = GEZHI,
) -> Moved | None:
    """Bring a command to a state, if it may go there from where it stands.

    Args:
        connection: In a transaction that ends with `tell`.
        number: Which command.
        state: Where to.
        at: When, aware.
        detail: Why, for people.
        actor: Who or what moves it.

    Returns:
        None if it stands where that state cannot be reached from.
    """
    detail = storable(detail)  # a device may have worded it
    before = [each for each, ends in ENDS.items() if state in ends]
    row = await connection.fetchrow(_MOVE, number, before, state, at, detail, actor)
    if row is None:
        return None
    facts = dict(row)
    order = msgspec.json.decode(facts.pop("body"), type=AnyOrder)
    effect = msgspec.json.decode(facts.pop("effect") or "null", type=Effect | None)
    return Moved(
        **facts,
        state=state,
        actor=actor,
        detail=detail,
        turn=turn_of(order),
        effect=effect,
    )


async def tell(connection: Connection, moved: Iterable[Moved | None]) -> None:
    """Let the journal know of moves; the last thing in their transaction."""
    for each in moved:
        if each is not None:
            await append(connection, Kind.COMMAND, _body(each), at=each.at)


def _body(moved: Moved) -> bytes:
    return json_body(
        {
            "id": moved.id,
            "number": moved.number,
            "device_id": moved.device_id,
            "device": moved.device,
            "what": moved.what,
            "from_state": moved.from_state,
            "state": moved.state,
            "at": moved.at.isoformat(),
            "actor": moved.actor,
            "detail": moved.detail,
            "unit_id": moved.unit_id,
            "turn": moved.turn,
            "seen_at": None if moved.seen_at is None else moved.seen_at.isoformat(),
            **_wanted(moved.effect),
        }
    )


def _wanted(effect: Effect | None) -> dict[str, str | float]:
    if effect is None:
        return {}
    return {"quantity": effect.quantity, "low": effect.low, "high": effect.high}
