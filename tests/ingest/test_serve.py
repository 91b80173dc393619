import asyncio
import socket
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiomqtt
import asyncpg
import orjson
import pytest

from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from ingest.protocols.gezhi_json import StatusMessage, encode_status
from ingest.protocols.nmea0183 import encode_login, encode_rmc
from ingest.serve import serve
from ingest.settings import IngestSettings
from store.journal.entries import Kind
from tests.ingest.publisher import connected, numbered
from tests.ingest.registry import register
from tests.ports import free_port
from vocabulary.position import Position

pytestmark = [pytest.mark.db, pytest.mark.broker]


@asynccontextmanager
async def serving(
    dsn: str, broker: Broker, client_id: str, **more: int
) -> AsyncIterator[None]:
    """Run the ingest process's coroutine for as long as the block lasts."""
    settings = IngestSettings(
        database_url=dsn,
        mqtt_url=broker.ingest_url,
        mqtt_client_id=client_id,
        **({"nmea_tcp_port": 0, "nmea_udp_port": 0} | more),  # type: ignore[arg-type] # ports
    )
    running = asyncio.create_task(serve(settings, clock=utc_now))
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
    assert running.cancelled()


async def until(dsn: str, query: str, *args: object) -> None:
    """Wait until a query finds something."""
    connection = await asyncpg.connect(dsn)
    while not await connection.fetchval(query, *args):  # noqa: ASYNC110 - a row
        await asyncio.sleep(0.02)
    await connection.close()


async def edges(dsn: str) -> list[tuple[str, str, bool]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "SELECT body FROM journal WHERE kind = $1 ORDER BY seq", Kind.EDGE
    )
    await connection.close()
    told = [orjson.loads(row["body"]) for row in rows]
    return [(t["edge"], t["gateway"], t["up"]) for t in told]


def edge_query(edge: str, gateway: str, *, up: bool) -> tuple[str, bytes]:
    """Return a query for an EDGE entry."""
    query = "SELECT count(*) FROM journal WHERE position($1::bytea IN body) = 1"
    word = "true" if up else "false"
    return query, f'{{"edge":"{edge}","gateway":"{gateway}","up":{word},'.encode()


