"""The sample city on a database, and the API over it."""

from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest

from api.app import create_app
from store.access import create_token
from tests.api.town import WEB_ROOT, Town, served, utc_now
from tests.rules.city_feed import install_city
from tests.triage.city import City


@pytest.fixture
async def city(pool: asyncpg.Pool, database_url: str) -> City:
    """The sample city with the shipped rules, nothing said yet."""
    async with pool.acquire() as connection:
        return City(pool, database_url, await install_city(connection))


@pytest.fixture
async def viewer(city: City) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the API over it."""
    connection = await asyncpg.connect(city.dsn)

    async def make_token(role: str, unit_id: int | None) -> str:
        return await create_token(
            connection, name=f"a {role}", role=role, unit_id=unit_id, at=utc_now()
        )

    app = create_app(database_url=city.dsn, clock=utc_now, web_root=WEB_ROOT)
    async with served(app) as url:
        town = Town(url, city.dsn, connection, make_token)
        async with town.client(await town.token("viewer")) as client:
            yield client
    await connection.close()
