"""Databases for the tests of the rules worker."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from gezhi.stack.postgres import OWNER, Cluster


@pytest.fixture
async def second_pool(cluster: Cluster, template: str) -> AsyncIterator[asyncpg.Pool]:
    """Another fresh database with the whole schema in it, to compare with."""
    admin = await asyncpg.connect(cluster.admin_dsn())
    try:
        await admin.execute(
            f"CREATE DATABASE second TEMPLATE {template} OWNER {OWNER} "
            "STRATEGY file_copy"
        )
        async with asyncpg.create_pool(cluster.dsn("second"), min_size=1) as pool:
            yield pool
        await admin.execute("DROP DATABASE second WITH (FORCE)")
    finally:
        await admin.close()


@pytest.fixture
def second_url(cluster: Cluster, second_pool: asyncpg.Pool) -> str:
    """Address of the database of `second_pool`."""
    assert second_pool is not None
    return cluster.dsn("second")
