"""A lamp is told something over MQTT: whole ingest processes, a broker, a database."""

import asyncio

import asyncpg
import pytest

from gezhi.stack.broker import Broker
from ingest.protocols.gezhi_command import Answer, encode_answer
from simulators.mqtt_lamp import Lamp
from store.journal.entries import Kind, read
from tests.commands.street import (
    ask,
    awake,
    detail_of,
    ingest_process,
    state_of,
    steps_of,
    until_passed,
    until_settled,
    until_state,
)
from tests.ingest.publisher import connected
from vocabulary.command import (
    Dim,
    Effect,
    Locate,
    Outcome,
    Programme,
    ProgrammeStep,
    Switch,
)

pytestmark = [pytest.mark.db, pytest.mark.broker]


async def test_a_dimmed_lamp_is_done_only_once_its_own_readings_show_it(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    async with (
        asyncio.timeout(300),
        ingest_process(database_url, broker.ingest_url, f"{lamp.gateway}-i"),
        awake(lamp, broker),
    ):
        command = await ask(connection, lamp.gateway, Dim(pct=40))
        await until_state(connection, command, "effect_seen")
    assert lamp.pct == 40
    assert lamp.obedience.done == [command]
    steps = await steps_of(connection, command)
    assert steps[:2] == ["queued", "sent"]
    assert steps[-1] == "effect_seen"
    entries = await read(connection, after=0, limit=500)
    told = [entry.body for entry in entries if entry.kind is Kind.COMMAND]
    for state, body in zip(dict.fromkeys(steps), told, strict=True):
        assert b'"state":"%s"' % state.encode() in body


async def test_a_stuck_relay_answers_and_is_told_apart_by_its_effect(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    lamp.is_stuck = True
    effect = Effect(quantity="power_w", low=-2, high=2, within_s=5)
    async with (
        asyncio.timeout(300),
        ingest_process(database_url, broker.ingest_url, f"{lamp.gateway}-i"),
        awake(lamp, broker),
    ):
        command = await ask(connection, lamp.gateway, Switch(on=False), effect=effect)
        await until_state(connection, command, "effect_not_seen", "effect_seen")
    steps = list(dict.fromkeys(await steps_of(connection, command)))
    assert steps == ["queued", "sent", "acked", "effect_not_seen"]
    detail = await detail_of(connection, command)
    assert detail == "power_w is 120, not -2 to 2 within 5 s of the answer"


async def test_several_commands_are_done_in_their_order_and_a_refusal_is_told(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    steps = (ProgrammeStep(at="18:30", pct=100), ProgrammeStep(at="23:00", pct=50))
    async with (
        asyncio.timeout(300),
        ingest_process(database_url, broker.ingest_url, f"{lamp.gateway}-i"),
        awake(lamp, broker),
    ):
        commands = [
            await ask(connection, lamp.gateway, order)
            for order in (Dim(pct=10), Programme(steps=steps), Dim(pct=90), Locate())
        ]
        ends = [await until_settled(connection, command) for command in commands]
    assert ends[0] in {"effect_seen", "acked"}  # the third may have overtaken it
    assert ends[1:] == ["acked", "effect_seen", "refused"]
    assert lamp.obedience.done == commands[:3]
    assert (lamp.pct, lamp.programme) == (90, steps)
    assert await detail_of(connection, commands[3]) == "a lamp cannot do that"


async def test_what_a_later_command_undid_before_it_was_seen_is_not_held_against_it(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    lamp.interval_s = 3
    async with (
        asyncio.timeout(300),
        ingest_process(database_url, broker.ingest_url, f"{lamp.gateway}-i"),
        awake(lamp, broker),
    ):
        first, second, third = [
            await ask(connection, lamp.gateway, order)
            for order in (Dim(pct=10), Dim(pct=50), Dim(pct=90))
        ]
        await until_state(connection, third, "effect_seen", "effect_not_seen")
        assert await state_of(connection, third) == "effect_seen"
        for command in (first, second):
            assert await state_of(connection, command) in {"acked", "effect_seen"}
        open_ones = "SELECT count(*) FROM command WHERE settled_at IS NULL"
        assert await connection.fetchval(open_ones) == 0
    assert lamp.obedience.done == [first, second, third]


async def test_another_gateway_cannot_answer_for_a_device_that_is_not_its_own(
    lamp: Lamp, connection: asyncpg.Connection, database_url: str, broker: Broker
) -> None:
    stranger = f"{lamp.gateway}-x"
    await broker.admit(stranger)
    async with (
        asyncio.timeout(300),
        ingest_process(database_url, broker.ingest_url, f"{lamp.gateway}-i"),
        connected(broker.url(stranger), stranger) as client,
    ):
        command = await ask(connection, lamp.gateway, Switch(on=True))
        await until_state(connection, command, "sent")  # into the void: nobody listens
        answer = Answer(id=command, device="LP-1", outcome=Outcome.DONE)
        topic = f"gezhi/v1/{stranger}/answer"
        await client.publish(topic, encode_answer(answer), qos=1)
        await client.publish(topic, b"{", qos=1)  # marks the end of what it says
        while not await connection.fetchval("SELECT count(*) FROM quarantine"):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.02)
        await until_passed(connection)
        assert await state_of(connection, command) == "sent"
