"""A receiver's sentences on a gateway's MQTT topic become positions of its device."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from gezhi.clock import utc_now
from gezhi.stack.broker import Broker
from ingest.arrival import Arrival
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.messages import arrivals_of
from ingest.protocols.nmea0183 import encode_gga, encode_rmc, encode_zda
from tests.ingest.publisher import START, connected
from tests.ingest.registry import register
from tests.ingest.test_serve import edge_query, serving, until
from vocabulary.position import Position

FIX = Position(
    device="VT-1",
    fixed_at=START - timedelta(seconds=2),
    lon=111.0,
    lat=35.0,
    altitude_m=390.4,
    satellites=9,
    hdop=0.8,
)


def heard(topic: str, payload: bytes) -> Arrival:
    (arrival,) = arrivals_of(
        [MqttMessage(topic, payload)],
        received_at=START,
        peer="127.0.0.1:1883",
        committed=lambda: None,
    )
    assert isinstance(arrival, Arrival)
    return arrival


def test_the_topic_names_gateway_and_device() -> None:
    arrival = heard("gezhi/v1/GW-1/nmea/VT-1", encode_gga(FIX) + encode_rmc(FIX))
    assert (arrival.gateway, arrival.positions) == ("GW-1", [FIX])
    assert arrival.refusals == []


def test_each_message_stands_alone() -> None:
    for payload, fixes in (
        (encode_rmc(FIX).rstrip(), 1),
        (encode_gga(FIX) + encode_zda(FIX), 1),
        (encode_gga(FIX), 0),
    ):
        arrival = heard("gezhi/v1/GW-1/nmea/VT-1", payload)
        assert len(arrival.positions) == fixes
        assert [each.reason for each in arrival.refusals] == ["bad-time"] * (1 - fixes)


@pytest.mark.parametrize("payload", [b"hello", b"\xff\x00" * 500, b"$" * 5000, b"$*"])
def test_what_is_no_sentence_is_refused_under_the_devices_name(payload: bytes) -> None:
    arrival = heard("gezhi/v1/GW-1/nmea/VT-1", payload)
    assert arrival.positions == []
    assert {each.identity for each in arrival.refusals} == {"VT-1"}


@pytest.mark.parametrize("topic", ["gezhi/v1/GW-1/nmea/", "gezhi/v1/GW-1/nmea/a/b"])
def test_a_topic_without_one_device_is_nobodys(topic: str) -> None:
    (refusal,) = heard(topic, encode_rmc(FIX)).refusals
    assert refusal.reason == "unknown-topic"


@pytest.mark.db
@pytest.mark.broker
async def test_sentences_published_by_a_gateway_are_stored_and_by_no_other(
    database_url: str, broker: Broker, unique: str
) -> None:
    liar = f"{unique}-liar"
    await broker.admit(unique, liar)
    await register(database_url, unique, ["VT-1"], quantities=())
    topic = f"gezhi/v1/{unique}/nmea/VT-1"
    now = utc_now().replace(microsecond=0)
    fix, lie, last = (
        replace(FIX, fixed_at=now - timedelta(seconds=n), lon=111.0 + n)
        for n in (3, 2, 1)
    )
    async with (
        asyncio.timeout(300),
        serving(database_url, broker, unique),
        connected(broker.url(unique), f"{unique}-gw") as gateway,
        connected(broker.url(liar), f"{liar}-gw") as other,
    ):
        await until(database_url, *edge_query("mqtt", "", up=True))
        await gateway.publish(topic, encode_gga(fix) + encode_rmc(fix), qos=1)
        await other.publish(topic, encode_gga(lie) + encode_rmc(lie), qos=1)
        await gateway.publish(topic, encode_rmc(last) + encode_gga(last), qos=1)
        await until(database_url, "SELECT count(*) = 2 FROM position")
    connection = await asyncpg.connect(database_url)
    rows = await connection.fetch(
        "SELECT lon_e7, satellites, hdop FROM position ORDER BY fixed_at"
    )
    await connection.close()
    assert [(row["lon_e7"], row["satellites"]) for row in rows] == [
        (1_140_000_000, 9),
        (1_120_000_000, 9),
    ]
