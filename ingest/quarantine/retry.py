"""Trying again what was refused: through its codec, the registry and the store.

Needs no broker and no edge. What lands leaves the quarantine in the transaction that
stores it; what is still wrong stays there, under the reason that is true now. Whatever
is killed and when, a message is either in quarantine or stored, and never both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import asyncpg

from devices.registry.snapshot import Snapshot
from ingest.accounting import account, numbers_of
from ingest.assemble import batch_of
from ingest.judging.memory import Memory
from ingest.names import Names
from ingest.quarantine.again import arrivals_again
from store.connection import Connection
from store.quarantine.refused import Came, Quarantined, quarantined_by_id
from store.quarantine.retry import KeptMessage, MovedOnError, kept_messages, settle
from store.telemetry.batch import Batch, Writer, Written
from store.telemetry.rows import joined
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.refusal import Reason, Refusal

MOST_TRIES = 10
"""How often to begin anew because the device went on talking meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """What became of one row of the quarantine.

    Attributes:
        row: As it was.
        written: What was stored, and what had been stored before.
        left: What is still refused.
        is_readable: Whether what was kept could be read again at all.
    """

    row: Quarantined
    written: Written
    left: Sequence[Refusal]
    is_readable: bool

    @property
    def has_landed(self) -> bool:
        """Whether nothing of it is refused any longer."""
        return not self.left


async def retry(
    connection: Connection,
    row_id: int,
    snapshot: Snapshot,
    *,
    writer: Writer,
    at: datetime,
    shard: int = 0,
) -> Retried | None:
    """Try a row of the quarantine again.

    Args:
        connection: Not in a transaction.
        row_id: Which row.
        snapshot: The registry as it is now.
        writer: One's own; it must not be writing anything else.
        at: Now.
        shard: Whose journal what lands goes into.

    Returns:
        What became of it; None if there is no such row.

    Raises:
        MovedOnError: If the row never stood still.
    """
    names = Names(snapshot)
    for n in range(1, MOST_TRIES + 1):
        row = await quarantined_by_id(connection, row_id)
        if row is None:
            return None
        again = _Again(row, await kept_messages(connection, row), names)
        try:
            written = await writer.write(
                connection,
                again.batch,
                shard=shard,
                beside=partial(again.settle, at=at),
            )
        except (MovedOnError, asyncpg.DeadlockDetectedError):
            if n == MOST_TRIES:
                raise
        else:
            return again.result(written)
    return None


class _Again:
    """What the messages of one row say now."""

    def __init__(
        self, row: Quarantined, messages: Sequence[KeptMessage], names: Names
    ) -> None:
        self._row = row
        self._snapshot = names.snapshot
        memory = Memory()  # of this row alone: what it holds may well tell of a clock
        said = [
            (message, arrivals_again(row, message, names.snapshot))
            for message in messages
        ]
        self._arrivals = [arrival for _, arrivals in said for arrival in arrivals]
        batches = [
            batch_of(arrivals, names, memory, at=message.received_at)
            for message, arrivals in said
            if arrivals
        ]
        refusals = [refusal for batch in batches for refusal in batch.refusals]
        refusals += [_as_it_was(row, message) for message, now in said if not now]
        self._left = _came(row, refusals, is_alone=len(messages) == 1)
        self.batch = Batch(
            joined(Readings, [batch.readings for batch in batches]),
            joined(Positions, [batch.positions for batch in batches]),
            [],
            row.last_seen,
        )

    async def settle(self, connection: Connection, *, at: datetime) -> None:
        """Put what is still refused in the row's place."""
        has_rows = bool(len(self.batch.readings) or len(self.batch.positions))
        await settle(
            connection,
            self._row,
            self._left,
            has_landed=has_rows or not self._left,
            at=at,
        )
        await account(connection, numbers_of(self._arrivals, self._snapshot), at=at)

    def result(self, written: Written) -> Retried:
        """Return what became of it once it is committed."""
        return Retried(
            row=self._row,
            written=written,
            left=[each.refusal for each in self._left],
            is_readable=bool(self._arrivals),
        )


def _as_it_was(row: Quarantined, message: KeptMessage) -> Refusal:
    return Refusal(
        reason=Reason(row.reason),
        detail=row.detail,
        transport=row.transport,
        gateway=row.gateway,
        identity=row.identity,
        peer=row.peer,
        octets=message.octets,
        topic=row.topic,
        received_at=message.received_at,
    )


def _came(
    row: Quarantined, refusals: Sequence[Refusal], *, is_alone: bool
) -> list[Came]:
    """Return refusals with the times they came; that of a lone message keeps all."""
    if is_alone and len(refusals) == 1:
        return [Came(refusals[0], row.first_seen, row.last_seen, row.count)]
    times = [refusal.received_at or row.last_seen for refusal in refusals]
    return [Came(refusal, at, at) for refusal, at in zip(refusals, times, strict=True)]
