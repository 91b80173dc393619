"""What could not be taken in: its reason, its octets, and how often it came."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from vocabulary.refusal import Reason, Refusal

MOST_OCTETS = 65536
"""Longest message kept whole; the digest is always of all of it."""

SAME_WHATEVER_IT_SAYS = frozenset(
    {
        Reason.UNKNOWN_DEVICE,
        Reason.UNKNOWN_IDENTITY,
        Reason.OTHER_GATEWAYS_DEVICE,
        Reason.UNKNOWN_QUANTITY,
        Reason.IMPOSSIBLE_TIME,
        Reason.UNKNOWN_MESSAGE,
    }
)
"""Reasons whose cause is the device, not the message: one row a device, not one a
message, or an unregistered device would fill the table with its readings."""

_UPSERT = """
INSERT INTO quarantine AS kept (
    digest, reason, detail, transport, gateway, identity, peer, octets,
    first_seen, last_seen, count)
SELECT digest, reason, detail, transport, gateway, identity, peer, octets, $9, $9, count
FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::bytea[], $10::bigint[])
    AS came (digest, reason, detail, transport, gateway, identity, peer, octets, count)
ON CONFLICT (digest) DO UPDATE SET
    count = kept.count + excluded.count, last_seen = excluded.last_seen,
    detail = excluded.detail, peer = excluded.peer, octets = excluded.octets
"""

_LIST = """
SELECT id, reason, detail, transport, gateway, identity, peer, octets, first_seen,
       last_seen, count
FROM quarantine
WHERE ($1::text IS NULL OR reason = $1)
  AND ($2::text IS NULL OR gateway = $2)
  AND ($3::bigint IS NULL OR id < $3)
ORDER BY id DESC
LIMIT $4
"""

_SHOW = """
SELECT id, reason, detail, transport, gateway, identity, peer, octets, first_seen,
       last_seen, count
FROM quarantine WHERE id = $1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    """One row of the quarantine.

    Attributes:
        id: Its number.
        reason: Why, as a word.
        detail: What was wrong, for people, as it was the last time.
        transport: How it came.
        gateway: The gateway it came through; empty if unknown.
        identity: The device it claims to be; empty if unknown.
        peer: Address of the other side, the last time.
        octets: What came, the last time; at most `MOST_OCTETS` of it.
        first_seen: When it first came.
        last_seen: When it last came.
        count: How often it came.
    """

    id: int
    reason: str
    detail: str
    transport: str
    gateway: str
    identity: str
    peer: str
    octets: bytes
    first_seen: datetime
    last_seen: datetime
    count: int


def digest_of(refusal: Refusal) -> bytes:
    """Return what makes two refusals the same row."""
    subject = refusal.octets
    if refusal.reason is Reason.UNKNOWN_QUANTITY:
        subject = refusal.detail.encode(errors="replace")  # it names the quantity
    elif refusal.reason in SAME_WHATEVER_IT_SAYS:
        subject = b""
    words = (refusal.reason, refusal.transport, refusal.gateway, refusal.identity)
    digest = hashlib.sha256("\0".join(words).encode(errors="replace"))
    digest.update(b"\0" + subject)
    return digest.digest()


async def quarantine(
    connection: Connection, refusals: Sequence[Refusal], *, at: datetime
) -> None:
    """Keep what was refused, in the caller's transaction.

    Args:
        connection: In a transaction.
        refusals: In any number; equal ones become one row that counts.
        at: When they came.
    """
    if not refusals:
        return
    digests = [digest_of(refusal) for refusal in refusals]
    count = Counter(digests)
    last = dict(zip(digests, refusals, strict=True))
    kept = sorted(last)  # two writers take the rows in one order, or they may deadlock
    rows = [last[digest] for digest in kept]
    await connection.execute(
        _UPSERT,
        kept,
        [row.reason.value for row in rows],
        [_text(row.detail) for row in rows],
        [_text(row.transport) for row in rows],
        [_text(row.gateway) for row in rows],
        [_text(row.identity) for row in rows],
        [_text(row.peer) for row in rows],
        [row.octets[:MOST_OCTETS] for row in rows],
        at,
        [count[digest] for digest in kept],
    )


async def quarantined(
    connection: Connection,
    *,
    reason: str | None = None,
    gateway: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Quarantined]:
    """Return what was refused, newest first.

    Args:
        connection: Any.
        reason: Only this one.
        gateway: Only what came through this one.
        before: Only rows with a lower number: the last one of the page before.
        limit: Most rows.
    """
    rows = await connection.fetch(_LIST, reason, gateway, before, limit)
    return [Quarantined(**row) for row in rows]


async def quarantined_by_id(connection: Connection, row_id: int) -> Quarantined | None:
    """Return one row, if it is there."""
    row = await connection.fetchrow(_SHOW, row_id)
    return None if row is None else Quarantined(**row)


def _text(text: str) -> str:
    """Return `text` as PostgreSQL can keep it: no NUL, no lone surrogate."""
    return (
        text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        .encode(errors="replace")
        .decode()
    )
