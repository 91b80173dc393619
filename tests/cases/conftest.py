import asyncpg
import pytest

from tests.cases.town import Town, build_town


@pytest.fixture
async def town(pool: asyncpg.Pool) -> Town:
    """A small town."""
    async with pool.acquire() as connection:
        return Town(pool, await build_town(connection))
