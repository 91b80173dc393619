"""Trying again what was refused: what was kept, who asked for it, what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from store.quarantine.refused import (
    SAME_WHATEVER_IT_SAYS,
    Came,
    Quarantined,
    digest_of,
    keep,
)

CHANNEL = "quarantine"
"""NOTIFY channel that says somebody asked to try again; the payload is the row's id."""

_KEPT = """
SELECT octets, received_at FROM quarantine_message WHERE quarantine_id = $1
ORDER BY ordinal
"""

_REQUEST = """
WITH row AS (
    UPDATE quarantine SET retry_requested_at = $2 WHERE id = $1 RETURNING id
)
SELECT pg_notify($3, id::text) FROM row
"""

_REQUESTED = """
SELECT id FROM quarantine WHERE retry_requested_at IS NOT NULL
ORDER BY retry_requested_at, id LIMIT $1
"""

_TAKE_OUT = """
DELETE FROM quarantine WHERE id = $1 AND count = $2 AND last_seen = $3 RETURNING id
"""

_IN_VAIN = """
UPDATE quarantine SET retried_at = $2, retry_requested_at = NULL WHERE id = ANY($1)
"""


class MovedOnError(Exception):
    """A row is no longer as it was when it was read; read it again.

    Attributes:
        row_id: Which row.
    """

    def __init__(self, row_id: int) -> None:
        super().__init__(f"row {row_id} of the quarantine is no longer as it was")
        self.row_id = row_id


@dataclass(frozen=True, slots=True)
class KeptMessage:
    """One message as it came.

    Attributes:
        octets: What came.
        received_at: When it came.
    """

    octets: bytes
    received_at: datetime


async def kept_messages(
    connection: Connection, row: Quarantined
) -> Sequence[KeptMessage]:
    """Return what was kept of a row, in the order it came."""
    rows = await connection.fetch(_KEPT, row.id)
    kept = [KeptMessage(each["octets"], each["received_at"]) for each in rows]
    # Where a row is one message it has been the same since the first time.
    is_the_last = row.reason in SAME_WHATEVER_IT_SAYS
    only = KeptMessage(row.octets, row.last_seen if is_the_last else row.first_seen)
    return kept or [only]


async def settle(
    connection: Connection,
    row: Quarantined,
    left: Sequence[Came],
    *,
    has_landed: bool,
    at: datetime,
) -> None:
    """Put what is still refused in the place of a row, in the caller's transaction.

    Args:
        connection: In the transaction that stores what is refused no longer.
        row: As it was read.
        left: What of it is still refused.
        has_landed: Whether any of it is not.
        at: When it was tried.

    Raises:
        MovedOnError: If the row is no longer as it was read; nothing may be committed.
    """
    if not has_landed and await _is_the_same(connection, row, left):
        await connection.execute(_IN_VAIN, [row.id], at)
        return
    gone = await connection.fetchval(_TAKE_OUT, row.id, row.count, row.last_seen)
    if gone is None:
        raise MovedOnError(row.id)
    await connection.execute(_IN_VAIN, await keep(connection, left), at)


async def request_retry(connection: Connection, row_id: int, *, at: datetime) -> bool:
    """Ask whoever can to try a row again; return whether there is such a row."""
    return bool(await connection.fetch(_REQUEST, row_id, at, CHANNEL))


async def requested(connection: Connection, *, limit: int = 100) -> list[int]:
    """Return the ids of the rows that somebody asked to try again, oldest first."""
    return [row["id"] for row in await connection.fetch(_REQUESTED, limit)]


async def give_up(connection: Connection, row_id: int, *, at: datetime) -> None:
    """Note that a row was tried again in vain."""
    await connection.execute(_IN_VAIN, [row_id], at)


async def drop(connection: Connection, row_id: int) -> bool:
    """Throw a row away for good; return whether there was one."""
    done = await connection.execute("DELETE FROM quarantine WHERE id = $1", row_id)
    return bool(done == "DELETE 1")


async def _is_the_same(
    connection: Connection, row: Quarantined, left: Sequence[Came]
) -> bool:
    digest = await connection.fetchval(
        "SELECT digest FROM quarantine WHERE id = $1", row.id
    )
    return {digest} == {digest_of(each.refusal) for each in left}
