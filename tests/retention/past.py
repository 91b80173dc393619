"""A journal that has grown old, in small chunks where there are any."""

from datetime import datetime, timedelta

from rules.retention.job import run_once
from rules.retention.policy import Policy
from store.connection import Connection
from store.edition import Edition, edition_of
from tests.store.rows import NOON

CHUNK_ENTRIES = 100
DAY = timedelta(days=1)
AT_ONCE = timedelta(days=36_500)
"""So much real time that the clock has no reason to brake."""

_TICKS = """
INSERT INTO journal (shard, seq, received_at, kind, row_count, body)
SELECT $1, h.seq + n, $2::timestamptz + (n - 1) * $3::interval, 3, 0, ''
FROM journal_head h, generate_series(1, $4::integer) AS n WHERE h.shard = $1
"""
_HEAD = """
UPDATE journal_head SET seq = j.seq, received_at = j.received_at FROM (
    SELECT seq, received_at FROM journal WHERE shard = $1 ORDER BY seq DESC LIMIT 1
) AS j WHERE shard = $1
"""


async def in_small_chunks(connection: Connection) -> bool:
    """Let chunks of the journal be small; tell whether there are any."""
    if await edition_of(connection) is Edition.PLAIN:
        return False
    query = "SELECT set_chunk_time_interval('journal', $1::bigint)"
    await connection.execute(query, CHUNK_ENTRIES)
    return True


async def pass_time(
    connection: Connection,
    since: datetime,
    *,
    entries: int,
    step: timedelta,
    shard: int = 0,
) -> datetime:
    """Let a journal tick on; return the time of its last entry."""
    async with connection.transaction():
        await connection.execute(_TICKS, shard, since, step, entries)
        await connection.execute(_HEAD, shard)
    return since + (entries - 1) * step


async def two_weeks_and_more(connection: Connection) -> bool:
    """Make 1,000 entries over 20 days; tell whether there are chunks."""
    has_chunks = await in_small_chunks(connection)
    await pass_time(connection, NOON, entries=1001, step=20 * DAY / 1000)
    return has_chunks


async def run(
    connection: Connection, words: str = "", *, elapsed: timedelta = AT_ONCE
) -> bool:
    """Run the job once; so much real time has passed since the last."""
    policy = Policy.from_text(words)
    return await run_once(connection, policy, elapsed=elapsed, ran_at=NOON)


async def oldest(connection: Connection, *, shard: int = 0) -> int:
    """Return the oldest entry."""
    found: int = await connection.fetchval(
        "SELECT min(seq) FROM journal WHERE shard = $1", shard
    )
    return found


async def count(connection: Connection, table: str) -> int:
    """Return how many rows a table has."""
    found: int = await connection.fetchval(f'SELECT count(*) FROM "{table}"')  # noqa: S608 our own words
    return found
