"""The sample city with the shipped rules, nothing said yet."""

import asyncpg
import pytest

from tests.rules.city_feed import install_city
from tests.triage.city import City


@pytest.fixture
async def city(pool: asyncpg.Pool, database_url: str) -> City:
    """The sample city in a fresh database."""
    async with pool.acquire() as connection:
        return City(pool, database_url, await install_city(connection))
