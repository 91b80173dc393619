"""Gateways of other people's formats, through a real broker to stored readings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import asyncpg
import pytest

from devices.registry.snapshot import load_snapshot
from gezhi.clock import utc_now
from gezhi.gateway_accounts import give_accounts
from gezhi.stack.broker import Broker
from gezhi.stack.home import Home
from ingest.protocols import chirpstack4, sparkplug, thingsboard
from ingest.protocols.gezhi_msgpack import encode as encode_msgpack
from ingest.protocols.lorawan import payload_codec
from ingest.protocols.up_message import DeviceReadings, Uplink, UpMessage
from ingest.quarantine.retry import retry
from store.registry.facts import lock_registry, move_version
from store.telemetry.batch import Writer
from tests.ingest.publisher import connected
from tests.ingest.test_serve import edge_query, serving, until
from vocabulary.quantity import Quantity
from vocabulary.times import EPOCH

pytestmark = [pytest.mark.db, pytest.mark.broker]

EUI = "24e124785c420001"
READINGS = (
    "SELECT s.quantity, r.value FROM reading r JOIN series s ON s.id = r.series_id"
    " ORDER BY r.measured_at, s.quantity"
)


async def register(
    dsn: str,
    gateway: str,
    address: str,
    *,
    format_: str,
    native_topics: bool = False,
    payload_codec_: str = "",
    aliases: str = "",
    quantities: tuple[str, ...] = ("tilt_deg", "battery_pct", "rssi_dbm"),
) -> None:
    """Register a gateway of another format, and one device behind it."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await lock_registry(connection)
        profile_id = await connection.fetchval(
            "INSERT INTO profile (code, kind, name_zh, name_en, quantities,"
            " expected_interval_s, payload_codec, aliases)"
            " VALUES ($1, 'cover', '井盖', 'cover', $2, 600, $3, $4) RETURNING id",
            f"profile of {gateway}",
            list(quantities),
            payload_codec_,
            aliases,
        )
        gateway_id = await connection.fetchval(
            "INSERT INTO gateway"
            " (code, transport, name_zh, name_en, format, native_topics)"
            " VALUES ($1, 'mqtt', '网关', 'gateway', $2, $3) RETURNING id",
            gateway,
            format_,
            native_topics,
        )
        device_id = await connection.fetchval(
            "INSERT INTO device (code, profile_id, gateway_id, address)"
            " VALUES ($1, $2, $3, $4) RETURNING id",
            f"{gateway} {address}",
            profile_id,
            gateway_id,
            address,
        )
        await connection.executemany(
            "INSERT INTO series (device_id, quantity) VALUES ($1, $2)",
            [(device_id, quantity) for quantity in quantities],
        )
        await move_version(connection)
    await connection.close()


