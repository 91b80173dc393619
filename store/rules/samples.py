"""How many samples each version of a rule judged, refused, or was told too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleCount:
    """What became of some samples of one version of a rule.

    Attributes:
        code: The rule.
        version: Its version.
        judged: How many it judged.
        refused: How many it did not: for their quality, or as said twice.
        late: How many were older than what it had judged.
    """

    code: str
    version: int
    judged: int
    refused: int
    late: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRow(SampleCount):
    """What became of all samples of one version of a rule.

    Attributes:
        since_at: Journal time of the first count.
        last_at: Of the last one.
        late_at: Of the last one with a late sample; None if none was.
    """

    since_at: datetime
    last_at: datetime
    late_at: datetime | None


_ADD = """
INSERT INTO rule_samples AS r
    (shard, code, version, judged, refused, late, since_at, last_at, late_at)
SELECT $1, code, version, judged, refused, late, $7::timestamptz, $7::timestamptz,
    CASE WHEN late > 0 THEN $7::timestamptz END
FROM unnest($2::text[], $3::integer[], $4::bigint[], $5::bigint[], $6::bigint[])
    AS n (code, version, judged, refused, late)
ON CONFLICT (shard, code, version) DO UPDATE
SET judged = r.judged + excluded.judged, refused = r.refused + excluded.refused,
    late = r.late + excluded.late, last_at = excluded.last_at,
    late_at = coalesce(excluded.late_at, r.late_at)
"""

_ALL = """
SELECT s.code, s.version, sum(judged)::bigint AS judged,
    sum(refused)::bigint AS refused, sum(late)::bigint AS late,
    min(since_at) AS since_at, max(last_at) AS last_at, max(late_at) AS late_at
FROM rule_samples s JOIN rule r ON r.code = s.code AND r.version = s.version
WHERE r.stage IN ('live', 'shadow') AND ($1 = '' OR s.code = $1)
GROUP BY s.code, s.version ORDER BY s.code COLLATE "C", s.version
"""


async def add_samples(
    connection: Connection,
    counts: Sequence[SampleCount],
    *,
    at: datetime,
    shard: int = 0,
) -> None:
    """Add to what became of samples, in the caller's transaction."""
    if counts:
        await connection.execute(
            _ADD,
            shard,
            [each.code for each in counts],
            [each.version for each in counts],
            [each.judged for each in counts],
            [each.refused for each in counts],
            [each.late for each in counts],
            at,
        )


async def rule_samples(connection: Connection, code: str = "") -> list[SampleRow]:
    """Return what became of the samples of those that judge, or of one rule."""
    return [SampleRow(**row) for row in await connection.fetch(_ALL, code)]
