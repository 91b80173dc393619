"""What nobody means well with, through a real broker: refused, and its neighbours kept.

The ingest process is one of its own, so that what it took of memory can be read.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from gezhi.stack.home import Home
from ingest.protocols import chirpstack4, gezhi_json, senml, sparkplug, thingsboard
from ingest.protocols.lorawan import payload_codec
from ingest.protocols.up_message import DeviceReadings, Uplink, UpMessage
from tests.ingest.hostile import BY_FORMAT, Hostile
from tests.ingest.publisher import connected
from tests.ingest.test_kill import ingest_process
from tests.ingest.test_mqtt_formats import EUI, give, register
from tests.ingest.test_serve import edge_query, until
from vocabulary.quantity import Quantity
from vocabulary.refusal import Reason
from vocabulary.times import EPOCH

pytestmark = [pytest.mark.db, pytest.mark.broker]

MORE_MEMORY_KB = 150_000
"""Most that a megabyte of anything may make the process grow by."""

LONGEST_S = 120.0
"""Until the neighbour behind a payload must be stored, on a busy machine."""

ROWS = "SELECT reason FROM quarantine WHERE gateway = $1"
STORED = (
    "SELECT 1 FROM reading r JOIN series s ON s.id = r.series_id"
    " JOIN device d ON d.id = s.device_id JOIN gateway g ON g.id = d.gateway_id"
    " WHERE g.code = $1 AND s.quantity = 'tilt_deg' AND r.value = $2"
)


def up_message(device: str, tilt_deg: float, name: str, at: datetime) -> UpMessage:
    part = DeviceReadings(device=device, measured_at=at, values={name: tilt_deg})
    return UpMessage(readings=[part])


def gezhi(tilt_deg: float, at: datetime) -> bytes:
    return gezhi_json.encode(up_message("MH-1", tilt_deg, "tilt_deg", at))


def senml_json(tilt_deg: float, at: datetime) -> bytes:
    return senml.encode(up_message("MH-1", tilt_deg, "tilt", at))


def telemetry(tilt_deg: float, at: datetime) -> bytes:
    return thingsboard.encode(up_message("MH-1", tilt_deg, "tilt", at))


def uplink(tilt_deg: float, at: datetime) -> bytes:
    values = {Quantity.BATTERY_PCT: 88.0, Quantity.TILT_Z_DEG: 90 - tilt_deg}
    return chirpstack4.encode(
        Uplink(
            device=EUI,
            heard_at=at,
            session="01da1f15",
            counter=int(tilt_deg),
            port=85,
            payload=payload_codec("em310-tilt").encode(values),
        )
    )


def data(tilt_deg: float, at: datetime) -> bytes:
    metric = sparkplug.Metric(
        name="tilt", datatype=sparkplug.DataType.DOUBLE, raw=tilt_deg
    )
    at_ms = int((at - EPOCH) / timedelta(milliseconds=1))
    payload = sparkplug.Payload(timestamp_ms=at_ms, seq=0, metrics=[metric])
    return sparkplug.encode_payload(payload)


NATIVE = "gezhi/v1/HOSTILE/native/"
SENT: dict[str, tuple[str, Callable[[float, datetime], bytes]]] = {
    "gezhi": ("gezhi/v1/HOSTILE/up", gezhi),
    "senml": (f"{NATIVE}senml", senml_json),
    "thingsboard": (f"{NATIVE}v1/gateway/telemetry", telemetry),
    "chirpstack4": (f"{NATIVE}application/a/device/{EUI}/event/up", uplink),
    "sparkplug": (f"{NATIVE}spBv1.0/city/DDATA/HOSTILE/MH-1", data),
}


@asynccontextmanager
async def ingesting(dsn: str, broker: Broker, client_id: str) -> AsyncIterator[int]:
    """Run ingest as a process of its own; give its number once it listens."""
    async with ingest_process(dsn, broker.ingest_url, client_id) as process:
        async with asyncio.timeout(LONGEST_S):
            await until(dsn, *edge_query("mqtt", "", up=True))
        yield process.pid


def most_memory_kb(pid: int) -> int:
    """Return the most a process ever held."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1])


async def refused(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT DISTINCT reason FROM quarantine")
    await connection.execute("TRUNCATE quarantine CASCADE")
    await connection.close()
    return [row["reason"] for row in rows]


def allowed(hostile: Hostile) -> list[list[str]]:
    """Return what may be found in quarantine, alone."""
    if hostile.reason is None:
        return [[Reason.BAD_JSON.value], [Reason.BAD_FIELD.value]]
    return [[hostile.reason.value]]


@pytest.mark.parametrize("format_", BY_FORMAT)
async def test_a_hostile_payload_is_refused_and_its_neighbours_are_stored(
    format_: str, database_url: str, own_broker: Broker, home: Home, unique: str
) -> None:
    await register(
        database_url,
        "HOSTILE",
        EUI if format_ == "chirpstack4" else "MH-1",
        format_=format_,
        payload_codec_="em310-tilt" if format_ == "chirpstack4" else "",
        aliases="tilt=tilt_deg"
        if format_ in {"thingsboard", "senml", "sparkplug"}
        else "",
    )
    await give(database_url, own_broker, home)
    topic, good = SENT[format_]
    began = utc_now() - timedelta(minutes=5)
    found: dict[str, list[str]] = {}
    async with (
        ingesting(database_url, own_broker, unique) as pid,
        connected(own_broker.url("HOSTILE"), f"{unique}-h") as client,
    ):

        async def neighbour(n: int) -> None:
            payload = good(float(n), began + timedelta(seconds=n))
            await client.publish(topic, payload, qos=1)

        async def sent(n: int, hostile: Hostile) -> None:
            await client.publish(topic, hostile.payload, qos=1)
            await neighbour(n)
            async with asyncio.timeout(LONGEST_S):
                await until(database_url, STORED, "HOSTILE", float(n))
            found[hostile.name] = await refused(database_url)

        async with asyncio.timeout(LONGEST_S):
            await neighbour(1)
            await until(database_url, STORED, "HOSTILE", 1.0)
        await refused(database_url)
        before_kb = most_memory_kb(pid)
        for n, hostile in enumerate(BY_FORMAT[format_], start=2):
            await sent(n, hostile)
        grown_kb = most_memory_kb(pid) - before_kb
    for hostile in BY_FORMAT[format_]:
        assert found[hostile.name] in allowed(hostile), hostile.name
    assert grown_kb < MORE_MEMORY_KB
