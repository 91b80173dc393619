from datetime import timedelta

from ingest.arrival import Arrival, EdgeChange
from ingest.mqtt.message import MqttMessage
from ingest.mqtt.messages import arrivals_of
from ingest.protocols.gezhi_json import (
    DeviceReadings,
    StatusMessage,
    UpMessage,
    encode,
    encode_status,
)
from tests.ingest.publisher import START, numbered
from vocabulary.refusal import Reason
from vocabulary.times import us_from_datetime


def nothing() -> None:
    """Acknowledge nothing."""


def arrivals(*messages: tuple[str, bytes]) -> list[Arrival | EdgeChange]:
    return arrivals_of(
        [MqttMessage(topic, payload) for topic, payload in messages],
        received_at=START,
        peer="127.0.0.1:1883",
        committed=nothing,
    )


def test_messages_of_one_gateway_become_one_arrival() -> None:
    found = arrivals(
        ("gezhi/v1/GW-1/up", numbered("MH-1", 1)),
        ("gezhi/v1/GW-2/up", numbered("MH-2", 2)),
        ("gezhi/v1/GW-1/up", numbered("MH-1", 3)),
    )
    seen = [
        (item.gateway, item.readings.value.tolist(), item.committed)
        for item in found
        if isinstance(item, Arrival) and item.readings is not None
    ]
    # Only the last may acknowledge: then all before it are stored, too.
    assert seen == [("GW-1", [1, 3], None), ("GW-2", [2], nothing)]


def test_an_arrival_has_the_numbers_of_its_messages_and_when_they_were_made() -> None:
    later = START + timedelta(seconds=9)
    part = DeviceReadings(device="MH-1", measured_at=later, values={})
    up = "gezhi/v1/GW-1/up"
    (arrival,) = arrivals(
        (up, encode(UpMessage(seq=7, sent_at=START, readings=[part]))),
        (up, encode(UpMessage(seq=8, readings=[part]))),
        (up, encode(UpMessage(seq=9))),
        (up, encode(UpMessage(readings=[part]))),
        (up, b'{"seq": 10, "readings": 3}'),
        (up, b"{"),
    )
    assert isinstance(arrival, Arrival)
    start_us = us_from_datetime(START)
    assert arrival.numbers == [
        (7, start_us),
        (8, us_from_datetime(later)),
        (9, None),
        (10, None),
    ]


def test_a_message_refused_whole_is_kept_with_its_topic_and_a_part_is_not() -> None:
    (arrival,) = arrivals(
        ("gezhi/v1/GW-1/up", b"{"), ("gezhi/v1/GW-1/up", b'{"readings": 3}')
    )
    assert isinstance(arrival, Arrival)
    kept = [(refusal.octets, refusal.topic) for refusal in arrival.refusals]
    assert kept == [(b"{", "gezhi/v1/GW-1/up"), (b"3", "")]


def test_a_bad_message_is_refused_and_its_neighbours_are_not() -> None:
    (arrival,) = arrivals(
        ("gezhi/v1/GW-1/up", b"{"), ("gezhi/v1/GW-1/up", numbered("MH-1", 1))
    )
    assert isinstance(arrival, Arrival)
    (refusal,) = arrival.refusals
    assert (refusal.reason, refusal.octets) == (Reason.BAD_JSON, b"{")
    assert arrival.readings is not None
    assert len(arrival.readings) == 1


def test_a_status_is_a_change_of_its_gateway_and_is_acknowledged() -> None:
    payload = encode_status(StatusMessage(up=False, at=START))
    change, arrival = arrivals(("gezhi/v1/GW-1/status", payload))
    assert isinstance(change, EdgeChange)
    assert (change.edge, change.gateway, change.up) == ("gateway", "GW-1", False)
    assert isinstance(arrival, Arrival)
    assert arrival.committed is nothing


def test_a_topic_that_is_not_ours_is_refused() -> None:
    for topic in ("gezhi/v2/GW-1/up", "gezhi/v1/GW-1/down", "up", "gezhi/v1/a/b/up"):
        (arrival,) = arrivals((topic, numbered("MH-1", 1)))
        assert isinstance(arrival, Arrival)
        assert [r.reason for r in arrival.refusals] == [Reason.UNKNOWN_TOPIC]
