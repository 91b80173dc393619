"""A real API process on the loopback, over a small city in a real database."""

from collections.abc import AsyncIterator

import asyncpg
import httpx2
import pytest

from api.app import create_app
from store.access import create_token
from tests.api.town import TOWN, WEB_ROOT, Town, served, utc_now


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the small city's database."""
    found = await asyncpg.connect(database_url)
    await found.execute(TOWN)
    yield found
    await found.close()


@pytest.fixture
async def town(
    database_url: str, connection: asyncpg.Connection
) -> AsyncIterator[Town]:
    """The API over the small city."""

    async def make_token(role: str, unit_id: int | None) -> str:
        return await create_token(
            connection, name=f"a {role}", role=role, unit_id=unit_id, at=utc_now()
        )

    app = create_app(database_url=database_url, clock=utc_now, web_root=WEB_ROOT)
    async with served(app) as url:
        yield Town(url, database_url, connection, make_token)


@pytest.fixture
async def admin(town: Town) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that may do everything."""
    async with town.client(await town.token()) as client:
        yield client
