"""What compose.yaml runs, run here: on a real database and a real mosquitto."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

import aiomqtt
import asyncpg
import pytest
import yaml

from gezhi.stack.broker import Broker
from gezhi.stack.child import Child, Program
from gezhi.stack.home import Home
from gezhi.stack.lag import behind
from gezhi.stack.loopback import LOOPBACK, answers
from gezhi.stack.mosquitto import find_mosquitto
from gezhi.stack.shared_broker import SharedBroker, processes_of
from tests.ports import free_port
from vocabulary.broker_user import INGEST

pytestmark = pytest.mark.db

Connect = Callable[..., aiomqtt.Client]

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)

TIMEOUT_S = 180.0


class Health(TypedDict):
    test: list[str]


class Service(TypedDict):
    command: list[str]
    environment: dict[str, str]
    healthcheck: Health


class Compose(TypedDict):
    services: dict[str, Service]


ROOT = Path(__file__).parents[2]

COMPOSE: Compose = yaml.safe_load((ROOT / "compose.yaml").read_text())

GEZHI = str(Path(sys.executable).with_name("gezhi"))

ENVIRONMENT = {
    "GEZHI_API_HOST": LOOPBACK,
    "GEZHI_NMEA_HOST": LOOPBACK,
    "GEZHI_JT808_HOST": LOOPBACK,
    "GEZHI_STATION_HOST": LOOPBACK,
    "GEZHI_CITY": str(ROOT / "simulators" / "sample_city"),
    "GEZHI_TIME_ZONE": "Asia/Shanghai",
    "GEZHI_KEEP_DAYS": "",
}
"""What differs here from the containers: the addresses, and where the city is."""


async def run(*command: str, environment: Mapping[str, str]) -> int:
    async with asyncio.timeout(TIMEOUT_S):
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **environment}, stderr=DEVNULL
        )
        return await process.wait()


async def test_migrate_readies_an_empty_database(empty_database_url: str) -> None:
    environment = {"DATABASE_URL": empty_database_url}
    for _ in range(2):
        assert await run(GEZHI, "migrate", environment=environment) == 0
    connection = await asyncpg.connect(empty_database_url)
    assert await connection.fetchval("SELECT count(*) FROM journal_head") == 1
    await connection.close()


async def test_a_consumer_is_late_by_the_journal_it_has_not_folded(
    pool: asyncpg.Pool, database_url: str
) -> None:
    assert await behind(database_url, "rules") == timedelta()
    await write_journal(pool, NOON, NOON + timedelta(seconds=90))
    assert await behind(database_url, "rules") == timedelta(seconds=90)
    await pool.execute("INSERT INTO cursor VALUES ('rules', 0, 0)")
    assert await behind(database_url, "rules") == timedelta(seconds=90)
    lag = [sys.executable, "-m", "gezhi.stack.lag", "rules"]
    environment = {"DATABASE_URL": database_url}
    assert await run(*lag, environment=environment) == 1
    await pool.execute("UPDATE cursor SET seq = 1")
    assert await behind(database_url, "rules") == timedelta()
    assert await run(*lag, environment=environment) == 0


async def write_journal(pool: asyncpg.Pool, *times: datetime) -> None:
    rows = [(0, seq, at, 3, 0, b"") for seq, at in enumerate(times, start=1)]
    await pool.executemany("INSERT INTO journal VALUES ($1, $2, $3, $4, $5, $6)", rows)
    await pool.execute(
        "UPDATE journal_head SET seq = $1, received_at = $2", len(times), times[-1]
    )


@pytest.mark.broker
@pytest.mark.parametrize("name", ["ingest", "rules", "api"])
async def test_a_process_comes_up_and_its_health_check_says_so(
    name: str, pool: asyncpg.Pool, database_url: str, broker: Broker, home: Home
) -> None:
    await write_journal(pool, NOON, NOON + timedelta(seconds=90))
    service = COMPOSE["services"][name]
    own = {"DATABASE_URL": database_url, "MQTT_URL": broker.url()}
    environment = {**service["environment"], **own, **ENVIRONMENT}
    ports = {
        value: str(free_port())
        for variable, value in environment.items()
        if variable.endswith("_PORT")
    }
    given = {word: ports.get(value, value) for word, value in environment.items()}
    process = Child(
        Program(
            name=name,
            command=[GEZHI, *service["command"][1:]],
            log=home.log / f"{name}.log",
            environment={**os.environ, **given},
            patience_s=60,
        )
    )
    process.start()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            while await run(*checking(service, ports), environment=given):
                assert process.is_running, process.last_words()
                await asyncio.sleep(0.1)
    finally:
        code = await process.stop()
    assert code == 0, process.last_words()


def checking(service: Service, ports: dict[str, str]) -> list[str]:
    _, python, *words = service["healthcheck"]["test"]
    assert python == "python"
    for published, here in ports.items():
        words = [word.replace(f":{published}/", f":{here}/") for word in words]
    return [sys.executable, *words]


@pytest.fixture
async def shared(home: Home) -> AsyncIterator[tuple[SharedBroker, int]]:
    """The broker as compose runs it, but for its port: the files first, then it."""
    mosquitto = find_mosquitto()
    if mosquitto is None:
        pytest.skip("mosquitto is not installed")
    broker, port = SharedBroker(home.root, "ingests-own"), free_port()
    broker.write_files(listener=f"{port} {LOOPBACK}", queue=home.broker)
    # One user runs both, as in compose, where the number 1883 does.
    settings = home.root / "mosquitto.conf"
    settings.write_text(settings.read_text() + "user root\n")
    command = [mosquitto.program, "-c", str(settings)]
    child = Child(Program(name="it", command=command, log=home.log / "it.log"))
    child.start()
    await child.wait_ready(lambda: answers(port), within_s=60)
    yield broker, port
    await child.stop()


@pytest.mark.broker
async def test_the_broker_takes_the_gateways_of_the_registry(
    shared: tuple[SharedBroker, int],
    pool: asyncpg.Pool,
    database_url: str,
    home: Home,
    connect: Connect,
) -> None:
    _, port = shared
    assert len(processes_of(home.root / "mosquitto.conf")) == 1
    assert processes_of(Path("/elsewhere/mosquitto.conf")) == []
    async with connect(f"mqtt://{INGEST}:ingests-own@{LOOPBACK}:{port}"):
        pass
    follower = Child(following(database_url, home))
    follower.start()
    try:
        await add_gateway(pool, "GW-1")
        passwords = home.secrets / "gateways.json"
        await follower.wait_ready(lambda: "GW-1" in words(passwords), within_s=60)
        url = f"mqtt://GW-1:{words(passwords)['GW-1']}@{LOOPBACK}:{port}"
        async with asyncio.timeout(300):
            while not await lets_in(connect(url)):  # noqa: ASYNC110 another process
                await asyncio.sleep(0.05)
    finally:
        await follower.kill()


def following(database_url: str, home: Home) -> Program:
    command = [sys.executable, "-m", "gezhi.stack.shared_broker", "follow"]
    own = {"DATABASE_URL": database_url, "GEZHI_BROKER_PASSWORD": "ingests-own"}
    return Program(
        name="accounts",
        command=[*command, str(home.root)],
        log=home.log / "accounts.log",
        environment={**os.environ, **own},
        stop_signal=signal.SIGKILL,
    )


async def add_gateway(pool: asyncpg.Pool, code: str) -> None:
    await pool.execute(
        "INSERT INTO gateway (code, transport, name_zh, name_en) "
        "VALUES ($1, 'mqtt', $1, $1)",
        code,
    )
    await pool.execute("NOTIFY registry")


def words(path: Path) -> dict[str, str]:
    read: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    return read


async def lets_in(client: aiomqtt.Client) -> bool:
    try:
        async with client:
            return True
    except aiomqtt.MqttError:
        return False
