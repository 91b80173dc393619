"""The main job, from octets on the wire to an answer of the API, in both editions."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import asyncpg
import httpx2
import pytest
import uvicorn

import web
from api.app import create_app
from devices.registry.load import import_city
from gezhi.clock import utc_now
from gezhi.prepare import prepare
from gezhi.processes.simulators import SAMPLE_CITY
from gezhi.stack.broker import Broker
from ingest.protocols.gezhi_json import encode
from ingest.protocols.up_message import DeviceReadings, UpMessage
from ingest.serve import serve
from ingest.settings import IngestSettings
from rules.worker.work import run_rules
from store.access import create_token
from vocabulary.quantity import Quantity

pytestmark = [pytest.mark.db, pytest.mark.broker, pytest.mark.editions]

COVER = "MH-0092"
GATEWAY = "GW-COVER-3"
ZONE = "Asia/Shanghai"


@pytest.fixture
def city(tmp_path: Path) -> Path:
    """The sample city without what is polled: only who calls us."""
    folder = tmp_path / "city"
    shutil.copytree(SAMPLE_CITY, folder)
    for name in ("gateways.csv", "devices.csv"):
        path = folder / name
        lines = path.read_text("utf-8").splitlines(keepends=True)
        kept = [line for line in lines if "CAB-" not in line and "RTU-" not in line]
        path.write_text("".join(kept), "utf-8")
    return folder


@asynccontextmanager
async def the_platform(database_url: str, broker: Broker) -> AsyncIterator[str]:
    """Run ingest, rules and the API in this process; yield the API's address."""
    app = create_app(
        database_url=database_url, clock=utc_now, web_root=Path(web.__file__).parent
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    settings = IngestSettings(
        database_url=database_url,
        mqtt_url=broker.ingest_url,
        mqtt_client_id="journey",
        nmea_tcp_port=0,
        nmea_udp_port=0,
    )
    async with asyncio.TaskGroup() as tasks:
        running = [
            tasks.create_task(serve(settings, clock=utc_now), name="ingest"),
            tasks.create_task(run_rules(database_url, time_zone=ZONE), name="rules"),
        ]
        api = tasks.create_task(server.serve(), name="api")
        while not server.started:  # noqa: ASYNC110 uvicorn tells by a flag only
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await api
            for task in running:
                task.cancel()


def a_gateway(broker: Broker) -> aiomqtt.Client:
    parts = urlsplit(broker.url(GATEWAY))
    return aiomqtt.Client(
        parts.hostname or "",
        parts.port or 0,
        username=parts.username,
        password=parts.password,
        identifier=GATEWAY,
        protocol=aiomqtt.ProtocolVersion.V5,
    )


async def the_case(
    client: httpx2.AsyncClient, gateway: aiomqtt.Client
) -> dict[str, object]:
    """Let the cover say that it is open until there is a case, and return it."""
    while True:
        await say_tilt(gateway, 75.0)
        answer = await client.get("/api/v1/cases")
        answer.raise_for_status()
        if items := answer.json()["items"]:
            found: dict[str, object] = items[0]
            return found
        await asyncio.sleep(0.2)


async def test_an_open_cover_becomes_a_case_with_cell_owner_and_evidence(
    database_url: str, own_broker: Broker, city: Path
) -> None:
    await prepare(database_url, lambda _: None)
    connection = await asyncpg.connect(database_url)
    try:
        result = await import_city(connection, city, dry_run=False, at=utc_now())
        assert not result.is_refused, result.problems
        token = await create_token(
            connection, name="journey", role="supervisor", unit_id=None, at=utc_now()
        )
    finally:
        await connection.close()
    await own_broker.admit(GATEWAY)
    async with (
        asyncio.timeout(300),
        the_platform(database_url, own_broker) as address,
        a_gateway(own_broker) as gateway,
        httpx2.AsyncClient(
            timeout=60, base_url=address, headers={"Authorization": f"Bearer {token}"}
        ) as client,
    ):
        case = await the_case(client, gateway)
        evidence = await client.get(f"/api/v1/cases/{case['id']}/evidence")
    assert case["device_code"] == COVER
    assert case["rule"] == "cover-opened"
    assert case["cell_code"] == "990102004003002"
    assert case["unit_code"] == "water"
    assert case["unit_reason"] == "component:owner"
    assert case["severity"] == "critical"
    bodies = {item["kind"]: item["body"] for item in evidence.json()["items"]}
    assert bodies.keys() >= {"rule", "registry", "samples_before"}
    assert "75.0" in evidence.text


async def say_tilt(gateway: aiomqtt.Client, tilt_deg: float) -> None:
    values: dict[str, float | bool] = {Quantity.TILT_DEG: tilt_deg}
    reading = DeviceReadings(device=COVER, measured_at=utc_now(), values=values)
    octets = encode(UpMessage(readings=[reading]))
    await gateway.publish(f"gezhi/v1/{GATEWAY}/up", octets, qos=1)
