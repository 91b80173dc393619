"""The account of gateways' numbered messages: what was heard and what is missing.

It is kept in the transaction of the messages themselves, so that what is acknowledged
is accounted for. One lock covers all gateways: it is held from here to the commit, and
there writers wait for each other anyway, at the journal's head.

Of the gaps only those are read that the messages at hand may fill: a batch costs the
same however many are open.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from store.connection import Connection
from vocabulary.sequence import Epoch, Gap, Number
from vocabulary.times import datetime_from_us, us_from_datetime

LOCK = 4_670_009
"""Advisory lock of the account."""

KEPT_EPOCHS = 1_000
"""Runs of a counter kept of a gateway; a counter that starts again with each message
must not fill the database."""

MOST_GAPS = 1_000_000
"""Open gaps listed one by one in an epoch; of more, the lowest are only counted, and
never closed: a gateway that counts in twos must not fill the database."""

FOLD_EVERY = 65_536
"""Each time a counter has passed so many numbers its gaps are counted."""

_EPOCHS = """
SELECT e.*
FROM unnest($1::integer[]) AS asked (gateway_id)
CROSS JOIN LATERAL (
    SELECT gateway_id, epoch, first_seq, last_seq, first_sent_at, last_sent_at,
           repeated, unlisted
    FROM sequence_epoch s
    WHERE s.gateway_id = asked.gateway_id ORDER BY epoch DESC LIMIT 2
) AS e
ORDER BY e.gateway_id, e.epoch
"""

_TOUCHED = """
SELECT DISTINCT heard.gateway_id, heard.epoch, gap.*
FROM unnest($1::integer[], $2::integer[], $3::bigint[]) AS heard (gateway_id, epoch, n)
CROSS JOIN LATERAL (
    SELECT first_seq, last_seq, opened_at FROM sequence_gap g
    WHERE g.gateway_id = heard.gateway_id AND g.epoch = heard.epoch
      AND g.closed_at IS NULL AND g.first_seq <= heard.n
    ORDER BY g.first_seq DESC LIMIT 1
) AS gap
WHERE gap.last_seq >= heard.n
ORDER BY heard.gateway_id, heard.epoch, gap.first_seq
"""

_SAVE = """
INSERT INTO sequence_epoch AS kept (
    gateway_id, epoch, first_seq, last_seq, first_sent_at, last_sent_at, repeated,
    unlisted, began_at, heard_at)
SELECT *, $9::timestamptz, $9
FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::bigint[],
            $5::timestamptz[], $6::timestamptz[], $7::bigint[], $8::bigint[])
ON CONFLICT (gateway_id, epoch) DO UPDATE SET
    first_seq = excluded.first_seq, last_seq = excluded.last_seq,
    first_sent_at = excluded.first_sent_at, last_sent_at = excluded.last_sent_at,
    repeated = excluded.repeated, unlisted = excluded.unlisted,
    heard_at = greatest(kept.heard_at, excluded.heard_at)
"""

_DROP_GAPS = """
DELETE FROM sequence_gap g
USING unnest($1::integer[], $2::integer[], $3::bigint[]) AS gone (gateway_id, epoch, n)
WHERE g.gateway_id = gone.gateway_id AND g.epoch = gone.epoch AND g.first_seq = gone.n
  AND g.closed_at IS NULL
"""

_ADD_GAPS = """
INSERT INTO sequence_gap (gateway_id, epoch, first_seq, last_seq, opened_at, closed_at)
SELECT * FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::bigint[],
                     $5::timestamptz[], $6::timestamptz[])
"""

_FOLD = """
WITH gone AS (
    DELETE FROM sequence_gap
    WHERE gateway_id = $1 AND epoch = $2 AND closed_at IS NULL AND first_seq <= (
        SELECT first_seq FROM sequence_gap
        WHERE gateway_id = $1 AND epoch = $2 AND closed_at IS NULL
        ORDER BY first_seq DESC OFFSET $3 LIMIT 1
    )
    RETURNING last_seq - first_seq + 1 AS length
)
UPDATE sequence_epoch
SET unlisted = unlisted + coalesce((SELECT sum(length) FROM gone), 0)
WHERE gateway_id = $1 AND epoch = $2
"""

_FORGET = """
DELETE FROM sequence_epoch e
USING unnest($1::integer[], $2::integer[]) AS newest (gateway_id, epoch)
WHERE e.gateway_id = newest.gateway_id AND e.epoch <= newest.epoch - $3
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class GapChange:
    """One gap that is to be written down, or was.

    Attributes:
        gateway_id: Whose.
        epoch: In which run of its counter.
        gap: The numbers.
        closed_at: When they came after all; None if they are missing.
    """

    gateway_id: int
    epoch: int
    gap: Gap
    closed_at: datetime | None = None


