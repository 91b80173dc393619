"""A lamp is told something over MQTT: whole ingest processes, a broker, a database."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from simulators.mqtt_lamp import Lamp
from store.journal import Kind, read
from tests.commands.street import (
    ask,
    awake,
    ingest_process,
    register_lamp,
    state_of,
    steps_of,
    until_state,
    utc_now,
)
from vocabulary.command import Dim, Effect, Locate, Programme, ProgrammeStep, Switch

pytestmark = [pytest.mark.db, pytest.mark.broker]


@pytest.fixture
async def lamp(database_url: str, broker: Broker, unique: str) -> Lamp:
    await broker.admit(unique)
    await register_lamp(database_url, unique)
    return Lamp(gateway=unique, address="LP-1", interval_s=0.2)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    found = await asyncpg.connect(database_url)
    yield found
    await found.close()


async def test_a_dimmed_lamp_is_done_only_once_its_own_readings_show_it(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    async with (
        asyncio.timeout(60),
        ingest_process(database_url, broker.ingest_url, lamp.gateway + "-i"),
        awake(lamp, broker),
    ):
        command = await ask(connection, lamp.gateway, Dim(pct=40))
        await until_state(connection, command, "effect_seen")
    assert lamp.pct == 40
    assert lamp.obedience.done == [command]
    steps = await steps_of(connection, command)
    assert steps[:2] == ["queued", "sent"]
    assert steps[-1] == "effect_seen"
    told = [
        e.body
        for e in await read(connection, after=0, limit=500)
        if e.kind is Kind.COMMAND
    ]
    assert [
        b'"state":"%s"' % state.encode() in body
        for state, body in zip(dict.fromkeys(steps), told, strict=True)
    ]
