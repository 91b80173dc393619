"""The sample city with the shipped rules, nothing said yet."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from devices.registry.load import import_city
from devices.registry.snapshot import load_snapshot
from tests.backtest.halting import Workshop
from tests.backtest.turns import lines
from tests.rules.city_feed import CITY, NOON, install_city
from tests.triage.city import City


@pytest.fixture
async def city(pool: asyncpg.Pool, database_url: str) -> City:
    """The sample city in a fresh database."""
    async with pool.acquire() as connection:
        return City(pool, database_url, await install_city(connection))


@pytest.fixture
async def workshop(pool: asyncpg.Pool, database_url: str) -> AsyncIterator[Workshop]:
    """The sample city with two rules of our own and no others."""
    async with pool.acquire() as connection:
        await import_city(connection, CITY, dry_run=False, at=NOON)
        city = City(pool, database_url, await load_snapshot(connection))
    async with lines(database_url, 1) as (line,):
        shop = Workshop(city, line)
        await shop.open()
        yield shop
