"""Sparkplug: what we write, and whether we are there."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sparkplug import (
    CommandValueError,
    DataType,
    HostState,
    Metric,
    NodeSession,
    Payload,
    Topic,
    decode_payload,
    decode_state,
    encode_command,
    encode_payload,
    encode_state,
    state_at,
    state_topic,
)
from ingest.protocols.sparkplug.payload import SIGNED_BITS, UNSIGNED, number_of
from vocabulary.refusal import Reason

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
NOW_MS = 1_795_248_000_000


def test_a_command_has_the_types_that_the_device_was_born_with() -> None:
    session = NodeSession()
    birth = Payload(
        timestamp_ms=NOW_MS,
        seq=0,
        metrics=[
            Metric(name="Lamp/On", alias=1, datatype=DataType.BOOLEAN, raw=False),
            Metric(name="Lamp/Pct", alias=2, datatype=DataType.INT16, raw=0),
        ],
    )
    for text in ("spBv1.0/city/NBIRTH/N", "spBv1.0/city/DBIRTH/N/L-1"):
        topic = Topic.parse(text)
        assert topic is not None
        payload = birth if topic.device else Payload(timestamp_ms=NOW_MS, seq=255)
        session.receive(topic, payload, octets=encode_payload(payload), now=NOW)
    types = session.types("L-1")
    assert types == {"Lamp/On": DataType.BOOLEAN, "Lamp/Pct": DataType.INT16}
    octets = encode_command({"Lamp/On": 1, "Lamp/Pct": 40.0}, types=types, now=NOW)
    said = decode_payload(octets)
    assert (said.timestamp_ms, said.seq) == (NOW_MS, None)
    assert [(each.name, each.datatype, each.raw) for each in said.metrics] == [
        ("Lamp/On", DataType.BOOLEAN, True),
        ("Lamp/Pct", DataType.INT16, 40),
    ]


def test_without_a_birth_flags_are_boolean_and_numbers_double() -> None:
    said = decode_payload(encode_command({"on": True, "pct": 40}, types={}, now=NOW))
    assert [(each.datatype, each.raw) for each in said.metrics] == [
        (DataType.BOOLEAN, True),
        (DataType.DOUBLE, 40.0),
    ]


@given(st.integers(-(2**63), 2**64 - 1), st.sampled_from([*SIGNED_BITS, *UNSIGNED]))
def test_a_whole_number_is_read_back_or_does_not_fit(
    value: int, datatype: DataType
) -> None:
    try:
        octets = encode_command({"x": value}, types={"x": datatype}, now=NOW)
    except CommandValueError:
        bits = 1 << 8 * int(datatype.name.removeprefix("U").removeprefix("INT")) // 8
        low = -bits // 2 if datatype in SIGNED_BITS else 0
        assert not low <= value < low + bits
        return
    (metric,) = decode_payload(octets).metrics
    assert number_of(metric.raw, metric.datatype) == value


@pytest.mark.parametrize(
    ("value", "datatype"),
    [
        (2, DataType.BOOLEAN),
        (0.5, DataType.INT32),
        (float("nan"), DataType.INT32),
        (float("inf"), DataType.UINT8),
        (-1, DataType.UINT64),
        (128, DataType.INT8),
    ],
)
def test_what_does_not_fit_is_not_written(value: float, datatype: DataType) -> None:
    with pytest.raises(CommandValueError, match="x: "):
        encode_command({"x": value}, types={"x": datatype}, now=NOW)


def test_a_state_has_the_form_of_the_standard() -> None:
    state = state_at(NOW, is_online=True)
    assert encode_state(state) == b'{"online":true,"timestamp":1795248000000}'
    assert state_topic("gezhi") == "spBv1.0/STATE/gezhi"


@given(st.booleans(), st.integers(0, 2**53))
def test_a_state_is_read_back(is_online: bool, at_ms: int) -> None:  # noqa: FBT001 - drawn
    state = HostState(is_online=is_online, timestamp_ms=at_ms)
    assert decode_state(encode_state(state)) == state


@given(st.binary(max_size=100))
def test_no_octets_raise_anything_but_a_refusal(octets: bytes) -> None:
    for payload in (octets, b'{"online": %s}' % octets):
        try:
            decode_state(payload)
        except ProtocolError as error:
            assert error.octets == payload  # noqa: PT017 - nearly all are refused


def test_a_state_of_sparkplug_2_is_refused() -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_state(b"ONLINE")
    assert refused.value.reason is Reason.BAD_JSON
