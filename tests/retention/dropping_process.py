"""The job as a process of its own, to be killed amid a drop by the tests.

It says that it is in the transaction that drops, and then stands still in it.
"""

import asyncio
import sys

import asyncpg

from store.retention.drop import delete_entries, drop_journal_chunk, dropping
from store.retention.state import note_dropped
from tests.store.rows import NOON


async def main(dsn: str, keep_seq: int) -> None:
    """Drop, and never commit."""
    connection = await asyncpg.connect(dsn)
    async with dropping(connection):
        if not await _drop(connection, keep_seq):
            raise AssertionError("there is nothing to drop")
        await note_dropped(connection, "journal", at=NOON, chunks=1)
        sys.stdout.write("dropped\n")
        sys.stdout.flush()
        while True:
            # Awake, so that the server does not hang up on it by itself.
            await connection.execute("SELECT 1")


async def _drop(connection: asyncpg.Connection, keep_seq: int) -> bool:
    if await connection.fetchval(
        "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')"
    ):
        return await drop_journal_chunk(connection, keep_seq)
    return await delete_entries(connection, keep_seq, shard=0) > 0


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
