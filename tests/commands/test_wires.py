"""The same queue over the other wires: Modbus, ThingsBoard's rpc, JT/T 808."""

import asyncio
import json

import aiomqtt
import asyncpg
import pytest

from gezhi.stack.broker import Broker
from ingest.protocols.thingsboard import encode_rpc_answer
from simulators.city import Endpoint
from simulators.incidents import Cause, Incident
from simulators.jt808_terminal import Habits, Jt808Terminal, TerminalFacts
from simulators.modbus_server import run_modbus_server
from simulators.modbus_units import units_of
from simulators.world import World
from tasks.cancellation import heeding
from tests.commands.street import (
    ask,
    detail_of,
    ingest_process,
    register_lamp,
    state_of,
    steps_of,
    until_state,
    utc_now,
)
from tests.ingest.jt808_line import ADDRESS, PHONE
from tests.ingest.publisher import connected
from tests.ports import free_port
from tests.simulators.playing import playing
from tests.simulators.towns import town
from vocabulary.command import (
    AnyOrder,
    Dim,
    Interval,
    Native,
    Programme,
    ProgrammeStep,
    Switch,
    Text,
)
from vocabulary.device import Transport
from vocabulary.position import Position

pytestmark = [pytest.mark.db, pytest.mark.broker]

ENDS = ("effect_seen", "effect_not_seen", "refused", "expired")

CABINET = ("contactor_on", "power_w")


async def ends_of(
    connection: asyncpg.Connection, code: str, *orders: AnyOrder
) -> list[str]:
    """Ask for some orders, one after the other; return how each ended."""
    return [
        await until_state(connection, await ask(connection, code, order), *ENDS)
        for order in orders
    ]


@pytest.mark.parametrize("is_stuck", [False, True])
async def test_a_cabinet_is_written_and_read_back(
    database_url: str,
    connection: asyncpg.Connection,
    broker: Broker,
    unique: str,
    *,
    is_stuck: bool,
) -> None:
    stuck = Incident(
        id="stuck",
        cause=Cause.RELAY_STUCK,
        device="CB-01",
        starts_s=0,
        ends_s=3600,
        members=("CB-01",),
    )
    world = World.begin(town(), (stuck,) if is_stuck else (), start=utc_now())
    port = free_port()
    endpoint = Endpoint(
        code="CAB", transport=Transport.MODBUS_TCP, host="127.0.0.1", port=port
    )
    units = units_of(world, world.town.city.below("CAB"))
    await register_lamp(
        database_url,
        unique,
        transport="modbus_tcp",
        kind="cabinet",
        address="1",
        quantities=CABINET,
        port=port,
        register_map="gezhi_cabinet",
    )
    steps = (ProgrammeStep(at="18:30", pct=100), ProgrammeStep(at="06:00", pct=0))
    async with (
        asyncio.timeout(300),
        playing(run_modbus_server(endpoint, units, clock=utc_now)),
        ingest_process(database_url, broker.ingest_url, f"{unique}-i"),
    ):
        ends = await ends_of(
            connection,
            unique,
            Switch(on=False),
            Programme(steps=steps),
            Text(text="hello"),
        )
    switched = "effect_not_seen" if is_stuck else "effect_seen"
    assert ends == [switched, "effect_seen", "refused"]


async def test_a_thingsboard_gateway_is_asked_by_rpc_and_its_answer_counts(
    database_url: str, connection: asyncpg.Connection, broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    await register_lamp(database_url, unique, format_="thingsboard", quantities=())
    asked: list[dict[str, object]] = []

    async def answer_all(client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            question = json.loads(message.payload)
            asked.append(question)
            answer = encode_rpc_answer(
                device=question["device"],
                number=question["data"]["id"],
                is_done=question["data"]["method"] == "dim",
            )
            topic = f"gezhi/v1/{unique}/native/v1/gateway/rpc"
            await heeding(client.publish(topic, answer, qos=1))

    async with (
        asyncio.timeout(300),
        connected(broker.url(unique), unique) as client,
    ):
        await client.subscribe(f"gezhi/v1/{unique}/down/#", qos=1)
        async with (
            ingest_process(database_url, broker.ingest_url, f"{unique}-i"),
            playing(answer_all(client)),
        ):
            dim = await ask(connection, unique, Dim(pct=40))
            await until_state(connection, dim, "acked")
            reboot = Native(body={"method": "reboot", "params": {"in_s": 5}})
            assert await ends_of(connection, unique, reboot) == ["refused"]
    assert [each["device"] for each in asked] == ["LP-1", "LP-1"]
    (first, second) = (each["data"] for each in asked)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["method"], first["params"]) == ("dim", {"pct": 40})
    assert (second["method"], second["params"]) == ("reboot", {"in_s": 5})


async def test_a_terminal_of_jt808_is_told_through_its_own_queue(
    database_url: str, connection: asyncpg.Connection, broker: Broker, unique: str
) -> None:
    await register_lamp(
        database_url,
        unique,
        transport="jt808",
        kind="vehicle",
        address=ADDRESS,
        quantities=(),
    )
    port = free_port()
    facts = TerminalFacts(phone=PHONE, plate="格A001H1")
    habits = Habits(reply_s=60, pause_s=0.1)
    terminal = Jt808Terminal(facts, listener=("127.0.0.1", port), habits=habits)
    terminal.report(
        Position(
            device=ADDRESS, fixed_at=utc_now(), lon=111.0, lat=35.0, speed_kmh=20.0
        )
    )
    async with (
        asyncio.timeout(300),
        ingest_process(database_url, broker.ingest_url, f"{unique}-i", str(port)),
    ):
        text = await ask(connection, unique, Text(text="请回作业区"))
        interval = await ask(connection, unique, Interval(interval_s=30))
        cannot = await ask(connection, unique, Native(body={"kind": "dance"}))
        await until_state(connection, cannot, "refused")
        assert await state_of(connection, text) == "queued"
        async with playing(terminal.run()):
            await until_state(connection, text, "acked")
            await until_state(connection, interval, "acked")
    assert terminal.cab.texts == ["请回作业区"]
    assert await steps_of(connection, text) == ["queued", "sent", "acked"]
    assert await detail_of(connection, text) == "ok"
