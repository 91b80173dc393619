"""Gateways as the API lists them: what each one numbers, and what of it is missing."""

from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRow:
    """One gateway with the account of its messages.

    Attributes:
        id: `gateway.id`.
        code: Its name for people.
        transport: How it speaks.
        name_zh: 中文名称.
        name_en: Its name.
        simulated: Whether it is a simulator.
        devices: How many devices it speaks for.
        epoch: Which run of its counter; None if it never numbered a message.
        first_seq: Lowest number heard in this run.
        last_seq: Highest number heard in this run.
        heard_at: When its last numbered message came.
        gaps_open: Gaps that are open, in all of its runs.
        missing: Messages missing in all of its runs; None if it numbers none.
        repeated: Messages that came again.
    """

    id: int
    code: str
    transport: str
    name_zh: str
    name_en: str
    simulated: bool
    devices: int
    epoch: int | None
    first_seq: int | None
    last_seq: int | None
    heard_at: datetime | None
    gaps_open: int | None
    missing: int | None
    repeated: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRow:
    """One run of a gateway's counter, from one start to the next.

    Attributes:
        epoch: Which run, from 1.
        first_seq: Lowest number heard; what was before it is not known.
        last_seq: Highest number heard.
        first_sent_at: When its first message was made, by the gateway's clock.
        last_sent_at: When its last message was made, by the gateway's clock.
        began_at: When we heard its first message.
        heard_at: When we heard its last message.
        missing: Numbers in between that did not come.
        unlisted: Of these, how many in gaps too many to be listed.
        repeated: Messages that came again.
    """

    epoch: int
    first_seq: int
    last_seq: int
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    began_at: datetime
    heard_at: datetime
    missing: int
    unlisted: int
    repeated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRow:
    """Numbers of one gateway that were left out.

    Attributes:
        id: `sequence_gap.id`.
        epoch: In which run of its counter.
        first_seq: The lowest of them.
        last_seq: The highest of them.
        messages: How many.
        opened_at: When a higher number came.
        closed_at: When they came after all; None while they are missing.
    """

    id: int
    epoch: int
    first_seq: int
    last_seq: int
    messages: int
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Missing:
    """What is missing of one gateway's messages, for a gauge.

    Attributes:
        gateway: Its code.
        gaps_open: Open gaps.
        missing: Messages in them, and in those too many to be listed.
    """

    gateway: str
    gaps_open: int
    missing: int


_ACCOUNT = """
    SELECT e.gateway_id, sum(e.repeated)::bigint AS repeated,
        coalesce(sum(g.gaps), 0)::bigint AS gaps_open,
        (coalesce(sum(g.missing), 0) + sum(e.unlisted))::bigint AS missing
    FROM sequence_epoch e
    LEFT JOIN (
        SELECT gateway_id, epoch, count(*) AS gaps,
            sum(last_seq - first_seq + 1) AS missing
        FROM sequence_gap WHERE closed_at IS NULL GROUP BY gateway_id, epoch
    ) AS g USING (gateway_id, epoch)
    GROUP BY e.gateway_id
"""

_GATEWAYS = f"""
WITH account AS ({_ACCOUNT})
SELECT g.id, g.code, g.transport, g.name_zh, g.name_en, g.simulated,
    (SELECT count(*) FROM device d WHERE d.gateway_id = g.id AND retired_at IS NULL)
        AS devices,
    e.epoch, e.first_seq, e.last_seq, e.heard_at, a.gaps_open, a.missing, a.repeated
FROM gateway g
LEFT JOIN account a ON a.gateway_id = g.id
LEFT JOIN LATERAL (
    SELECT * FROM sequence_epoch s WHERE s.gateway_id = g.id ORDER BY epoch DESC LIMIT 1
) AS e ON true
WHERE g.code > $1
  AND ($2::text IS NULL OR g.code = $2)
  AND ($3::boolean IS NULL OR (a.missing > 0) = $3)
ORDER BY g.code
LIMIT $4
"""  # noqa: S608 - put together from constants of this file only

_EPOCHS = """
SELECT epoch, first_seq, last_seq, first_sent_at, last_sent_at, began_at, heard_at,
    (unlisted + coalesce((
        SELECT sum(g.last_seq - g.first_seq + 1) FROM sequence_gap g
        WHERE g.gateway_id = e.gateway_id AND g.epoch = e.epoch AND closed_at IS NULL
    ), 0))::bigint AS missing, unlisted, repeated
FROM sequence_epoch e WHERE gateway_id = $1 ORDER BY epoch DESC LIMIT $2
"""

_GAPS = """
SELECT id, epoch, first_seq, last_seq, last_seq - first_seq + 1 AS messages, opened_at,
    closed_at
FROM sequence_gap
WHERE gateway_id = $1
  AND ($2::boolean IS NULL OR (closed_at IS NULL) = $2)
  AND ($3::bigint IS NULL OR id < $3)
ORDER BY id DESC LIMIT $4
"""

_MISSING = f"""
WITH account AS ({_ACCOUNT})
SELECT g.code, a.gaps_open, a.missing
FROM account a JOIN gateway g ON g.id = a.gateway_id ORDER BY g.code
"""  # noqa: S608 - put together from constants of this file only


async def gateways(
    connection: Connection,
    *,
    code: str | None = None,
    has_missing: bool | None = None,
    after: str = "",
    limit: int = 100,
) -> list[GatewayRow]:
    """Return gateways in the order of their codes.

    Args:
        connection: Any.
        code: Only this one.
        has_missing: Only those of whose messages some are missing, or none; those
            that number none are neither.
        after: Only those after this code.
        limit: Most rows.
    """
    rows = await connection.fetch(_GATEWAYS, after, code, has_missing, limit)
    return [GatewayRow(**row) for row in rows]


async def epochs(
    connection: Connection, gateway_id: int, *, limit: int
) -> list[EpochRow]:
    """Return the runs of a gateway's counter, the newest first."""
    rows = await connection.fetch(_EPOCHS, gateway_id, limit)
    return [EpochRow(**row) for row in rows]


async def gaps(
    connection: Connection,
    gateway_id: int,
    *,
    is_open: bool | None,
    before: int | None,
    limit: int | None,
) -> list[GapRow]:
    """Return gaps in a gateway's messages, the newest first.

    Args:
        connection: Any.
        gateway_id: Whose.
        is_open: Only open ones, or only closed ones.
        before: Only rows with a lower id: the last one of the page before.
        limit: Most rows; None for all.
    """
    rows = await connection.fetch(_GAPS, gateway_id, is_open, before, limit)
    return [GapRow(**row) for row in rows]


async def missing(connection: Connection) -> list[Missing]:
    """Return what is missing of every gateway that numbers its messages."""
    return [Missing(*row) for row in await connection.fetch(_MISSING)]