@dataclass(slots=True)
class AccountChanges:
    """What a batch of messages changes in the account.

    Attributes:
        epochs: Gateway and epoch as it is now; of one gateway in order.
        gone: Gaps that are as they were no longer.
        come: Gaps that are to be written down.
        passed: Gateway and epoch of counters that passed a multiple of `FOLD_EVERY`.
    """

    epochs: list[tuple[int, Epoch]] = field(default_factory=list)
    gone: list[GapChange] = field(default_factory=list)
    come: list[GapChange] = field(default_factory=list)
    passed: list[tuple[int, int]] = field(default_factory=list)


async def locked_epochs(
    connection: Connection, numbers: Mapping[int, Sequence[Number]]
) -> Mapping[int, list[Epoch]]:
    """Return the two newest epochs of gateways, and keep others out until the commit.

    Args:
        connection: In a transaction that has done all but this and the journal.
        numbers: What came of which gateway; epochs have of their open gaps only those
            that one of these numbers is in.
    """
    # Two statements, for the second must see what whoever had the lock has written.
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    found: dict[int, list[Epoch]] = {gateway_id: [] for gateway_id in numbers}
    rows = await connection.fetch(_EPOCHS, list(numbers))
    touched = await _touched(connection, rows, numbers)
    for row in rows:
        gaps = touched[row["gateway_id"], row["epoch"]]
        found[row["gateway_id"]].append(_epoch(row, gaps))
    return found


async def save_account(
    connection: Connection, changes: AccountChanges, *, at: datetime
) -> None:
    """Write the account down, in the caller's transaction.

    Args:
        connection: That of `locked_epochs`.
        changes: What changed since.
        at: When the messages came.
    """
    ids = [gateway_id for gateway_id, _ in changes.epochs]
    epochs = [epoch for _, epoch in changes.epochs]
    await connection.execute(
        _SAVE,
        ids,
        [epoch.epoch for epoch in epochs],
        [epoch.first for epoch in epochs],
        [epoch.last for epoch in epochs],
        [_at(epoch.oldest_us) for epoch in epochs],
        [_at(epoch.newest_us) for epoch in epochs],
        [epoch.repeated for epoch in epochs],
        [epoch.unlisted for epoch in epochs],
        at,
    )
    if changes.gone:
        await connection.execute(_DROP_GAPS, *_columns(changes.gone)[:3])
    if changes.come:
        await connection.execute(_ADD_GAPS, *_columns(changes.come))
    for gateway_id, epoch_number in changes.passed:
        await connection.execute(_FOLD, gateway_id, epoch_number, MOST_GAPS)
    old = {i: e.epoch for i, e in changes.epochs if e.epoch > KEPT_EPOCHS}
    if old:
        await connection.execute(_FORGET, list(old), list(old.values()), KEPT_EPOCHS)


def _columns(gaps: Sequence[GapChange]) -> tuple[list[object], ...]:
    return (
        [change.gateway_id for change in gaps],
        [change.epoch for change in gaps],
        [change.gap.first for change in gaps],
        [change.gap.last for change in gaps],
        [datetime_from_us(change.gap.opened_us) for change in gaps],
        [change.closed_at for change in gaps],
    )


async def _touched(
    connection: Connection,
    epochs: Sequence[asyncpg.Record],
    numbers: Mapping[int, Sequence[Number]],
) -> Mapping[tuple[int, int], list[Gap]]:
    """Return the open gaps that numbers are in, lowest first, by gateway and epoch."""
    asked = {
        (row["gateway_id"], row["epoch"], number.seq)
        for row in epochs
        for number in numbers[row["gateway_id"]]
        if row["first_seq"] < number.seq < row["last_seq"]
    }
    touched: dict[tuple[int, int], list[Gap]] = defaultdict(list)
    if asked:  # what comes in its order touches none
        columns = map(list, zip(*asked, strict=True))
        for row in await connection.fetch(_TOUCHED, *columns):
            gap = Gap(
                row["first_seq"], row["last_seq"], us_from_datetime(row["opened_at"])
            )
            touched[row["gateway_id"], row["epoch"]].append(gap)
    return touched


def _epoch(row: asyncpg.Record, gaps: Sequence[Gap]) -> Epoch:
    return Epoch(
        epoch=row["epoch"],
        first=row["first_seq"],
        last=row["last_seq"],
        oldest_us=_us(row["first_sent_at"]),
        newest_us=_us(row["last_sent_at"]),
        gaps=tuple(gaps),
        repeated=row["repeated"],
        unlisted=row["unlisted"],
    )


def _at(us: int | None) -> datetime | None:
    return None if us is None else datetime_from_us(us)


def _us(at: datetime | None) -> int | None:
    return None if at is None else us_from_datetime(at)
