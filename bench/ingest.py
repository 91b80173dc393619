"""Messages a second from a publisher's socket to committed rows, beside raw COPY.

    python -m bench.ingest [rounds]

Publisher, broker, ingest process and database share this machine. Each round runs every
shape and the raw COPY of as many rows once, so that they meet the same minutes; medians
are shown. QoS 1, acknowledged after the commit, with journal, identity and quality.
"""

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import numpy as np

from bench.shapes import QUANTITIES, SHAPES, Shape
from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from gezhi.stack.home import open_home
from gezhi.stack.postgres import Cluster
from store.journal.entries import Kind
from store.migrate import migrate
from store.telemetry.copy_binary import copy_columns, reading_columns
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US

GATEWAY = "BENCH"

COPY_ROWS = 5000
"""Rows a COPY, as in the intake's batches."""

ROUND_S = 3 * 3600
"""Each round's readings lie this much after those of the round before."""

RAW_TABLE = """
CREATE TABLE raw_reading (LIKE reading INCLUDING ALL);
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        PERFORM create_hypertable('raw_reading', 'measured_at',
            chunk_time_interval => interval '1 day', create_default_indexes => false);
    END IF;
END $$
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One measurement.

    Attributes:
        seconds: From the first octet to the last row committed.
        cpu_s: The ingest process's share of a core, seconds.
    """

    seconds: float
    cpu_s: float


async def register(dsn: str) -> None:
    """Register one gateway with all devices of the shapes."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        """
        WITH kind AS (
            INSERT INTO profile (code, kind, name_zh, name_en, quantities,
                expected_interval_s) VALUES ('bench', 'cover', '-', '-', $2, 10)
            RETURNING id
        ), below AS (
            INSERT INTO gateway (code, transport, name_zh, name_en)
            VALUES ($1, 'mqtt', '-', '-') RETURNING id
        ), made AS (
            INSERT INTO device (code, profile_id, gateway_id, address)
            SELECT code, kind.id, below.id, code FROM kind, below, (
                SELECT 'D-' || lpad(n::text, 4, '0') AS code
                FROM generate_series(0, $3) AS n
            ) AS devices RETURNING id
        )
        INSERT INTO series (device_id, quantity)
        SELECT made.id, quantity FROM made, unnest($2::text[]) AS quantity
        """,
        GATEWAY,
        list(QUANTITIES),
        max(shape.devices for shape in SHAPES.values()) - 1,
    )
    await connection.execute("UPDATE registry_version SET version = version + 1")
    await connection.execute(RAW_TABLE)
    await connection.close()


@asynccontextmanager
async def ingest(dsn: str, broker: Broker) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the ingest process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.ingest_worker", dsn, broker.ingest_url, "bench"
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()


async def until_subscribed(connection: asyncpg.Connection) -> None:
    """Wait until the ingest process hears what gateways publish."""
    query = "SELECT count(*) FROM journal WHERE position('mqtt'::bytea IN body) > 0"
    while not await connection.fetchval(query):  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.01)


async def stored_rows(connection: asyncpg.Connection) -> int:
    """Return how many readings the journal says are stored."""
    query = "SELECT coalesce(sum(row_count), 0) FROM journal WHERE kind = $1"
    return int(await connection.fetchval(query, Kind.READINGS))


async def end_to_end(
    connection: asyncpg.Connection, broker: Broker, pid: int, name: str, second: int
) -> Run:
    """Publish one shape and wait until all of it is stored."""
    before = await stored_rows(connection)
    publisher = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.raw_publisher",
        broker.url(GATEWAY),
        GATEWAY,
        name,
        str(second),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if publisher.stdin is None or publisher.stdout is None:
        raise AssertionError
    await publisher.stdout.readline()
    cpu_s, started_s = cpu_seconds(pid), time.perf_counter()
    publisher.stdin.write(b"\n")
    while await stored_rows(connection) - before < SHAPES[name].rows:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    run = Run(time.perf_counter() - started_s, cpu_seconds(pid) - cpu_s)
    await publisher.wait()
    return run


async def raw_copy(connection: asyncpg.Connection, shape: Shape, second: int) -> Run:
    """Copy as many rows of the same series and times, COPY_ROWS a commit."""
    row = np.arange(shape.rows)
    series = shape.devices * shape.values_a_device
    times_us = (second + row // series) * SECOND_US
    started_s, cpu_s = time.perf_counter(), time.process_time()
    for first in range(0, shape.rows, COPY_ROWS):
        part = slice(first, first + COPY_ROWS)
        readings = Readings(
            series_id=(row[part] % series + 1).astype(np.int32),
            measured_us=times_us[part],
            value=row[part] / 7,
            quality=np.zeros(len(row[part]), np.int32),
            received_us=times_us[part],
        )
        await copy_columns(connection, "raw_reading", reading_columns(readings))
    return Run(time.perf_counter() - started_s, time.process_time() - cpu_s)


def cpu_seconds(pid: int) -> float:
    """Return the processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid: int) -> float:
    """Return the most memory a process has had, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return float("nan")


def show(
    runs: dict[str, list[Run]], raw: dict[str, list[Run]], memory_mb: float
) -> None:
    """Print the medians."""
    print(
        f"{'a message':>12} {'messages/s':>11} {'readings/s':>11} {'of COPY':>8}"
        f" {'COPY rows/s':>12} {'ingest cores':>13}"
    )
    for name, shape in SHAPES.items():
        seconds = statistics.median(run.seconds for run in runs[name])
        copy_s = statistics.median(run.seconds for run in raw[name])
        cores = statistics.median(run.cpu_s / run.seconds for run in runs[name])
        print(
            f"{name:>12} {shape.messages / seconds:>11,.0f}"
            f" {shape.rows / seconds:>11,.0f} {copy_s / seconds:>8.2f}"
            f" {shape.rows / copy_s:>12,.0f} {cores:>13.2f}"
        )
    print(f"ingest process: at most {memory_mb:.0f} MB")


async def bench(rounds: int) -> None:
    """Run all of it in a state directory of its own."""
    with tempfile.TemporaryDirectory(prefix="gezhi-bench-") as root:
        os.chmod(root, 0o755)  # noqa: PTH101, S103 - the servers' users walk in
        home = open_home(Path(root))
        cluster, broker = Cluster(home), Broker(home)
        await cluster.start()
        await broker.start()
        try:
            await broker.admit(GATEWAY)
            await migrate(cluster.dsn())
            await register(cluster.dsn())
            await measure(cluster.dsn(), broker, rounds)
        finally:
            await broker.stop()
            await cluster.stop()


async def measure(dsn: str, broker: Broker, rounds: int) -> None:
    """Run the rounds, the first as a warm-up, and print."""
    runs: dict[str, list[Run]] = defaultdict(list)
    raw: dict[str, list[Run]] = defaultdict(list)
    connection = await asyncpg.connect(dsn)
    second = int(utc_now().timestamp()) - (rounds + 2) * len(SHAPES) * ROUND_S
    async with ingest(dsn, broker) as process:
        await until_subscribed(connection)
        for number in range(rounds + 1):
            for name, shape in SHAPES.items():
                second += ROUND_S
                run = await end_to_end(connection, broker, process.pid, name, second)
                copy = await raw_copy(connection, shape, second)
                if number:
                    runs[name].append(run)
                    raw[name].append(copy)
        memory_mb = peak_mb(process.pid)
    await connection.close()
    show(runs, raw, memory_mb)


if __name__ == "__main__":
    asyncio.run(bench(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
