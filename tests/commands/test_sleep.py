"""Devices that sleep, processes that are killed: each command is done exactly once."""

import asyncio
import random
from datetime import timedelta

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from simulators.mqtt_lamp import Lamp
from store.journal.entries import Kind, append
from tests.commands.street import (
    ask,
    awake,
    ingest_process,
    register_lamp,
    state_of,
    steps_of,
    until_passed,
    until_settled,
    until_state,
    until_told,
    utc_now,
)
from vocabulary.command import Dim, Switch

pytestmark = [pytest.mark.db, pytest.mark.broker]

DAY = timedelta(days=1)

KILLS = 4


async def put_to_sleep(
    lamp: Lamp, connection: asyncpg.Connection, broker: Broker
) -> None:
    """Let the platform see a lamp, and see it fall asleep."""
    async with awake(lamp, broker):
        await until_told(connection, f'"{lamp.gateway}","up":true'.encode())
    await until_told(connection, f'"{lamp.gateway}","up":false'.encode())
    await until_passed(connection)


async def test_a_device_asleep_for_an_hour_is_told_once_though_the_server_restarted(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    told = (database_url, broker.ingest_url, f"{lamp.gateway}-i")
    async with asyncio.timeout(300):
        async with ingest_process(*told) as first:
            await put_to_sleep(lamp, connection, broker)
            command = await ask(connection, lamp.gateway, Switch(on=False), lasts=DAY)
            await until_passed(connection)
            assert await state_of(connection, command) == "queued"
            first.kill()
            await first.wait()
        hour_later = utc_now() + timedelta(hours=1)
        await append(connection, Kind.TICK, b"", at=hour_later)
        async with ingest_process(*told):
            await until_passed(connection)
            assert await state_of(connection, command) == "queued"
            async with awake(lamp, broker):
                await until_state(connection, command, "effect_seen")
    assert lamp.obedience.done == [command]
    assert lamp.obedience.heard == 1
    assert lamp.pct == 0
    assert (await steps_of(connection, command)).count("sent") == 1


async def test_what_was_asked_while_no_ingest_ran_is_said_when_one_does(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    command = await ask(connection, lamp.gateway, Dim(pct=30))
    async with (
        asyncio.timeout(300),
        awake(lamp, broker),
        ingest_process(database_url, broker.ingest_url, f"{lamp.gateway}-i"),
    ):
        await until_state(connection, command, "effect_seen")
    assert lamp.obedience.done == [command]


async def test_a_command_expires_by_the_journals_clock_and_is_not_said_any_more(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    told = (database_url, broker.ingest_url, f"{lamp.gateway}-i")
    async with asyncio.timeout(300), ingest_process(*told):
        await put_to_sleep(lamp, connection, broker)
        command = await ask(connection, lamp.gateway, Switch(on=False))
        await until_passed(connection)
        assert await state_of(connection, command) == "queued"
        two_hours_later = utc_now() + timedelta(hours=2)
        await append(connection, Kind.TICK, b"", at=two_hours_later)
        await until_state(connection, command, "expired")
        async with awake(lamp, broker):
            await until_passed(connection, 5)
    assert lamp.obedience.heard == 0
    assert lamp.pct == 100


async def test_who_dies_between_saying_and_noting_says_it_again_and_it_is_done_once(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    told = (database_url, broker.ingest_url, f"{lamp.gateway}-i")
    async with asyncio.timeout(300), awake(lamp, broker):
        async with ingest_process(
            *told, module="tests.commands.dying_process"
        ) as dying:
            command = await ask(connection, lamp.gateway, Dim(pct=20))
            await dying.wait()
        assert await steps_of(connection, command) == ["queued"]
        while lamp.obedience.heard == 0:  # noqa: ASYNC110 - another process said it
            await asyncio.sleep(0.02)
        # The answer waits at the broker for the next process; it settles the command,
        # unless that is said again before.
        async with ingest_process(*told):
            await until_state(connection, command, "effect_seen")
    assert lamp.obedience.done == [command]
    assert lamp.pct == 20


async def test_of_commands_and_kills_at_random_moments_each_is_done_exactly_once(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    told = (database_url, broker.ingest_url, f"{lamp.gateway}-i")
    chance = random.Random(44)  # noqa: S311 - a test's own, the same each time
    commands: list[str] = []
    async with asyncio.timeout(300), awake(lamp, broker):
        for kill in range(KILLS):
            async with ingest_process(*told):
                commands += [
                    await ask(connection, lamp.gateway, Dim(pct=pct + kill))
                    for pct in (10, 50)
                ]
                first = commands[-2]
                await until_state(connection, first, "sent", "acked", "effect_seen")
                await asyncio.sleep(chance.random() * 0.3)
        async with ingest_process(*told):
            ends = [await until_settled(connection, command) for command in commands]
    assert set(ends) <= {"effect_seen", "acked"}  # acked: overtaken by the next one
    assert sorted(lamp.obedience.done) == sorted(commands)
    assert len(commands) == 2 * KILLS


async def test_a_broker_that_is_killed_takes_no_command_with_it(
    connection: asyncpg.Connection, database_url: str, own_broker: Broker, unique: str
) -> None:
    await own_broker.admit(unique)
    await register_lamp(database_url, unique)
    lamp = Lamp(gateway=unique, address="LP-1", interval_s=0.2)
    told = (database_url, own_broker.ingest_url, f"{unique}-i")
    async with (
        asyncio.timeout(300),
        ingest_process(*told),
        awake(lamp, own_broker),
    ):
        first = await ask(connection, unique, Dim(pct=70))
        await until_state(connection, first, "effect_seen")
        await own_broker.kill()
        second = await ask(connection, unique, Dim(pct=30))
        await until_passed(connection)
        assert await state_of(connection, second) == "queued"
        await own_broker.start()
        await until_state(connection, second, "effect_seen")
    assert lamp.obedience.done == [first, second]
