"""A registered lamp, and a connection to ask for what becomes of its commands."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from simulators.mqtt_lamp import Lamp
from tests.commands.street import register_lamp


@pytest.fixture
async def lamp(database_url: str, broker: Broker, unique: str) -> Lamp:
    """A lamp that the registry and the broker know; it is asleep."""
    await broker.admit(unique)
    await register_lamp(database_url, unique)
    return Lamp(gateway=unique, address="LP-1", interval_s=0.2)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own."""
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()