async def stored(dsn: str) -> list[tuple[str, float]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(READINGS)
    await connection.close()
    return [(row["quantity"], row["value"]) for row in rows]


async def refused(dsn: str) -> list[tuple[str, str]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT reason, identity FROM quarantine ORDER BY 1")
    await connection.close()
    return [(row["reason"], row["identity"]) for row in rows]


@asynccontextmanager
async def heard(dsn: str, broker: Broker, unique: str) -> AsyncIterator[None]:
    """Run ingest, and wait until it listens."""
    async with asyncio.timeout(300), serving(dsn, broker, unique):
        await until(dsn, *edge_query("mqtt", "", up=True))
        yield


async def give(dsn: str, broker: Broker, home: Home) -> None:
    connection = await asyncpg.connect(dsn)
    await give_accounts(connection, home, broker)
    await connection.close()


def uplink(at: datetime, *, counter: int, tilt_deg: float) -> bytes:
    """Make the uplink of a cover that is tilted by so much."""
    values = {Quantity.BATTERY_PCT: 88.0, Quantity.TILT_Z_DEG: 90 - tilt_deg}
    return chirpstack4.encode(
        Uplink(
            device=EUI,
            heard_at=at,
            session="01da1f15",
            counter=counter,
            port=85,
            payload=payload_codec("em310-tilt").encode(values),
            extras={"rssi_dbm": -91.0, "snr_db": 7.5},
        )
    )


async def test_a_chirpstack_uplink_becomes_a_tilt_and_its_repeat_is_stored_once(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    await register(
        database_url, "CS-1", EUI, format_="chirpstack4", payload_codec_="em310-tilt"
    )
    await give(database_url, own_broker, home)
    now = utc_now()
    root = f"gezhi/v1/CS-1/native/application/17c82e96/device/{EUI}/event"
    join = b'{"deviceInfo": {"devEui": "%s"}, "devAddr": "01da1f15"}' % EUI.encode()
    first = uplink(now - timedelta(seconds=2), counter=17, tilt_deg=31.5)
    # The same frame through a slower gateway: another time, the same counter.
    again = uplink(now - timedelta(seconds=1), counter=17, tilt_deg=31.5)
    async with (
        heard(database_url, own_broker, unique),
        connected(own_broker.url("CS-1"), f"{unique}-cs") as client,
    ):
        await client.publish(f"{root}/join", join, qos=1)
        for payload in (first, first, again):
            await client.publish(f"{root}/up", payload, qos=1)
        last = uplink(now, counter=18, tilt_deg=2)
        await client.publish(f"{root}/up", last, qos=1)
        await until(database_url, "SELECT count(*) FROM reading WHERE value = 2")
    assert await stored(database_url) == [
        ("battery_pct", 88),
        ("rssi_dbm", -91),
        ("tilt_deg", 31.5),
        ("battery_pct", 88),
        ("rssi_dbm", -91),
        ("tilt_deg", 2),
    ]
    assert await refused(database_url) == []


async def test_who_is_not_registered_is_kept_under_its_eui(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    await register(database_url, "CS-1", "24e1000000000002", format_="chirpstack4")
    await give(database_url, own_broker, home)
    root = f"gezhi/v1/CS-1/native/application/17c82e96/device/{EUI}/event"
    async with (
        heard(database_url, own_broker, unique),
        connected(own_broker.url("CS-1"), f"{unique}-cs") as client,
    ):
        payload = uplink(utc_now(), counter=1, tilt_deg=2)
        await client.publish(f"{root}/up", payload, qos=1)
        await until(database_url, "SELECT count(*) FROM quarantine")
    assert await refused(database_url) == [("unknown-device", EUI)]
    # Once it is registered, what was kept is read by the codec it came through.
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE profile SET payload_codec = 'em310-tilt'")
    await connection.execute("UPDATE device SET address = $1", EUI)
    row_id = await connection.fetchval("SELECT id FROM quarantine")
    snapshot = await load_snapshot(connection)
    await retry(connection, row_id, snapshot, writer=Writer(), at=utc_now())
    await connection.close()
    assert ("tilt_deg", 2) in await stored(database_url)
    assert await refused(database_url) == []


async def test_native_topics_are_the_registered_gateways_only(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    await register(
        database_url,
        "TB-1",
        "Cover 7",
        format_="thingsboard",
        native_topics=True,
        aliases="tilt=tilt_deg",
    )
    await register(
        database_url, "TB-2", "Cover 8", format_="thingsboard", aliases="tilt=tilt_deg"
    )
    await give(database_url, own_broker, home)

    def said(device: str, tilt_deg: float) -> bytes:
        part = DeviceReadings(
            device=device, measured_at=utc_now(), values={"tilt": tilt_deg, "x": 1}
        )
        return thingsboard.encode(UpMessage(readings=[part]))

    topic = "v1/gateway/telemetry"
    async with (
        heard(database_url, own_broker, unique),
        connected(own_broker.url("TB-1"), f"{unique}-1") as one,
        connected(own_broker.url("TB-2"), f"{unique}-2") as other,
    ):
        await other.publish(topic, said("Cover 7", 99), qos=1)
        await other.publish(f"gezhi/v1/TB-1/native/{topic}", said("Cover 7", 98), qos=1)
        await other.publish(f"gezhi/v1/TB-2/native/{topic}", said("Cover 8", 8), qos=1)
        await until(database_url, "SELECT count(*) FROM reading WHERE value = 8")
        await one.publish(topic, said("Cover 7", 7), qos=1)
        await until(database_url, "SELECT count(*) FROM reading WHERE value = 7")
    assert await stored(database_url) == [("tilt_deg", 8), ("tilt_deg", 7)]
    assert await refused(database_url) == []


async def test_a_node_that_was_not_born_is_told_to_be_and_no_other_may_speak_for_it(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    for code in ("NODE-1", "NODE-2"):
        await register(
            database_url,
            code,
            "MH-7",
            format_="sparkplug",
            native_topics=True,
            aliases="Cover/Tilt=tilt_deg",
        )
    await give(database_url, own_broker, home)

    def sent(seq: int, *metrics: sparkplug.Metric) -> bytes:
        # Two messages may be of one millisecond, two readings of a series may not.
        at_ms = int((utc_now() - EPOCH) / timedelta(milliseconds=1)) + seq
        payload = sparkplug.Payload(timestamp_ms=at_ms, seq=seq, metrics=metrics)
        return sparkplug.encode_payload(payload)

    def tilt(value: float, name: str = "") -> sparkplug.Metric:
        datatype = sparkplug.DataType.DOUBLE
        return sparkplug.Metric(name=name, alias=5, datatype=datatype, raw=value)

    async with (
        heard(database_url, own_broker, unique),
        connected(own_broker.url("NODE-1"), f"{unique}-1") as node,
        connected(own_broker.url("NODE-2"), f"{unique}-2") as other,
    ):
        await node.subscribe("spBv1.0/+/NCMD/NODE-1", qos=1)
        await other.publish("spBv1.0/city/NBIRTH/NODE-1", sent(0), qos=1)
        await node.publish("spBv1.0/city/DDATA/NODE-1/MH-7", sent(9, tilt(77)), qos=1)
        command = await anext(aiter(node.messages))
        assert command.topic.value == "spBv1.0/city/NCMD/NODE-1"
        assert isinstance(command.payload, bytes)
        (metric,) = sparkplug.decode_payload(command.payload).metrics
        assert (metric.name, metric.raw) == (sparkplug.REBIRTH, True)
        await node.publish("spBv1.0/city/NBIRTH/NODE-1", sent(0), qos=1)
        birth = sent(1, tilt(3, "Cover/Tilt"))
        await node.publish("spBv1.0/city/DBIRTH/NODE-1/MH-7", birth, qos=1)
        await node.publish("spBv1.0/city/DDATA/NODE-1/MH-7", sent(2, tilt(4)), qos=1)
        await until(database_url, "SELECT count(*) FROM reading WHERE value = 4")
        await until(database_url, *edge_query("gateway", "NODE-1", up=True))
    assert await stored(database_url) == [("tilt_deg", 3), ("tilt_deg", 4)]
    assert await refused(database_url) == [("bad-field", "")]


async def test_our_own_messages_may_be_in_messagepack(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    await register(database_url, "GW-1", "MH-1", format_="gezhi")
    await give(database_url, own_broker, home)
    part = DeviceReadings(
        device="MH-1", measured_at=utc_now(), values={"tilt_deg": 6.5}
    )
    async with (
        heard(database_url, own_broker, unique),
        connected(own_broker.url("GW-1"), f"{unique}-1") as client,
    ):
        payload = encode_msgpack(UpMessage(seq=1, readings=[part]))
        await client.publish("gezhi/v1/GW-1/up", payload, qos=1)
        await until(database_url, "SELECT count(*) FROM reading WHERE value = 6.5")


async def test_a_gateway_registered_while_we_run_is_heard_on_its_own_topics(
    database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    async with heard(database_url, own_broker, unique):
        await register(
            database_url,
            "CS-1",
            EUI,
            format_="chirpstack4",
            native_topics=True,
            payload_codec_="em310-tilt",
        )
        await give(database_url, own_broker, home)
        topic = f"application/17c82e96/device/{EUI}/event/up"
        connection = await asyncpg.connect(database_url)
        async with connected(own_broker.url("CS-1"), f"{unique}-cs") as client:
            counter = 0
            while not await connection.fetchval("SELECT count(*) FROM reading"):
                counter += 1
                payload = uplink(utc_now(), counter=counter, tilt_deg=5)
                await client.publish(topic, payload, qos=1)
        await connection.close()
