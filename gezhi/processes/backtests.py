"""Run what the API was asked to backtest: one at a time, each in its own process."""

import asyncio
import contextlib
import logging
import os
import sys

import asyncpg

from gezhi.clock import utc_now
from gezhi.settings import Settings
from rules.backtest.job import run_job
from store.connection import AWAY, Connection
from store.rules.backtest_jobs import BACKTEST_LOCK, fail_running
from tasks.attempt import attempt

log = logging.getLogger(__name__)

PAUSE_S = 1.0
"""How often we look whether one waits."""

NICE = 10
"""How far a backtest stands back behind everything else on the machine."""

INTERRUPTED = "the process that ran it has ended"
"""Why a backtest failed that nobody runs any more."""

_DSN, _ZONE = "GEZHI_BACKTEST_URL", "GEZHI_BACKTEST_TIME_ZONE"


async def run_backtests(settings: Settings) -> None:
    """Run what waits until cancelled; outlives the database."""
    dsn = settings.needs_database()
    while True:
        try:
            await attempt(_work(dsn, settings.time_zone))
        except AWAY as error:
            log.warning("backtests: the database is away: %s", error)
        await asyncio.sleep(PAUSE_S)


async def _work(dsn: str, time_zone: str) -> None:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        await connection.execute(
            "SELECT pg_advisory_lock($1)", BACKTEST_LOCK, timeout=None
        )
        await fail_running(connection, INTERRUPTED, at=utc_now())
        await _follow(connection, dsn, time_zone)
    finally:
        connection.terminate()


async def _follow(connection: Connection, dsn: str, time_zone: str) -> None:
    while True:
        waits = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM backtest WHERE state = 'queued')"
        )
        if waits:
            await _run_one(dsn, time_zone)
            await fail_running(connection, INTERRUPTED, at=utc_now())
        await asyncio.sleep(PAUSE_S)


async def _run_one(dsn: str, time_zone: str) -> None:
    """Run one in a process that is ended with us."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gezhi.processes.backtests",
        env={**os.environ, _DSN: dsn, _ZONE: time_zone},
    )
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def main() -> None:
    """Run the backtest that waits, as the process of its own."""
    os.nice(NICE)
    dsn, time_zone = os.environ[_DSN], os.environ[_ZONE]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run_job(dsn, time_zone=time_zone, clock=utc_now))


if __name__ == "__main__":
    main()
