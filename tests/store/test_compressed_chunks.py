"""Late rows into compressed chunks: our writer against TimescaleDB's community edition.

It is compiled to WebAssembly and runs under Node, one session in memory: enough to run
our migrations and the real writer, never to measure. `make test` fetches it where there
is an npm; elsewhere these tests skip.
"""

import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from store.connection import Connection
from store.edition import Edition, edition_of
from store.journal.body import positions_from, readings_from
from store.journal.entries import Kind, read
from store.migrate import migrate
from store.telemetry.batch import Batch, Writer, Written
from tests.store.rows import NOON, NOON_US, positions, readings
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings

pytestmark = pytest.mark.db

FOLDER = Path(__file__).parent / "community"
DAY_S = 86_400.0
AGO_S = -10 * DAY_S
"""When the late rows of these tests were measured: three days past compression."""

SERIES = range(100, 300)
EACH = 1000
"""Rows of each series; in all more than one statement may decompress."""


@pytest.fixture(scope="module")
def community_port() -> Iterator[int]:
    """Start the community edition; give the port it listens on."""
    node = shutil.which("node")
    if node is None or not (FOLDER / "node_modules").exists():
        pytest.skip("the community edition is not here: it needs npm, then `make test`")
    command = [node, str(FOLDER / "bridge.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        yield int(process.stdout.readline())
        process.stdin.close()


@pytest.fixture
async def community(community_port: int) -> AsyncIterator[Connection]:
    """A connection to its one session: our schema, and nothing in the tables."""
    dsn = f"postgresql://postgres@127.0.0.1:{community_port}/postgres?sslmode=disable"
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    await connection.execute('TRUNCATE reading, "position", journal')
    yield connection
    await connection.close()


def batch(rows: Readings | None = None, fixes: Positions | None = None) -> Batch:
    return Batch(
        Readings.empty() if rows is None else rows,
        Positions.empty() if fixes is None else fixes,
        (),
        NOON,
    )


async def compress(connection: Connection) -> None:
    """Do what the policy does each night: compress chunks over a week old."""
    for table in ("reading", "position"):
        await connection.execute(
            "SELECT compress_chunk(chunk, if_not_compressed => true)"
            " FROM show_chunks($1::regclass, older_than => $2::timestamptz) AS chunk",
            table,
            NOON - timedelta(days=7),
        )


async def fill(connection: Connection) -> None:
    """Store rows of ten days ago, every ten seconds, and compress them."""
    await connection.execute(
        "INSERT INTO reading SELECT s, $1::timestamptz + n * interval '10 s', n, 0, $1"
        " FROM generate_series($2::int, $3::int) s, generate_series(0, $4::int - 1) n",
        NOON + timedelta(seconds=AGO_S),
        SERIES[0],
        SERIES[-1],
        EACH,
    )
    await compress(connection)


async def last_seq(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT coalesce(max(seq), 0) FROM journal"))


async def journaled(connection: Connection, seq: int) -> list[tuple[int, float]]:
    """Return series and value of the readings that are in the journal after `seq`."""
    entries = await read(connection, after=seq, limit=1000)
    told = [
        readings_from(each.body, NOON_US)
        for each in entries
        if each.kind is Kind.READINGS
    ]
    return [
        (int(series), float(value))
        for rows in told
        for series, value in zip(rows.series_id, rows.value, strict=True)
    ]


def counts(written: Written) -> tuple[int, int]:
    return (written.readings_stored, written.readings_repeated)


async def is_fully_compressed(connection: Connection) -> bool:
    """Tell whether no compressed chunk has rows outside its compressed ones."""
    status = await connection.fetch(
        "SELECT c.status FROM _timescaledb_catalog.chunk c"
        " JOIN _timescaledb_catalog.hypertable h ON h.id = c.hypertable_id"
        " WHERE h.table_name IN ('reading', 'position') AND c.status <> 0"
    )
    return [row["status"] for row in status] == [1]


async def test_a_week_later_chunks_are_to_be_compressed(community: Connection) -> None:
    assert await edition_of(community) is Edition.COMMUNITY
    rows = await community.fetch(
        "SELECT hypertable_name, config->>'compress_after' AS after"
        " FROM timescaledb_information.jobs WHERE proc_name LIKE 'policy_compression'"
    )
    after = {row["hypertable_name"]: row["after"] for row in rows}
    assert after == {"reading": "7 days", "position": "7 days"}


async def test_late_rows_enter_a_compressed_chunk_once_and_are_journaled(
    community: Connection,
) -> None:
    await fill(community)
    seq = await last_seq(community)
    late = [(100, AGO_S + 5, 7.5), (101, AGO_S + 15, 8.5)]
    came = [late[0], (100, AGO_S, 0.0), late[0], late[1], (299, AGO_S + 20, 2.0)]
    written = await Writer().write(community, batch(readings(*came)))
    assert counts(written) == (2, 3)
    assert await journaled(community, seq) == [(100, 7.5), (101, 8.5)]
    rows = await community.fetch(
        "SELECT series_id, value, quality FROM reading WHERE value IN (7.5, 8.5)"
    )
    late_flag = int(Quality.LATE)
    assert sorted(map(tuple, rows)) == [(100, 7.5, late_flag), (101, 8.5, late_flag)]
    assert await total(community) == len(SERIES) * EACH + 2


async def total(connection: Connection) -> int:
    return int(await connection.fetchval("SELECT count(*) FROM reading"))


async def test_what_came_late_is_known_again_after_it_was_compressed_too(
    community: Connection,
) -> None:
    await fill(community)
    late = batch(readings((100, AGO_S + 5, 7.5), (101, AGO_S + 15, 8.5)))
    assert counts(await Writer().write(community, late)) == (2, 0)
    await community.execute("SELECT compress_chunk(show_chunks('reading'))")
    assert await is_fully_compressed(community)
    seq = await last_seq(community)
    assert counts(await Writer().write(community, late)) == (0, 2)
    assert await last_seq(community) == seq
    assert await total(community) == len(SERIES) * EACH + 2


async def test_a_whole_batch_that_was_stored_before_is_left_out(
    community: Connection,
) -> None:
    # More rows lie in the chunk than one statement may decompress: an UPDATE of all of
    # it is refused, and would be tried again for ever.
    await fill(community)
    again = [(s, AGO_S + 10 * n, n) for s in SERIES for n in (0, 500, EACH - 1)]
    writer = Writer()
    for _ in range(7):  # from the sixth on, the plan is the generic one
        written = await writer.write(community, batch(readings(*again)))
        assert counts(written) == (0, 600)
    assert await total(community) == len(SERIES) * EACH


async def test_a_series_nobody_knew_is_copied_straight_into_a_compressed_chunk(
    community: Connection,
) -> None:
    await fill(community)
    new = readings(*((s, AGO_S + 1, 1.0) for s in range(500, 520)))
    assert counts(await Writer().write(community, batch(new))) == (20, 0)
    assert counts(await Writer().write(community, batch(new))) == (0, 20)


async def test_a_worker_that_knows_too_little_meets_compressed_rows_and_tries_again(
    community: Connection,
) -> None:
    behind, ahead = Writer(), Writer()
    first = batch(readings((1, AGO_S, 1.0)))
    assert counts(await behind.write(community, first)) == (1, 0)
    more = batch(readings((1, AGO_S + 1, 2.0), (1, AGO_S + 2, 3.0)))
    assert counts(await ahead.write(community, more)) == (2, 0)
    await compress(community)
    both = batch(readings((1, AGO_S + 2, 3.0), (1, AGO_S + 3, 4.0)))
    assert counts(await behind.write(community, both)) == (1, 1)


async def test_recent_rows_from_the_future_come_true_beside_compressed_ones(
    community: Connection,
) -> None:
    await fill(community)
    early = readings((100, -60, 1.0), quality=Quality.FUTURE)
    writer = Writer()
    assert counts(await writer.write(community, batch(early))) == (1, 0)
    came = batch(readings((100, -60, 2.0)))
    for n in range(7):  # from the sixth on, the plan is the generic one
        assert counts(await writer.write(community, came)) == (int(n == 0), int(n > 0))
    query = "SELECT value FROM reading WHERE measured_at > $1"
    assert await community.fetchval(query, NOON - timedelta(hours=1)) == 2
    assert await is_fully_compressed(community)


def fixes(*rows: tuple[int, float, float, float]) -> Batch:
    return batch(fixes=positions(*rows))


async def test_late_fixes_enter_a_compressed_chunk_once(community: Connection) -> None:
    stored: Sequence[tuple[int, float, float, float]] = [
        (1, AGO_S + n, 111.0, 35.0) for n in range(100)
    ]
    await Writer().write(community, fixes(*stored))
    await compress(community)
    seq = await last_seq(community)
    # Another place at the same second is another fix.
    late = [(1, AGO_S + 0.5, 111.0, 35.0), (1, AGO_S + 7, 111.1, 35.0)]
    written = await Writer().write(community, fixes(*stored, *late, late[0]))
    assert (written.positions_stored, written.positions_repeated) == (2, 101)
    (entry,) = await read(community, after=seq, limit=10)
    assert len(positions_from(entry.body, NOON_US)) == 2
    assert await community.fetchval('SELECT count(*) FROM "position"') == 102
