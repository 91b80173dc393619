import asyncio

import asyncpg
import pytest

from gezhi.stack.postgres import Cluster
from store.journal.cursor import cursor_of
from store.journal.entries import Kind, append, head, read
from store.migrate import migrate
from store.telemetry.batch import Batch, Writer
from store.telemetry.latest import CONSUMER, fold_entries, fold_latest
from tests.store.rows import NOON, positions, readings
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings

pytestmark = pytest.mark.db


async def write(
    connection: asyncpg.Connection, rows: Readings, fixes: Positions | None = None
) -> None:
    fixes = Positions.empty() if fixes is None else fixes
    await Writer().write(connection, Batch(rows, fixes, [], NOON))


async def fold_all(connection: asyncpg.Connection) -> None:
    done = await cursor_of(connection, CONSUMER)
    await fold_entries(connection, await read(connection, after=done, limit=1000))


async def latest(connection: asyncpg.Connection) -> dict[int, float]:
    rows = await connection.fetch("SELECT series_id, value FROM last_reading")
    return dict(map(tuple, rows))


@pytest.fixture
async def connection(database_url: str) -> asyncpg.Connection:
    return await asyncpg.connect(database_url)


async def test_the_newest_of_each_series_is_the_latest(
    connection: asyncpg.Connection,
) -> None:
    await write(connection, readings((1, 0, 1.0), (2, 9, 2.0), (1, 5, 3.0)))
    await write(connection, readings((1, 4, 4.0), (3, 0, 5.0)))
    await fold_all(connection)
    assert await latest(connection) == {1: 3.0, 2: 2.0, 3: 5.0}


async def test_an_entry_that_cannot_be_read_is_passed_over(
    connection: asyncpg.Connection,
) -> None:
    for kind in (Kind.READINGS, Kind.POSITIONS):
        await append(connection, kind, b"of a later release", at=NOON)
    await write(connection, readings((1, 0, 1.0)))
    await fold_all(connection)
    assert await latest(connection) == {1: 1.0}


async def test_nothing_older_replaces_newer_in_a_later_fold(
    connection: asyncpg.Connection,
) -> None:
    for rows in (readings((1, 5, 1.0)), readings((1, 4, 2.0)), readings((1, 6, 3.0))):
        await write(connection, rows)
        await fold_all(connection)
    assert await latest(connection) == {1: 3.0}
    await write(connection, readings((1, 5.5, 4.0)))
    await fold_all(connection)
    assert await latest(connection) == {1: 3.0}


async def test_a_sample_from_the_future_never_becomes_the_latest(
    connection: asyncpg.Connection,
) -> None:
    await write(connection, readings((1, 0, 1.0)), positions((1, 0, 111, 35)))
    ahead = readings((1, 100, 2.0), quality=Quality.FUTURE)
    await write(connection, ahead, positions((1, 99, 112, 36), quality=Quality.FUTURE))
    # Not flagged by whoever wrote it, but more than five minutes ahead.
    await write(connection, readings((1, 301, 3.0)), positions((1, 301, 113, 37)))
    await fold_all(connection)
    assert await latest(connection) == {1: 1.0}
    assert (
        await connection.fetchval("SELECT lon_e7 FROM last_position") == 1_110_000_000
    )


async def test_the_fold_goes_on_over_a_restart_of_the_database(
    own_cluster: Cluster,
) -> None:
    dsn = own_cluster.dsn()
    await migrate(dsn)
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        folding = [tasks.create_task(fold_latest(dsn)) for _ in range(2)]
        await until_folded(dsn, readings((1, 0, 1.0)))
        await own_cluster.stop()
        await own_cluster.start()
        await until_folded(dsn, readings((1, 1, 2.0)))
        for task in folding:
            task.cancel()


async def until_folded(dsn: str, rows: Readings) -> None:
    """Write rows and wait until the cursor has passed them."""
    connection = await asyncpg.connect(dsn)
    await write(connection, rows)
    await append(connection, Kind.TICK, b"", at=NOON)
    newest = await head(connection)
    while await cursor_of(connection, CONSUMER) < newest:  # noqa: ASYNC110 - a row
        await asyncio.sleep(0.02)
    assert (await latest(connection))[1] == rows.value[-1]
    await connection.close()
