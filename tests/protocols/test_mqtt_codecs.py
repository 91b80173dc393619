"""Codecs of other people's MQTT formats: both directions, and what nobody meant."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cbor2
import msgspec
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols import (
    chirpstack3,
    chirpstack4,
    gezhi_json,
    gezhi_msgpack,
    senml,
    sparkplug,
    thingsboard,
    ttn3,
)
from ingest.protocols.errors import MOST_DETAIL, MOST_ERRORS, ProtocolError
from ingest.protocols.json_document import numbers_of
from ingest.protocols.lorawan import (
    UnknownPayloadCodecError,
    payload_codec,
    payload_codec_names,
)
from ingest.protocols.up_message import DeviceReadings, Notice, Uplink, UpMessage
from tests.protocols.realdata import FOLDER
from vocabulary.position import Position
from vocabulary.quantity import QUANTITIES, Quantity
from vocabulary.refusal import Reason

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)

hexadecimal = st.binary(min_size=8, max_size=8).map(bytes.hex)
times = st.integers(0, 10**9).map(lambda ms: NOW - timedelta(milliseconds=ms))
numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,12}[a-z0-9]", fullmatch=True)

uplinks = st.builds(
    Uplink,
    device=hexadecimal,
    heard_at=times,
    session=st.binary(min_size=4, max_size=4).map(bytes.hex),
    counter=st.integers(0, 2**32 - 1),
    port=st.integers(0, 223),
    payload=st.binary(max_size=60),
    values=st.dictionaries(names, numbers | st.booleans(), max_size=4),
    extras=st.fixed_dictionaries({"rssi_dbm": numbers, "snr_db": numbers}),
)

readings = st.builds(
    DeviceReadings,
    device=names,
    measured_at=times,
    values=st.dictionaries(names, numbers | st.booleans(), min_size=1, max_size=4),
)


@given(uplinks)
def test_an_uplink_means_the_same_through_every_network_server(uplink: Uplink) -> None:
    assert chirpstack4.decode(chirpstack4.encode(uplink)) == uplink
    assert chirpstack3.decode(chirpstack3.encode(uplink)) == uplink
    again = ttn3.decode(ttn3.encode(uplink))
    assert isinstance(again, Uplink)
    assert again.session.lower() == uplink.session
    assert (again.device, again.payload) == (uplink.device, uplink.payload)
    assert (again.values, again.extras) == (uplink.values, uplink.extras)


@given(st.lists(readings, max_size=4))
def test_our_own_message_means_the_same_as_messagepack(
    parts: list[DeviceReadings],
) -> None:
    fix = Position(device="VT-1", fixed_at=NOW, lon=111.0, lat=35.0, satellites=9)
    message = UpMessage(seq=7, sent_at=NOW, readings=parts, positions=[fix])
    octets = gezhi_msgpack.encode(message)
    assert gezhi_msgpack.is_mine(octets)
    assert not gezhi_msgpack.is_mine(gezhi_json.encode(message))
    assert gezhi_msgpack.decode(octets) == message
    assert gezhi_msgpack.decode(octets) == gezhi_json.decode(gezhi_json.encode(message))


@given(st.lists(readings, max_size=4, unique_by=lambda part: part.device))
def test_telemetry_and_senml_give_back_what_they_were_given(
    parts: list[DeviceReadings],
) -> None:
    def as_pairs(message: object) -> set[tuple[str, datetime, str, float]]:
        assert isinstance(message, UpMessage)
        assert not message.errors
        return {
            (part.device, part.measured_at, name, float(value))
            for part in message.readings
            for name, value in part.values.items()
        }

    message = UpMessage(readings=parts)
    said = as_pairs(message)
    telemetry = thingsboard.encode(message)
    assert as_pairs(thingsboard.decode(telemetry, "telemetry", NOW)) == said
    assert as_pairs(senml.decode(senml.encode(message), NOW)) == said
    octets = senml.encode_cbor(message)
    assert senml.is_cbor(octets)
    assert as_pairs(senml.decode(octets, NOW)) == said


DECODERS: dict[str, Callable[[bytes], object]] = {
    "chirpstack4": chirpstack4.decode,
    "chirpstack3": chirpstack3.decode,
    "ttn3": ttn3.decode,
    "senml": lambda octets: senml.decode(octets, NOW),
    "telemetry": lambda octets: thingsboard.decode(octets, "telemetry", NOW),
    "connect": lambda octets: thingsboard.decode(octets, "connect", NOW),
    "attributes": lambda octets: thingsboard.decode(octets, "attributes", NOW),
    "msgpack": gezhi_msgpack.decode,
    "msgpack status": gezhi_msgpack.decode_status,
    "sparkplug": sparkplug.decode_payload,
}

FIELDS = [
    *("devEUI", "devEui", "deviceInfo", "data", "object"),
    *("objectJSON", "rxInfo", "fCnt", "time", "ts"),
    *("values", "end_device_ids", "dev_eui", "uplink_message", "bn"),
    *("bt", "n", "t", "v", "device"),
    *("readings", "measured_at"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "devEUI",
                    "deviceInfo",
                    "devEui",
                    "data",
                    "object",
                    "rxInfo",
                    "time",
                    "ts",
                    "values",
                    "end_device_ids",
                    "dev_eui",
                    "uplink_message",
                    "n",
                    "v",
                    "bt",
                    "t",
                    "bn",
                    "device",
                    "readings",
                    "measured_at",
                    "fCnt",
                    "objectJSON",
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("name", DECODERS)
@given(octets=st.binary(max_size=80) | json_values.map(msgspec.json.encode))
def test_no_octets_raise_anything_but_the_one_error(name: str, octets: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        DECODERS[name](octets)


@given(st.lists(st.dictionaries(st.integers(-9, 10), json_values, max_size=5)))
def test_no_cbor_raises_anything_but_the_one_error(records: list[object]) -> None:
    with contextlib.suppress(ProtocolError):
        senml.decode(cbor2.dumps(records), NOW)


@pytest.mark.parametrize("name", payload_codec_names())
@given(payload=st.binary(max_size=60), port=st.sampled_from((0, 2, 5, 85)))
def test_no_payload_raises_and_all_it_says_are_quantities(
    name: str, payload: bytes, port: int
) -> None:
    explained = payload_codec(name).decode(payload, port)
    for sample in explained.samples:
        assert sample.values.keys() <= QUANTITIES.keys()


@pytest.mark.parametrize("name", payload_codec_names())
def test_what_a_payload_says_can_be_written_and_read(name: str) -> None:
    codec = payload_codec(name)
    for part in (0.25, 0.5):
        values = {
            quantity: float(round(facts.low + (facts.high - facts.low) * part))
            for quantity, facts in QUANTITIES.items()
        }
        values |= {Quantity.BATTERY_V: 3.0, Quantity.PRESSURE_KPA: 80.0}
        values |= {Quantity.TILT_Z_DEG: 60.0, Quantity.TILT_DEG: 30.0}
        values |= {Quantity.DEPTH_MM: 500.0, Quantity.LOOP_CURRENT_MA: 4.8}
        values |= dict.fromkeys(
            (
                Quantity.ACCELERATION_X_G,
                Quantity.ACCELERATION_Y_G,
                Quantity.ACCELERATION_Z_G,
            ),
            part,
        )
        values |= {Quantity.ILLUMINANCE_LX: 500.0, Quantity.RAIN_TOTAL_MM: 1234.0}
        once = codec.decode(codec.encode(values), 0)
        assert not once.errors
        (sample,) = once.samples
        again = codec.decode(codec.encode(sample.values), 0)
        assert again.samples[0].values == pytest.approx(sample.values)


@pytest.mark.parametrize(
    "name", ["", "em310", "dl-mbx:pmin=1", "dl-pr26:pmin=x", "dl-pr26:pmin=1,pmax=1"]
)
def test_a_payload_codec_that_does_not_exist_is_said_so(name: str) -> None:
    with pytest.raises(UnknownPayloadCodecError, match="there are"):
        payload_codec(name)


EXPECTED = {
    "chirpstack_v4_join": "join",
    "chirpstack_v4_status": "status",
    "chirpstack_v4_up": "uplink",
    "enterprise_aws_ami_application-server-telemetry_0": "unknown-message",
    "integrations_application-packages_using-the-api_13": "unknown-message",
    "integrations_application-packages_using-the-api_5": "unknown-message",
    "integrations_data-formats_1": "join_accept",
    "integrations_data-formats_5": "downlink_ack",
    "integrations_data-formats_7": "downlink_failed",
    "integrations_data-formats_9": "downlinks",
    "integrations_other-integrations_mqtt_2": "uplink",
    "integrations_other-integrations_pubsub_mqtt-client_0": "uplink",
    "integrations_other-integrations_pubsub_mqtt-client_2": "downlink_queued",
    "integrations_other-integrations_pubsub_nats-client_2": "downlink_queued",
    "integrations_payload-formatters_cayenne_2": "bad-field",
    "integrations_storage_enable_6": "unknown-message",
    "integrations_storage_retrieve_1": "unknown-message",
    "integrations_storage_retrieve_6": "uplink",
}


@pytest.mark.realdata
def test_messages_of_network_servers_are_what_their_manuals_say() -> None:
    folder = FOLDER / "network_json"
    if not folder.exists():
        pytest.skip("network_json is not there")
    found = {p.stem.removeprefix("ttn_v3_"): _kind(p) for p in folder.iterdir()}
    assert found == EXPECTED


def _kind(path: Path) -> str:
    decode = chirpstack4.decode if "chirpstack" in path.name else ttn3.decode
    try:
        said = decode(path.read_bytes())
    except ProtocolError as error:
        return error.reason
    return said.kind if isinstance(said, Notice) else "uplink"


def _google_payload() -> type:
    """Return Google's class for the part of the Payload message that we read."""
    file = descriptor_pb2.FileDescriptorProto(name="payload.proto", syntax="proto2")
    types = descriptor_pb2.FieldDescriptorProto
    metric = file.message_type.add(name="Metric")
    for number, name, kind in (
        (1, "name", types.TYPE_STRING),
        (2, "alias", types.TYPE_UINT64),
        (3, "timestamp", types.TYPE_UINT64),
        (4, "datatype", types.TYPE_UINT32),
        (5, "is_historical", types.TYPE_BOOL),
        (6, "is_transient", types.TYPE_BOOL),
        (7, "is_null", types.TYPE_BOOL),
        (10, "int_value", types.TYPE_UINT32),
        (11, "long_value", types.TYPE_UINT64),
        (12, "float_value", types.TYPE_FLOAT),
        (13, "double_value", types.TYPE_DOUBLE),
        (14, "boolean_value", types.TYPE_BOOL),
        (15, "string_value", types.TYPE_STRING),
    ):
        metric.field.add(
            name=name, number=number, type=kind, label=types.LABEL_OPTIONAL
        )
    payload = file.message_type.add(name="Payload")
    payload.field.add(
        name="timestamp", number=1, type=types.TYPE_UINT64, label=types.LABEL_OPTIONAL
    )
    payload.field.add(
        name="metrics",
        number=2,
        type=types.TYPE_MESSAGE,
        type_name="Metric",
        label=types.LABEL_REPEATED,
    )
    payload.field.add(
        name="seq", number=3, type=types.TYPE_UINT64, label=types.LABEL_OPTIONAL
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    found = pool.FindMessageTypeByName("Payload")
    return message_factory.GetMessageClass(found)


GOOGLE_PAYLOAD = _google_payload()

metrics = st.builds(
    sparkplug.Metric,
    name=st.text(max_size=12),
    alias=st.none() | st.integers(0, 2**64 - 1),
    timestamp_ms=st.none() | st.integers(0, 2**48),
    datatype=st.just(sparkplug.DataType.DOUBLE),
    is_transient=st.booleans(),
    is_null=st.booleans(),
    raw=st.none() | st.floats(allow_nan=False) | st.booleans(),
)


@given(
    st.builds(
        sparkplug.Payload,
        timestamp_ms=st.none() | st.integers(0, 2**48),
        seq=st.none() | st.integers(0, 255),
        metrics=st.lists(metrics, max_size=4),
    )
)
def test_our_reader_and_googles_agree(payload: sparkplug.Payload) -> None:
    octets = sparkplug.encode_payload(payload)
    assert sparkplug.decode_payload(octets) == payload
    theirs = GOOGLE_PAYLOAD.FromString(octets)  # type: ignore[attr-defined] # made at run time
    assert theirs.timestamp == (payload.timestamp_ms or 0)
    assert theirs.seq == (payload.seq or 0)
    for ours, other in zip(payload.metrics, theirs.metrics, strict=True):
        assert (other.name, other.alias) == (ours.name, ours.alias or 0)
        value = None
        if other.HasField("double_value"):
            value = other.double_value
        elif other.HasField("boolean_value"):
            value = other.boolean_value
        assert value == ours.raw
    assert sparkplug.decode_payload(theirs.SerializeToString()) == payload


def test_a_long_name_is_no_value_and_a_value_of_a_million_digits_none() -> None:
    long = "x" * 200
    document = {long: {long: 1, "a": 2}, "b": "9" * 1_000_000, "c": 10**1000}
    assert numbers_of(document) == {f"{long}.a": 2}


@given(st.integers(0, 3 * MOST_ERRORS))
def test_of_many_errors_the_first_are_told_and_the_others_counted(count: int) -> None:
    payload = b"[%b]" % b",".join([b'{"v":""}'] * count)
    errors = senml.decode(payload, NOW).errors
    assert len(errors) == min(count, MOST_ERRORS + 1)
    if count > MOST_ERRORS:
        assert errors[-1].detail.startswith(f"{count - MOST_ERRORS} more errors")
        assert errors[-1].octets == payload


def test_a_detail_is_never_longer_than_people_read() -> None:
    error = ProtocolError(Reason.BAD_FIELD, "x" * 1_000_000, b"")
    assert len(error.detail) == MOST_DETAIL
    assert error.detail.endswith("…")


def test_a_name_without_an_end_is_nothing_to_be_born_with() -> None:
    metric = sparkplug.Metric(name="x" * 1000, datatype=sparkplug.DataType.DOUBLE)
    topic = sparkplug.Topic("city", sparkplug.Kind.NBIRTH, "GW-7")
    heard = sparkplug.NodeSession().receive(
        topic, sparkplug.Payload(seq=0, metrics=[metric]), octets=b"", now=NOW
    )
    assert [error.reason for error in heard.errors] == [Reason.TOO_LONG]
