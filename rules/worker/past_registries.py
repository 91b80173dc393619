"""The registry by which the worker places cases, written down when it takes it."""

from datetime import datetime

from devices.registry.snapshot import Snapshot
from devices.registry.written import registry_pieces
from store.connection import Connection
from store.registry.sources import RegistryMark, keep_registry, last_registry


async def keep_town(
    connection: Connection,
    snapshot: Snapshot,
    *,
    from_seq: int,
    at: datetime,
    shard: int,
) -> None:
    """Write down that cases are placed by a registry, if that is not known yet.

    Args:
        connection: In the transaction that takes it.
        snapshot: The registry.
        from_seq: The first entry whose hits are placed by it.
        at: Journal time.
        shard: Which journal.
    """
    if await last_registry(connection, from_seq, shard=shard) == snapshot.version:
        return
    mark = RegistryMark(from_seq=from_seq, at=at, version=snapshot.version)
    async with connection.transaction():
        await keep_registry(connection, mark, registry_pieces(snapshot), shard=shard)
