"""Who answers an order and does not do it is one case that says why; who obeys none."""

import asyncio
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from pathlib import Path

import asyncpg
import orjson
import pytest

from devices.registry.load import import_city
from gezhi.clock import utc_now
from gezhi.prepare import prepare
from gezhi.processes.simulators import SAMPLE_CITY
from gezhi.stack.broker import Broker
from ingest.serve import serve
from ingest.settings import IngestSettings
from rules.worker.work import run_rules
from simulators.city import Endpoint
from simulators.incidents import Cause, Incident
from simulators.modbus_server import run_modbus_server
from simulators.modbus_units import units_of
from simulators.mqtt_lamp import Lamp
from simulators.world import World
from store.journal.cursor import cursor_of
from store.rules.versions import put_live
from tests.commands.street import POLL_S, ask, awake, register_lamp, until_state
from tests.ports import free_port
from tests.rules.town import SHIPPED
from tests.simulators.playing import playing
from tests.simulators.towns import town
from vocabulary.command import Switch
from vocabulary.device import Transport

pytestmark = [pytest.mark.db, pytest.mark.broker]

ZONE = "Asia/Shanghai"
RULE = "lamp-not-switched-off"
AFTER_S = 2
GAP_S = 3600
"""By default three reports, three seconds here: if the machine stands still for longer,
an order may have been done unheard, and is never judged."""
STUCK, SOUND = "LAMP-STUCK", "LAMP-SOUND"
COMPONENTS = {STUCK: "9901020137000001", SOUND: "9901020137000002"}

CIRCUIT_RULE = "circuit-not-switched-off"
CABINET, CABINET_COMPONENT = "CABINET", "9901020128000001"

STANDS_ON = """
UPDATE device SET component_id = (SELECT id FROM component WHERE code = $2)
WHERE id = $1
"""

ALARMS = """
SELECT d.code, a.rule, a.cleared_at IS NOT NULL AS is_over, a.reason_en, f.number, f.id,
    f.condition, f.recovered_at IS NOT NULL AS is_recovered
FROM alarm a JOIN device d ON d.id = a.device_id
LEFT JOIN case_file f ON f.id = a.case_id ORDER BY a.id
"""


@pytest.fixture
async def city(
    database_url: str, own_broker: Broker, tmp_path: Path
) -> AsyncIterator[asyncpg.Connection]:
    """The sample city without devices, and two lamps of it that we can play."""
    folder = tmp_path / "city"
    shutil.copytree(SAMPLE_CITY, folder)
    for name in ("gateways.csv", "devices.csv"):
        lines = (folder / name).read_text("utf-8").splitlines(keepends=True)
        (folder / name).write_text(lines[0], "utf-8")
    await prepare(database_url, lambda _: None)
    connection = await asyncpg.connect(database_url)
    result = await import_city(connection, folder, dry_run=False, at=utc_now())
    assert not result.is_refused, result.problems
    for code, component in COMPONENTS.items():
        await own_broker.admit(code)
        device_id = await register_lamp(database_url, code)
        await connection.execute(STANDS_ON, device_id, component)
    for rule in (RULE, CIRCUIT_RULE):
        text = (SHIPPED / f"{rule}.yaml").read_text("utf-8")
        text = text.replace("no_effect_after_s: 60", f"no_effect_after_s: {AFTER_S}")
        text += f"largest_gap_s: {GAP_S}\n"
        async with connection.transaction():
            await put_live(connection, rule, text, author="me", at=utc_now())
    yield connection
    await connection.close()


@asynccontextmanager
async def the_platform(dsn: str, broker: Broker) -> AsyncIterator[None]:
    settings = IngestSettings(
        database_url=dsn,
        mqtt_url=broker.ingest_url,
        mqtt_client_id="journey",
        nmea_tcp_port=0,
        nmea_udp_port=0,
    )
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(serve(settings, clock=utc_now), name="ingest"),
            tasks.create_task(run_rules(dsn, time_zone=ZONE), name="rules"),
        ]
        try:
            yield
        finally:
            for task in running:
                task.cancel()


async def until(connection: asyncpg.Connection, wanted: str) -> None:
    """Wait until something is so of alarms."""
    query = f"SELECT EXISTS (SELECT FROM ({ALARMS}) AS found WHERE {wanted})"  # noqa: S608 the test's own
    while not await connection.fetchval(query):  # noqa: ASYNC110 - another task
        await asyncio.sleep(POLL_S)


