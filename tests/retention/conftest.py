"""The sample city, nothing said yet, its journal in small chunks."""

import asyncpg
import pytest

from tests.retention.past import in_small_chunks
from tests.rules.city_feed import install_city
from tests.triage.city import City


@pytest.fixture
async def city(pool: asyncpg.Pool, database_url: str) -> City:
    """The sample city in a fresh database."""
    async with pool.acquire() as connection:
        await in_small_chunks(connection)
        return City(pool, database_url, await install_city(connection))
