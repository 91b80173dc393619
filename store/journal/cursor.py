"""How far each consumer of the journal has got, and its state at some entry before.

A consumer moves its cursor in the transaction that holds its output, so that each entry
counts exactly once, whatever is killed and when.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from store.connection import Connection

RULES = "rules"
"""The consumer that judges."""

_MOVE = """
INSERT INTO cursor (consumer, shard, seq) VALUES ($1, $2, $3)
ON CONFLICT (consumer, shard) DO UPDATE SET seq = excluded.seq
"""

_SAVE = """
INSERT INTO checkpoint (consumer, shard, seq, key, state) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (consumer, shard)
DO UPDATE SET seq = excluded.seq, key = excluded.key, state = excluded.state
"""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A consumer's whole state after one entry.

    Attributes:
        seq: The entry.
        key: What the state depends on beside the journal; another key, another state.
        state: As the consumer wrote it.
    """

    seq: int
    key: str
    state: bytes


async def cursor_of(connection: Connection, consumer: str, *, shard: int = 0) -> int:
    """Return the number of the last entry `consumer` is done with; 0 at the start."""
    seq = await connection.fetchval(
        "SELECT seq FROM cursor WHERE consumer = $1 AND shard = $2", consumer, shard
    )
    return 0 if seq is None else int(seq)


async def move_cursor(
    connection: Connection, consumer: str, seq: int, *, shard: int = 0
) -> None:
    """Note, in the caller's transaction, that `consumer` is done up to `seq`."""
    await connection.execute(_MOVE, consumer, shard, seq)


async def checkpoint_of(
    connection: Connection, consumer: str, *, shard: int = 0
) -> Checkpoint | None:
    """Return the state that `consumer` saved last, if any."""
    row = await connection.fetchrow(
        "SELECT seq, key, state FROM checkpoint WHERE consumer = $1 AND shard = $2",
        consumer,
        shard,
    )
    return None if row is None else Checkpoint(row["seq"], row["key"], row["state"])


async def save_checkpoint(
    connection: Connection,
    consumer: str,
    seq: int,
    key: str,
    state: bytes,
    *,
    shard: int = 0,
) -> None:
    """Save the state of `consumer` after entry `seq`, in place of its last one."""
    await connection.execute(_SAVE, consumer, shard, seq, key, state)


async def forget_checkpoints(
    connection: Connection, consumers: Sequence[str], *, shard: int = 0
) -> None:
    """Throw away what consumers saved: they make their state again."""
    await connection.execute(
        "DELETE FROM checkpoint WHERE consumer = ANY($1) AND shard = $2",
        list(consumers),
        shard,
    )