async def until_judged(connection: asyncpg.Connection, seconds: int) -> None:
    """Wait until the rules have taken in the journal of so many seconds from now."""
    aim = utc_now() + timedelta(seconds=seconds)
    query = "SELECT EXISTS (SELECT FROM journal WHERE received_at >= $1 AND seq <= $2)"
    while not await connection.fetchval(  # noqa: ASYNC110 - another task
        query, aim, await cursor_of(connection, "rules")
    ):
        await asyncio.sleep(POLL_S)


async def gezhi(dsn: str, *words: str) -> str:
    """Return what a command prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gezhi", *words),
        stdout=PIPE,
        env=os.environ | {"DATABASE_URL": dsn, "MQTT_URL": "mqtt://127.0.0.1:1"},
    )
    told, _ = await process.communicate()
    return told.decode()


async def test_the_lamp_that_answers_and_does_nothing_is_the_only_case(
    database_url: str, own_broker: Broker, city: asyncpg.Connection
) -> None:
    begun = utc_now()
    stuck = Lamp(gateway=STUCK, address="LP-1", interval_s=0.3, is_stuck=True)
    sound = Lamp(gateway=SOUND, address="LP-1", interval_s=0.3)
    async with (
        asyncio.timeout(300),
        the_platform(database_url, own_broker),
        awake(stuck, own_broker),
        awake(sound, own_broker),
    ):
        orders = {code: await ask(city, code, Switch(on=False)) for code in COMPONENTS}
        await until_state(city, orders[SOUND], "effect_seen")
        await until_state(city, orders[STUCK], "acked")
        await until(city, "id IS NOT NULL")
        again = await ask(city, STUCK, Switch(on=False))
        await until_state(city, again, "acked")
        await until_judged(city, AFTER_S + 2)
        (row,) = await city.fetch(ALARMS)
        assert (row["code"], row["rule"], row["is_over"]) == (STUCK, RULE, False)
        assert row["condition"] == "lamp_schedule_wrong"
        told = await gezhi(database_url, "explain", row["number"], "--lang", "en")
        stuck.is_stuck = False
        third = await ask(city, STUCK, Switch(on=False))
        await until_state(city, third, "effect_seen")
        await until(city, "is_over AND is_recovered")
    assert len(await city.fetch(ALARMS)) == 1
    assert await city.fetchval("SELECT count(*) FROM case_file") == 1
    body = await city.fetchval(
        "SELECT body FROM evidence WHERE kind = 'rule' AND case_id = $1", row["id"]
    )
    kept = orjson.loads(body)["command"]
    assert kept["id"] == orders[STUCK]
    assert kept["order"] == {"what": "switch", "on": False}
    # It may have been said more than once before the answer came.
    steps = [name for name, _ in groupby(step[1] for step in kept["steps"])]
    assert steps == ["queued", "sent", "acked"]
    assert "command 1 switch off: answered (to show active power -2 – 2 W) ◀" in told
    assert "it comes to the same decision" in told
    ask_again = ("--from", begun.isoformat(), "--against", "live", "--json")
    report = orjson.loads(await gezhi(database_url, "backtest", "live", *ask_again))
    assert [alarm["beside"] for alarm in report["alarms"]] == ["same"]


async def test_a_contactor_that_is_welded_is_a_case_over_modbus_too(
    database_url: str, own_broker: Broker, city: asyncpg.Connection
) -> None:
    welded = Incident(
        id="welded",
        cause=Cause.RELAY_STUCK,
        device="CB-01",
        starts_s=0,
        ends_s=3600,
        members=("CB-01",),
    )
    world = World.begin(town(), (welded,), start=utc_now())
    port = free_port()
    endpoint = Endpoint(
        code="CAB", transport=Transport.MODBUS_TCP, host="127.0.0.1", port=port
    )
    device_id = await register_lamp(
        database_url,
        CABINET,
        transport="modbus_tcp",
        kind="cabinet",
        address="1",
        quantities=("contactor_on", "power_w"),
        port=port,
        register_map="gezhi_cabinet",
    )
    await city.execute(STANDS_ON, device_id, CABINET_COMPONENT)
    units = units_of(world, world.town.city.below("CAB"))
    async with (
        asyncio.timeout(300),
        playing(run_modbus_server(endpoint, units, clock=utc_now)),
        the_platform(database_url, own_broker),
    ):
        order = await ask(city, CABINET, Switch(on=False))
        await until_state(city, order, "effect_not_seen")
        await until(city, "id IS NOT NULL")
    (row,) = await city.fetch(ALARMS)
    assert (row["code"], row["rule"]) == (CABINET, CIRCUIT_RULE)
    assert row["condition"] == "lamp_schedule_wrong"
    told = await gezhi(database_url, "explain", row["number"], "--lang", "en")
    assert "command 1 switch off: effect not seen" in told
