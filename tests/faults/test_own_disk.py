"""A disk that fills is a case of ours before ingest has to stop, on a real disk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from tests.faults.small_disk import fill, small_disk
from tests.faults.test_disk_full import FULL, Watched, watched
from tests.rules.city_feed import install_city
from tests.rules.workers import holds, worker

pytestmark = [pytest.mark.db, pytest.mark.broker]

SIZE_MIB = 440
"""85 per cent of it leaves a little more than the reserve of 64 MiB."""

EACH_SECOND = """
UPDATE profile SET expected_interval_s = 1 WHERE code = 'platform-disk';
UPDATE device SET retired_at = now() WHERE gateway_id IN
    (SELECT id FROM gateway WHERE transport = 'modbus_tcp');
UPDATE registry_version SET version = version + 1;
"""
"""The sample city without what is polled, and its disk in a hurry."""

TOLD = """
SELECT EXISTS (SELECT FROM reading r JOIN series s ON s.id = r.series_id
    WHERE s.quantity = 'disk_used_pct')
"""

FILED = """
SELECT EXISTS (SELECT FROM case_file f JOIN unit u ON u.id = f.unit_id
    WHERE f.condition = 'platform_disk_full' AND u.code = 'platform'
        AND f.severity = 'minor' AND f.stage = 'pending_handle')
"""

TOLD_SINCE = """
WITH told AS (SELECT r.measured_at, r.value FROM reading r
    JOIN series s ON s.id = r.series_id WHERE s.quantity = 'disk_used_pct')
SELECT (SELECT max(measured_at) FROM told WHERE value < 50)
     > (SELECT max(measured_at) FROM told WHERE value > 80)
"""


@asynccontextmanager
async def a_platform(
    dsn: str, broker: Broker, word: str, root: Path
) -> AsyncIterator[Watched]:
    """Run ingest, rules and the API on the sample city, whose disk is this one."""
    async with watched(dsn, broker, word, [root]) as platform, worker(dsn):
        yield platform


async def test_a_disk_that_fills_is_a_case_while_ingest_still_stores(
    database_url: str, pool: asyncpg.Pool, broker: Broker, unique: str
) -> None:
    async with pool.acquire() as connection:
        await install_city(connection)
        await connection.execute(EACH_SECOND)
    with small_disk(SIZE_MIB) as root:
        await pool.execute(
            "UPDATE device SET address = $1 WHERE code = 'DISK-0001'", str(root)
        )
        async with (
            asyncio.timeout(300),
            a_platform(database_url, broker, unique, root) as platform,
        ):
            await holds(pool, TOLD)
            assert not await pool.fetchval("SELECT count(*) FROM case_file")
            ballast = fill(root, leave_mib=65.0)
            await holds(pool, FILED)
            assert await platform.metric(FULL) == 0.0
            rest = fill(root, leave_mib=2.0, name="rest")
            await platform.until_metric(FULL, 1.0)
            ballast.unlink()
            rest.unlink()
            await platform.until_metric(FULL, 0.0)
            await holds(pool, TOLD_SINCE)
    assert await pool.fetchval("SELECT count(*) FROM case_file") == 1
