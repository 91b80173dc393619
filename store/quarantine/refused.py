"""What could not be taken in: its reason, its octets, and how often it came.

What the registry can cure is kept message by message as well, for when it is cured.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection
from store.text import storable
from vocabulary.refusal import Reason, Refusal

MOST_OCTETS = 65536
"""Longest message kept whole; the digest is always of all of it."""

SAME_WHATEVER_IT_SAYS = frozenset(
    {
        Reason.UNKNOWN_DEVICE,
        Reason.UNKNOWN_IDENTITY,
        Reason.OTHER_GATEWAYS_DEVICE,
        Reason.CLONED_IDENTITY,
        Reason.UNKNOWN_QUANTITY,
        Reason.IMPOSSIBLE_TIME,
        Reason.UNKNOWN_MESSAGE,
    }
)
"""Reasons whose cause is the device, not the message: one row a device, not one a
message, or an unregistered device would fill the table with its readings."""

CURABLE = frozenset(
    {
        Reason.UNKNOWN_DEVICE,
        Reason.OTHER_GATEWAYS_DEVICE,
        Reason.UNKNOWN_QUANTITY,
        Reason.IMPOSSIBLE_TIME,
        Reason.CLONED_IDENTITY,
    }
)
"""Reasons that end when somebody registers the device or the quantity, or that our own
judgement of a clock or of a name may have been wrong about."""

MOST_MESSAGES = 1_000
"""Messages kept of one row whose reason is curable; a newer one replaces the oldest."""

_UPSERT = """
INSERT INTO quarantine AS kept (
    digest, reason, detail, transport, gateway, identity, peer, octets, topic,
    first_seen, last_seen, count)
SELECT * FROM unnest(
    $1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::bytea[], $9::text[], $10::timestamptz[], $11::timestamptz[], $12::bigint[])
ON CONFLICT (digest) DO UPDATE SET
    count = kept.count + excluded.count,
    first_seen = least(kept.first_seen, excluded.first_seen),
    last_seen = greatest(kept.last_seen, excluded.last_seen),
    detail = excluded.detail, peer = excluded.peer, octets = excluded.octets,
    topic = excluded.topic
RETURNING id, digest, count
"""

_KEEP = """
INSERT INTO quarantine_message (quarantine_id, slot, ordinal, received_at, octets)
SELECT * FROM unnest($1::bigint[], $2::integer[], $3::bigint[], $4::timestamptz[],
                     $5::bytea[])
ON CONFLICT (quarantine_id, slot) DO UPDATE SET
    ordinal = excluded.ordinal, received_at = excluded.received_at,
    octets = excluded.octets
"""

_LIST = """
SELECT id, reason, detail, transport, gateway, identity, peer, octets, topic,
       first_seen, last_seen, count, retry_requested_at, retried_at
FROM quarantine
WHERE ($1::text IS NULL OR reason = $1)
  AND ($2::text IS NULL OR gateway = $2)
  AND ($3::bigint IS NULL OR id < $3)
ORDER BY id DESC
LIMIT $4
"""

_SHOW = """
SELECT id, reason, detail, transport, gateway, identity, peer, octets, topic,
       first_seen, last_seen, count, retry_requested_at, retried_at
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
        topic: Where it was published, if it is a whole MQTT payload; empty otherwise.
        first_seen: When it first came.
        last_seen: When it last came.
        count: How often it came.
        retry_requested_at: When somebody asked to try again; None if nobody waits.
        retried_at: When it was last tried again, in vain.
    """

    id: int
    reason: str
    detail: str
    transport: str
    gateway: str
    identity: str
    peer: str
    octets: bytes
    topic: str
    first_seen: datetime
    last_seen: datetime
    count: int
    retry_requested_at: datetime | None
    retried_at: datetime | None


@dataclass(frozen=True, slots=True)
class Came:
    """A refusal, and when and how often it came.

    Attributes:
        refusal: What was refused.
        first_seen: When it first came.
        last_seen: When it last came.
        count: How often it came.
    """

    refusal: Refusal
    first_seen: datetime
    last_seen: datetime
    count: int = 1


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
        at: When those came that do not say.
    """
    times = [refusal.received_at or at for refusal in refusals]
    await keep(
        connection, [Came(r, t, t) for r, t in zip(refusals, times, strict=True)]
    )


async def keep(connection: Connection, came: Sequence[Came]) -> list[int]:
    """Keep what was refused, in the caller's transaction.

    Args:
        connection: In a transaction.
        came: In the order it came; equal refusals become one row that counts.

    Returns:
        The rows' ids.
    """
    if not came:
        return []
    groups: dict[bytes, list[Came]] = defaultdict(list)
    for each in came:
        groups[digest_of(each.refusal)].append(each)
    digests = sorted(groups)  # two writers take rows in one order, or they may deadlock
    last = [groups[digest][-1].refusal for digest in digests]
    rows = await connection.fetch(
        _UPSERT,
        digests,
        [refusal.reason.value for refusal in last],
        [storable(refusal.detail) for refusal in last],
        [storable(refusal.transport) for refusal in last],
        [storable(refusal.gateway) for refusal in last],
        [storable(refusal.identity) for refusal in last],
        [storable(refusal.peer) for refusal in last],
        [refusal.octets[:MOST_OCTETS] for refusal in last],
        [storable(refusal.topic) for refusal in last],
        [min(each.first_seen for each in groups[digest]) for digest in digests],
        [max(each.last_seen for each in groups[digest]) for digest in digests],
        [sum(each.count for each in groups[digest]) for digest in digests],
    )
    kept = [
        (row["id"], *message)
        for row in rows
        for message in _messages(groups[row["digest"]], row["count"])
    ]
    # At once: a megabyte may name ten thousand devices that nobody registered.
    if kept:
        ids, slots, ordinals, times, octets = zip(*kept, strict=True)
        await connection.execute(_KEEP, ids, slots, ordinals, times, octets)
    return [row["id"] for row in rows]


def _messages(
    came: Sequence[Came], count: int
) -> list[tuple[int, int, datetime, bytes]]:
    """Return the messages to keep of one row, if its reason is curable.

    Args:
        came: What makes the row, in the order it came.
        count: How often all of it came, before and now.

    Returns:
        Slot, ordinal, time and octets of each.
    """
    if came[0].refusal.reason not in CURABLE:
        return []
    ring: dict[int, tuple[int, Came]] = {}
    ordinal = count - sum(each.count for each in came)
    for each in came:
        ordinal += each.count
        ring[ordinal % MOST_MESSAGES] = (ordinal, each)
    return [
        (slot, ordinal, each.last_seen, each.refusal.octets[:MOST_OCTETS])
        for slot, (ordinal, each) in ring.items()
    ]


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
