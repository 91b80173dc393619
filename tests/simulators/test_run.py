"""The whole sample city at once."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
import pytest
from pymodbus.client import AsyncModbusTcpClient

from gezhi.stack.broker import Broker
from ingest.protocols.nmea0183.stream import NmeaStream
from simulators.run import NotLoopbackError, simulate
from simulators.scenario import ScenarioError
from tests.ports import free_port
from tests.simulators.cities import (
    change_gateways,
    ports_of,
    sample_city_on_free_ports,
)
from tests.simulators.playing import now
from vocabulary.position import Position

RADIOS = ("GW-COVER-1", "GW-COVER-2", "GW-COVER-3", "GW-GAUGE-1")


class Heard:
    """What reached a platform: which vehicles, which gateways."""

    def __init__(self) -> None:
        self.vehicles: set[str] = set()
        self.gateways: set[str] = set()
        self.changed = asyncio.Event()

    async def until(self, *, vehicles: int, gateways: int) -> None:
        while len(self.vehicles) < vehicles or len(self.gateways) < gateways:
            self.changed.clear()
            await self.changed.wait()

    def take(self, stream: NmeaStream, data: bytes) -> None:
        items = [*stream.receive_data(data, now()), *stream.receive_pause(now())]
        fixes = [item for item in items if isinstance(item, Position)]
        self.vehicles |= {fix.device for fix in fixes}
        self.changed.set()


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        self._heard.take(NmeaStream(), data)


@contextlib.asynccontextmanager
async def nmea_listener(heard: Heard) -> AsyncIterator[tuple[str, int]]:
    """Listen on one port number for TCP and for UDP."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stream = NmeaStream()
        with contextlib.suppress(OSError):
            while data := await reader.read(4096):
                heard.take(stream, data)
        writer.close()

    place = ("127.0.0.1", free_port())
    server = await asyncio.start_server(talk, *place)
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(heard), local_addr=place
    )
    try:
        yield place
    finally:
        transport.close()
        server.close()
        await server.wait_closed()


async def listen_to_radios(broker: Broker, heard: Heard) -> None:
    parts = urlsplit(broker.ingest_url)
    async with aiomqtt.Client(
        str(parts.hostname),
        parts.port or 0,
        username=parts.username,
        password=parts.password,
        protocol=aiomqtt.ProtocolVersion.V5,
    ) as client:
        await client.subscribe("gezhi/v1/+/up", qos=1)
        async for message in client.messages:
            heard.gateways.add(message.topic.value.split("/")[2])
            heard.changed.set()


@pytest.mark.broker
async def test_every_gateway_and_vehicle_of_the_sample_city_is_heard(
    own_broker: Broker, tmp_path: Path
) -> None:
    await own_broker.admit(*RADIOS)
    folder = sample_city_on_free_ports(tmp_path / "city")
    told: list[str] = []
    heard = Heard()
    truth = tmp_path / "truth.jsonl"
    async with (
        asyncio.timeout(300),
        nmea_listener(heard) as place,
        asyncio.TaskGroup() as tasks,
    ):
        listening = tasks.create_task(listen_to_radios(own_broker, heard))
        played = tasks.create_task(
            simulate(
                folder,
                mqtt_url_of=own_broker.url,
                nmea=place,
                seed=7,
                incidents="demo",
                clock=now,
                truth=truth,
                on_incident=lambda incident, _: told.append(incident.id),
            )
        )
        await heard.until(vehicles=12, gateways=4)
        for code, port in ports_of(folder).items():
            if port:
                await answers(code, port)
        while not told:  # noqa: ASYNC110 - a plain list has no event
            await asyncio.sleep(0.05)
        played.cancel()
        listening.cancel()
    lines = [json.loads(line) for line in truth.read_text("utf-8").splitlines()]
    assert [line["id"] for line in lines] == told
    assert played.cancelled()


async def answers(code: str, port: int) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=30)
    while not await client.connect():  # noqa: ASYNC110 - its server has no such signal
        await asyncio.sleep(0.05)
    answer = await client.read_holding_registers(0, count=2, device_id=1)
    client.close()
    assert not answer.isError(), code


async def run_without_wires(folder: Path, incidents: Path | str = "none") -> None:
    await simulate(
        folder,
        mqtt_url_of=lambda _: "mqtt://127.0.0.1:1",
        nmea=("127.0.0.1", 1),
        seed=7,
        incidents="none" if incidents == "none" else Path(incidents),
        clock=now,
    )


async def test_a_simulator_never_listens_beyond_the_loopback(tmp_path: Path) -> None:
    folder = sample_city_on_free_ports(tmp_path / "city")
    change_gateways(
        folder, lambda row: row | {"host": "192.0.2.1"} if row["host"] else row
    )
    with pytest.raises(NotLoopbackError, match=r"CAB-1 would listen on '192\.0\.2\.1'"):
        await run_without_wires(folder)


async def test_a_wrong_scenario_stops_the_run_before_it_begins(tmp_path: Path) -> None:
    folder = sample_city_on_free_ports(tmp_path / "city")
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text("incidents: [{cause: flood}]", "utf-8")
    with pytest.raises(ScenarioError, match="flood"):
        await run_without_wires(folder, scenario)


async def test_simulators_wait_for_a_platform_that_is_not_there(tmp_path: Path) -> None:
    folder = sample_city_on_free_ports(tmp_path / "city")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(2):
            await run_without_wires(folder)
