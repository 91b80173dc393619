"""A city on a real database, and the API over a small one, for the life of rules."""

import asyncpg
import pytest

from tests.api.conftest import admin, connection, town
from tests.rules.city_feed import install_city
from tests.rules.conftest import second_pool, second_url
from tests.triage.city import City
from tests.triage.conftest import city

__all__ = ["admin", "city", "connection", "second_pool", "second_url", "town"]


@pytest.fixture
async def twin(second_pool: asyncpg.Pool, second_url: str) -> City:
    """The same city in another database."""
    async with second_pool.acquire() as connection:
        return City(second_pool, second_url, await install_city(connection))