async def test_a_message_becomes_a_reading_and_a_status_an_edges_change(
    database_url: str, broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    await register(database_url, unique, ["MH-1"])
    status = f"gezhi/v1/{unique}/status"
    will = aiomqtt.Will(status, encode_status(StatusMessage(up=False)), 1, retain=True)
    async with asyncio.timeout(300), serving(database_url, broker, unique):
        await until(database_url, *edge_query("mqtt", "", up=True))
        async with connected(broker.url(unique), f"{unique}-gw", will) as client:
            hello = encode_status(StatusMessage(up=True, at=utc_now()))
            await client.publish(status, hello, qos=1, retain=True)
            await until(database_url, *edge_query("gateway", unique, up=True))
            await client.publish(f"gezhi/v1/{unique}/up", numbered("MH-1", 5), qos=1)
            await until(database_url, "SELECT count(*) FROM reading WHERE value = 5")
            paho = client._client  # noqa: SLF001 - to vanish without a word
            sock = paho.socket()
            assert isinstance(sock, socket.socket)
            sock.shutdown(socket.SHUT_RDWR)
            await until(database_url, *edge_query("gateway", unique, up=False))


async def test_a_broker_killed_and_started_again_is_found_again(
    database_url: str, own_broker: Broker, unique: str
) -> None:
    await own_broker.admit(unique)
    await register(database_url, unique, ["MH-1"])
    topic = f"gezhi/v1/{unique}/up"
    async with asyncio.timeout(300), serving(database_url, own_broker, unique):
        await until(database_url, *edge_query("mqtt", "", up=True))
        async with connected(own_broker.url(unique), f"{unique}-a") as client:
            await client.publish(topic, numbered("MH-1", 1), qos=1)
        await until(database_url, "SELECT count(*) FROM reading WHERE value = 1")
        await own_broker.kill()
        await until(database_url, *edge_query("mqtt", "", up=False))
        await own_broker.start()
        # It may have died before it saved our session: only then does it know us again.
        count, word = edge_query("mqtt", "", up=True)
        await until(database_url, count.replace("count(*)", "count(*) = 2"), word)
        async with connected(own_broker.url(unique), f"{unique}-b") as client:
            await client.publish(topic, numbered("MH-1", 2), qos=1)
        await until(database_url, "SELECT count(*) FROM reading WHERE value = 2")
    told = [edge for edge in await edges(database_url) if edge[0] == "mqtt"]
    assert told == [("mqtt", "", True), ("mqtt", "", False), ("mqtt", "", True)]


async def test_a_device_registered_while_we_run_is_heard_from_then_on(
    database_url: str, broker: Broker, unique: str
) -> None:
    await broker.admit(unique)
    topic = f"gezhi/v1/{unique}/up"
    async with (
        asyncio.timeout(300),
        serving(database_url, broker, unique),
        connected(broker.url(unique), f"{unique}-publisher") as client,
    ):
        await until(database_url, *edge_query("mqtt", "", up=True))
        await client.publish(topic, numbered("MH-1", 1), qos=1)
        await until(database_url, "SELECT count(*) FROM quarantine")
        await register(database_url, unique, ["MH-1"])
        found = "SELECT count(*) FROM reading"
        connection = await asyncpg.connect(database_url)
        seq = 1
        while not await connection.fetchval(found):
            seq += 1
            await client.publish(topic, numbered("MH-1", seq), qos=1)
        await connection.close()


async def test_a_vehicles_fix_becomes_a_position(
    database_url: str, broker: Broker, unique: str
) -> None:
    await register(database_url, "nmea", ["VT-1"], transport="nmea", quantities=())
    port = free_port()
    now = utc_now().replace(microsecond=0)
    fixes = [
        Position(
            device="VT-1",
            fixed_at=now + timedelta(seconds=n),
            lon=111.0,
            lat=35.0,
            speed_kmh=30.0,
            course_deg=90.0,
        )
        for n in range(3)
    ]
    async with (
        asyncio.timeout(300),
        serving(database_url, broker, unique, nmea_tcp_port=port),
    ):
        await until(database_url, *edge_query("nmea", "nmea", up=True))
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        del reader
        writer.write(encode_login("VT-1") + b"".join(map(encode_rmc, fixes)))
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        await until(database_url, "SELECT count(*) = 3 FROM position")


async def test_pollers_come_and_go_with_the_registry(
    database_url: str, broker: Broker, unique: str
) -> None:
    await register(database_url, "mqtt-only", ["1"])
    async with asyncio.timeout(300), serving(database_url, broker, unique):
        await until(database_url, *edge_query("ingest", "", up=True))
        await register(database_url, "CAB-1", ["1"], transport="modbus_tcp")
        # Nobody listens there, and the profile names no register map: either is told.
        connection = await asyncpg.connect(database_url)
        await connection.execute("UPDATE profile SET register_map = 'gezhi_cabinet'")
        await connection.execute("UPDATE registry_version SET version = version + 1")
        await connection.execute("NOTIFY registry")
        await connection.close()
        await until(database_url, *edge_query("modbus", "CAB-1", up=False))


async def test_the_metrics_are_served(
    database_url: str, broker: Broker, unique: str
) -> None:
    port = free_port()
    await broker.admit(unique)
    await register(database_url, unique, ["MH-1"])
    async with (
        asyncio.timeout(300),
        serving(database_url, broker, unique, metrics_port=port),
    ):
        await until(database_url, *edge_query("mqtt", "", up=True))
        async with connected(broker.url(unique), f"{unique}-publisher") as client:
            topic = f"gezhi/v1/{unique}/up"
            await client.publish(topic, numbered("MH-1", 1), qos=1)
            await client.publish(topic, b"{", qos=1)
        text = ""
        while "gezhi_ingest_refusals_total{" not in text:  # counted once committed
            text = await asyncio.to_thread(fetch, f"http://127.0.0.1:{port}/metrics")
    assert 'gezhi_ingest_rows_total{kind="reading",outcome="stored"} 1.0' in text
    assert 'gezhi_ingest_refusals_total{reason="bad-json"} 1.0' in text
    assert 'gezhi_ingest_edge_up{edge="mqtt",gateway=""} 1.0' in text
    assert 'gezhi_ingest_connections{edge="jt808"} 0.0' in text
    assert 'gezhi_ingest_connections{edge="nmea"} 0.0' in text


def fetch(url: str) -> str:
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - our own loopback
        return str(answer.read().decode())
