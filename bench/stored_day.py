"""A backtest end to end: from a journal in a database to alarms in a docket.

10,000 devices say one reading a minute each, under the shipped rules; their journal is
put into a private database, an hour's entries so many times over, each at its own time.
What is timed is all that `gezhi backtest` does: reading, decoding, the fold, triage and
the docket. The registry is left empty, so that alarms stand and no case is placed.
"""

import asyncio
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import asyncpg

from bench.backtest import DEVICES, HOUR_S, bodies_of, later
from bench.rule_stream import city, stream
from bench.rules import shipped
from gezhi.stack.home import open_home
from gezhi.stack.postgres import Cluster
from rules.backtest.found import Ask, Progress
from rules.backtest.run import backtest
from rules.plan.compile import compile_plan
from rules.worker.past_plans import keep_plan
from store.connection import Connection
from store.migrate import migrate

HOURS = 24

ZONE = "Asia/Shanghai"

COLUMNS = ("shard", "seq", "received_at", "kind", "row_count", "body")


def bench() -> None:
    """Print how long the backtest of a stored day takes, and how much memory."""
    with tempfile.TemporaryDirectory(prefix="gezhi-bench-") as root:
        Path(root).chmod(0o755)  # the server's user walks in
        asyncio.run(_bench(Cluster(open_home(Path(root)))))


async def _bench(cluster: Cluster) -> None:
    await cluster.start()
    try:
        await migrate(cluster.dsn())
        connection = await asyncpg.connect(cluster.dsn())
        await _store(connection)
        await _measure(connection)
        await connection.close()
    finally:
        await cluster.stop()


async def _store(connection: Connection) -> None:
    """Put a day's journal and the plan it was judged by into the database."""
    town = city(shipped(), DEVICES, quantities=1)
    hour = stream(town, rows=DEVICES // 60 + 1, seconds=HOUR_S)
    seq, first_us = 0, hour[0].at_us
    for number in range(HOURS):
        entries = bodies_of([later(entry, number) for entry in hour])
        rows = [
            (0, seq + place, e.received_at, int(e.kind), e.row_count, e.body)
            for place, e in enumerate(entries, 1)
        ]
        seq += len(rows)
        await connection.copy_records_to_table("journal", records=rows, columns=COLUMNS)
        await connection.execute(
            "UPDATE journal_head SET seq = $1, received_at = $2", seq, rows[-1][2]
        )
    plan = compile_plan(town.source)
    async with connection.transaction():
        await keep_plan(connection, plan, from_seq=1, at_us=first_us, shard=0)


async def _measure(connection: Connection) -> None:
    since = await connection.fetchval("SELECT min(received_at) FROM journal")
    ask = Ask(
        rules=(),
        with_live=True,
        since=since,
        until=since + timedelta(hours=HOURS + 1),
    )
    begun_s, cpu_s = time.perf_counter(), time.process_time()
    found = await backtest(connection, ask, time_zone=ZONE, tell=_nobody)
    took_s, cpu_s = time.perf_counter() - begun_s, time.process_time() - cpu_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{DEVICES:,} devices, {HOURS} stored hours, {found.samples:,} readings: "
        f"{took_s:.0f} s ({cpu_s:.0f} s of one core beside the database), "
        f"{len(found.alarms) + found.left_off:,} alarms, at most {peak_mib:,.0f} MiB"
    )


def _nobody(_: Progress) -> None:
    """Tell nobody how far it is."""
