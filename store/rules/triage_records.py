"""What triage did, transaction by transaction, for whoever decides it again."""

from store.connection import Connection


async def insert_record(
    connection: Connection, *, after_seq: int, until_seq: int, body: bytes, shard: int
) -> None:
    """Keep what triage did in the transaction that ends with `until_seq`."""
    await connection.execute(
        "INSERT INTO triage_record (shard, after_seq, until_seq, body)"
        " VALUES ($1, $2, $3, $4)",
        shard,
        after_seq,
        until_seq,
        body,
    )


async def records_between(
    connection: Connection, *, first_seq: int, last_seq: int, limit: int, shard: int
) -> list[bytes]:
    """Return the records that tell of any of some entries, oldest first."""
    rows = await connection.fetch(
        "SELECT body FROM triage_record WHERE shard = $1 AND until_seq >= $2"
        " AND after_seq < $3 ORDER BY until_seq LIMIT $4",
        shard,
        first_seq,
        last_seq,
        limit,
    )
    return [row["body"] for row in rows]
