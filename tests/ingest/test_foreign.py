"""What gateways of other formats mean, without a broker."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from devices.registry.snapshot import Snapshot
from ingest.mqtt.foreign import MAX_NODES, Interpreter, Meaning
from ingest.mqtt.frames import SeenFrames
from ingest.mqtt.topics import Topics, foreign_filters, reads, writes
from ingest.protocols import chirpstack4, sparkplug, thingsboard
from ingest.protocols.errors import ProtocolError
from ingest.protocols.lorawan import payload_codec
from ingest.protocols.up_message import DeviceReadings, Uplink, UpMessage
from tests.protocols.realdata import realdata
from vocabulary.device import Device, DeviceKind, Format, Gateway, Transport
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.refusal import Reason

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)


def town(
    format_: Format,
    *,
    native_topics: bool = False,
    payload_codec_: str = "",
    aliases: str = "",
) -> Snapshot:
    """Make a registry of one gateway, GW, and one device, DEV."""
    gateway = Gateway(
        id=1,
        code="GW",
        transport=Transport.MQTT,
        host="",
        port=0,
        simulated=False,
        format=format_,
        native_topics=native_topics,
    )
    device = Device(
        id=1,
        code="MH-1",
        kind=DeviceKind.COVER,
        gateway="GW",
        address="DEV",
        component_id=None,
        vehicle_id=None,
        cell_id=None,
        upstream_id=None,
        lon=None,
        lat=None,
        register_map="",
        expected_interval_s=600,
        allowed_lateness_s=0,
        time_zone="",
        datum="wgs84",
        simulated=False,
        payload_codec=payload_codec_,
        aliases=aliases,
    )
    series = {1: (1, "tilt_deg"), 2: (1, "battery_pct")}
    return Snapshot(
        version=1, gateways={"GW": gateway}, devices={1: device}, series=series
    )


def meaning_of(
    snapshot: Snapshot,
    native: str,
    payload: bytes,
    *,
    interpreter: Interpreter | None = None,
    now: datetime = NOW,
) -> Meaning:
    address = Topics(snapshot).address(f"gezhi/v1/GW/native/{native}")
    return (interpreter or Interpreter()).interpret(
        snapshot.gateways["GW"], address, payload, snapshot=snapshot, now=now
    )


def values_of(meaning: Meaning) -> list[Mapping[str, float]]:
    return [part.values for part in meaning.readings]


def telemetry(values: Mapping[str, float]) -> bytes:
    part = DeviceReadings(device="DEV", measured_at=NOW, values=values)
    return thingsboard.encode(UpMessage(readings=[part]))


def uplink(counter: int = 1, *, payload: bytes = b"", at: datetime = NOW) -> bytes:
    said = Uplink(
        device="DEV",
        heard_at=at,
        session="01",
        counter=counter,
        port=85,
        payload=payload,
    )
    document = chirpstack4.encode(said)
    return document.replace(b'"devEui":"DEV"', b'"deviceName":"DEV"')


def test_what_the_profile_does_not_ask_for_is_left_out() -> None:
    snapshot = town(Format.THINGSBOARD, aliases="level=tilt_deg*10+1")
    payload = telemetry({"level": 2, "battery_pct": 88, "firmware": 7})
    meaning = meaning_of(snapshot, "v1/gateway/telemetry", payload)
    assert values_of(meaning) == [{"battery_pct": 88, "tilt_deg": 21}]
    assert not meaning.errors


def test_values_of_which_none_is_asked_for_are_refused_with_their_names() -> None:
    snapshot = town(Format.THINGSBOARD)
    meaning = meaning_of(snapshot, "v1/gateway/telemetry", telemetry({"level": 2}))
    ((error, identity),) = meaning.errors
    assert (error.reason, identity) == (Reason.UNKNOWN_QUANTITY, "DEV")
    assert "level" in error.detail
    assert error.octets == telemetry({"level": 2})  # whole, to be read again


def test_a_payload_that_nobody_explains_is_refused() -> None:
    payload = payload_codec("em310-tilt").encode({Quantity.TILT_Z_DEG: 60.0})
    for codec, word in (("", "names no payload_codec"), ("em31", "em310-tilt")):
        snapshot = town(Format.CHIRPSTACK4, payload_codec_=codec)
        meaning = meaning_of(snapshot, "x/event/up", uplink(payload=payload))
        ((error, identity),) = meaning.errors
        assert (error.reason, identity) == (Reason.UNKNOWN_QUANTITY, "DEV")
        assert word in error.detail


def test_a_frame_without_a_payload_is_no_mistake() -> None:
    snapshot = town(Format.CHIRPSTACK4, payload_codec_="em310-tilt")
    meaning = meaning_of(snapshot, "x/event/up", uplink())
    assert (meaning.readings, meaning.errors) == ([], [])


def test_a_frame_held_back_is_older_than_what_came_before_it() -> None:
    snapshot = town(Format.CHIRPSTACK4, payload_codec_="em310-tilt")
    interpreter = Interpreter()
    codec = payload_codec("em310-tilt")
    times = []
    for counter, seconds in ((5, 0), (4, 60), (6, 120)):
        at = NOW + timedelta(seconds=seconds)
        payload = codec.encode({Quantity.TILT_Z_DEG: 90.0 - counter})
        document = uplink(counter, payload=payload, at=at)
        said = meaning_of(
            snapshot, "x/event/up", document, interpreter=interpreter, now=at
        )
        (part,) = said.readings
        assert part.values == {"tilt_deg": counter}
        times.append(part.measured_at)
    assert times == [NOW, NOW - timedelta(milliseconds=1), NOW + timedelta(minutes=2)]


@pytest.mark.realdata
def test_of_four_hundred_uplinks_the_repeats_are_found() -> None:
    records = realdata("lorawan/campusiot_elsys_ems.ndjson.gz")
    seen = SeenFrames()
    new = repeats = 0
    for record in records:
        received_ms = cast("int", record["received_at"])
        now = datetime.fromtimestamp(received_ms / 1000, UTC)
        said = Uplink(
            device=str(record["dev_eui"]).lower(),
            heard_at=now,
            session=str(record["devaddr"]),
            counter=cast("int", record["fcnt"]),
            port=cast("int", record["port"]),
            payload=base64.b64decode(str(record["payload"])),
        )
        if seen.is_repeat("GW", said, now):
            repeats += 1
            continue
        new += 1
        assert seen.heard_at("GW", said, now, now) == now
    assert (new, repeats) == (172, 228)


def node_message(seq: int | None, *metrics: sparkplug.Metric) -> bytes:
    return sparkplug.encode_payload(
        sparkplug.Payload(timestamp_ms=1795248000000, seq=seq, metrics=metrics)
    )


def bd_seq(number: int) -> sparkplug.Metric:
    return sparkplug.Metric(name="bdSeq", datatype=sparkplug.DataType.INT64, raw=number)


def test_a_node_is_down_by_the_will_of_its_own_session_only() -> None:
    snapshot = town(Format.SPARKPLUG)
    interpreter = Interpreter()

    def up(kind: str, payload: bytes) -> Meaning:
        topic = f"spBv1.0/city/{kind}/GW"
        return meaning_of(snapshot, topic, payload, interpreter=interpreter)

    assert up("NBIRTH", node_message(0, bd_seq(4))).is_up is True
    assert up("NDEATH", node_message(None, bd_seq(3))).is_up is None
    assert not up("NDATA", node_message(1)).commands
    assert up("NDEATH", node_message(None, bd_seq(4))).is_up is False
    (command,) = up("NDATA", node_message(2)).commands
    assert command.topic == "gezhi/v1/GW/down/spBv1.0/city/NCMD/GW"


def test_a_nodes_own_metrics_are_nobodys_unless_it_is_a_device() -> None:
    battery = sparkplug.Metric(
        name="battery_pct", datatype=sparkplug.DataType.DOUBLE, raw=88.0
    )
    snapshot = town(Format.SPARKPLUG)
    own = meaning_of(snapshot, "spBv1.0/city/NBIRTH/GW", node_message(0, battery))
    assert (own.readings, own.errors) == ([], [])
    device = meaning_of(snapshot, "spBv1.0/city/NBIRTH/DEV", node_message(0, battery))
    assert values_of(device) == [{"battery_pct": 88}]


def test_a_rebirth_is_wished_for_once_a_minute() -> None:
    snapshot = town(Format.SPARKPLUG)
    interpreter = Interpreter()
    wishes = []
    for n, seconds in enumerate((0, 1, 59, 60, 61)):
        now = NOW + timedelta(seconds=seconds)
        said = meaning_of(
            snapshot,
            "spBv1.0/city/NDATA/GW",
            node_message(n),
            interpreter=interpreter,
            now=now,
        )
        wishes.append(len(said.commands))
    assert wishes == [1, 0, 0, 1, 0]


def test_a_gateway_cannot_invent_nodes_without_end() -> None:
    snapshot = town(Format.SPARKPLUG)
    interpreter = Interpreter()
    birth = node_message(0)
    for n in range(MAX_NODES):
        topic = f"spBv1.0/city/NBIRTH/N{n}"
        meaning_of(snapshot, topic, birth, interpreter=interpreter)
    with pytest.raises(ProtocolError, match="edge nodes behind GW"):
        meaning_of(snapshot, "spBv1.0/city/NBIRTH/N", birth, interpreter=interpreter)


@pytest.mark.parametrize(
    "native", ["", "spBv1.0/city/NCMD/GW", "spBv1.0/city/DDATA/GW", "x/y"]
)
def test_a_node_speaks_on_its_topics_only(native: str) -> None:
    with pytest.raises(ProtocolError, match="no topic that an edge node"):
        meaning_of(town(Format.SPARKPLUG), native, node_message(0))


def test_simulated_uplinks_say_so() -> None:
    snapshot = town(Format.TTN3, payload_codec_="em310-tilt")
    payload = base64.b64encode(
        payload_codec("em310-tilt").encode({Quantity.TILT_Z_DEG: 60.0})
    )
    document = (
        b'{"end_device_ids":{"device_id":"DEV"},"received_at":"2026-11-21T08:00:00Z",'
        b'"uplink_message":{"f_port":85,"frm_payload":"%s"},"simulated":true}' % payload
    )
    (part,) = meaning_of(snapshot, "v3/a@t/devices/DEV/up", document).readings
    assert getattr(part, "quality", None) == Quality.SIMULATED


@pytest.mark.parametrize(
    ("format_", "native_topics", "filters"),
    [
        (Format.GEZHI, False, {}),
        (Format.SENML, False, {"gezhi/v1/GW/native/#": True}),
        (
            Format.THINGSBOARD,
            True,
            {"gezhi/v1/GW/native/#": True, "v1/gateway/+": True},
        ),
        (Format.SPARKPLUG, False, {"gezhi/v1/GW/native/#": False}),
    ],
)
def test_only_what_registered_gateways_speak_is_asked_for(
    format_: Format, *, native_topics: bool, filters: dict[str, bool]
) -> None:
    assert foreign_filters(town(format_, native_topics=native_topics)) == filters


def test_a_node_may_write_its_own_topics_and_read_its_commands() -> None:
    gateway = town(Format.SPARKPLUG, native_topics=True).gateways["GW"]
    assert "spBv1.0/+/DDATA/GW/+" in writes(gateway)
    assert all(topic.split("/")[3] == "GW" for topic in writes(gateway))
    assert reads(gateway) == [
        "spBv1.0/+/NCMD/GW",
        "spBv1.0/+/DCMD/GW/+",
        "spBv1.0/STATE/gezhi",
    ]
