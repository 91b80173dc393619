"""Databases for the tests of the rules worker."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from gezhi.stack.postgres import Cluster
from tests.databases import fresh_database


@pytest.fixture
async def second_pool(cluster: Cluster, template: str) -> AsyncIterator[asyncpg.Pool]:
    """Another fresh database with the whole schema in it, to compare with."""
    async with (
        fresh_database(cluster, "second", template) as url,
        asyncpg.create_pool(url, min_size=1) as pool,
    ):
        yield pool


@pytest.fixture
def second_url(cluster: Cluster, second_pool: asyncpg.Pool) -> str:
    """Address of the database of `second_pool`."""
    assert second_pool is not None
    return cluster.dsn("second")
