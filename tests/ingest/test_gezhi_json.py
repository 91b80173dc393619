import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from functools import reduce
from operator import or_

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.gezhi_json import (
    MAX_MESSAGE,
    DeviceReadings,
    StatusMessage,
    UpMessage,
    decode,
    decode_status,
    encode,
    encode_status,
)
from ingest.protocols.gezhi_message import SAID
from ingest.protocols.up_message import DoubtfulReadings
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

AT = "2026-11-21T07:59:58Z"
GOOD = {"device": "MH-0001", "measured_at": AT, "values": {"tilt_deg": 3.2}}
FIX = {"device": "VT-0001", "fixed_at": AT, "lon": 111.0, "lat": 35.0}

TIMES = st.datetimes(
    datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(2199, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
READINGS = st.builds(
    DeviceReadings,
    device=WORDS,
    measured_at=TIMES,
    values=st.dictionaries(WORDS, NUMBERS, max_size=5),
)
DOUBTS = st.lists(st.sampled_from(list(SAID)), min_size=1).map(
    lambda bits: reduce(or_, bits)
)
DOUBTFUL = st.builds(
    DoubtfulReadings,
    device=WORDS,
    measured_at=TIMES,
    values=st.dictionaries(WORDS, NUMBERS, max_size=5),
    quality=DOUBTS,
)
POSITIONS = st.builds(
    Position,
    device=WORDS,
    fixed_at=TIMES,
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    speed_kmh=st.none() | NUMBERS,
    course_deg=st.none() | NUMBERS,
    altitude_m=st.none() | NUMBERS,
    satellites=st.none() | st.integers(0, 99),
    hdop=st.none() | NUMBERS,
    inputs=st.integers(0, 255),
    quality=st.just(Quality.GOOD) | DOUBTS,
)
MESSAGES = st.builds(
    UpMessage,
    seq=st.none() | st.integers(0, 2**62),
    sent_at=st.none() | TIMES,
    readings=st.lists(READINGS | DOUBTFUL, max_size=4),
    positions=st.lists(POSITIONS, max_size=4),
    errors=st.just(()),
)


def up(**parts: object) -> bytes:
    return json.dumps(parts).encode()


def reasons(message: UpMessage) -> list[Reason]:
    return [error.reason for error in message.errors]


@given(MESSAGES)
def test_decoding_undoes_encoding(message: UpMessage) -> None:
    assert decode(encode(message)) == message


@given(st.builds(StatusMessage, up=st.booleans(), at=st.none() | TIMES))
def test_decoding_a_status_undoes_encoding(message: StatusMessage) -> None:
    assert decode_status(encode_status(message)) == message


@given(MESSAGES, st.data())
def test_a_message_with_an_octet_changed_is_taken_or_refused(
    message: UpMessage, data: st.DataObject
) -> None:
    payload = bytearray(encode(message))
    where = data.draw(st.integers(0, len(payload) - 1))
    payload[where] = data.draw(st.integers(0, 255))
    for decoder in (decode, decode_status):
        with contextlib.suppress(ProtocolError):
            decoder(bytes(payload))


@given(st.binary(max_size=100))
def test_noise_is_refused(noise: bytes) -> None:
    with contextlib.suppress(ProtocolError):
        decode(noise)


def test_the_example_of_the_docstring_is_read() -> None:
    message = decode(
        up(seq=17, sent_at=AT, readings=[GOOD], positions=[FIX], anything="else")
    )
    assert message.seq == 17
    assert message.readings[0].values == {"tilt_deg": 3.2}
    assert message.positions[0].speed_kmh is None
    assert message.errors == ()


def test_a_time_may_be_in_any_zone_but_must_have_one() -> None:
    east = GOOD | {"measured_at": "2026-11-21T15:59:58+08:00"}
    naive = GOOD | {"measured_at": "2026-11-21T07:59:58"}
    message = decode(up(readings=[east, naive]))
    zone = timezone(timedelta(hours=8))
    assert message.readings[0].measured_at == datetime(
        2026, 11, 21, 15, 59, 58, tzinfo=zone
    )
    assert reasons(message) == [Reason.NAIVE_TIME]


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"device": 5}, Reason.BAD_FIELD),
        ({"device": None}, Reason.BAD_FIELD),
        ({"measured_at": "yesterday"}, Reason.BAD_TIME),
        ({"measured_at": 1700000000}, Reason.BAD_TIME),
        ({"values": [1]}, Reason.BAD_FIELD),
        ({"values": {"tilt_deg": None}}, Reason.BAD_VALUE),
        ({"values": {"tilt_deg": "3.2"}}, Reason.BAD_VALUE),
        ({"values": {"tilt_deg": {}}}, Reason.BAD_VALUE),
    ],
)
def test_a_bad_reading_is_refused_and_its_neighbours_are_not(
    part: dict[str, object], reason: Reason
) -> None:
    message = decode(up(seq=1, readings=[GOOD, GOOD | part, GOOD], positions=[FIX]))
    assert reasons(message) == [reason]
    assert message.seq == 1
    assert [r.values for r in message.readings if r.values] == [{"tilt_deg": 3.2}] * 2
    assert len(message.positions) == 1


def test_a_bad_value_is_refused_and_the_others_of_its_device_are_not() -> None:
    mixed = GOOD | {"values": {"tilt_deg": "?", "battery_pct": 88, "cover_open": True}}
    message = decode(up(readings=[mixed]))
    assert message.readings[0].values == {"battery_pct": 88, "cover_open": True}
    assert message.errors[0].octets == b'"?"'
    assert "tilt_deg of MH-0001" in message.errors[0].detail


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"lon": 181}, Reason.BAD_POSITION),
        ({"lat": -90.5}, Reason.BAD_POSITION),
        ({"lon": None}, Reason.BAD_POSITION),
        ({"fixed_at": ""}, Reason.BAD_TIME),
        ({"satellites": -1}, Reason.BAD_FIELD),
        ({"satellites": 2**15}, Reason.BAD_FIELD),
        ({"inputs": 2**31}, Reason.BAD_FIELD),
    ],
)
def test_a_bad_position_is_refused_and_its_neighbours_are_not(
    part: dict[str, object], reason: Reason
) -> None:
    message = decode(up(readings=[GOOD], positions=[FIX, FIX | part, FIX]))
    assert reasons(message) == [reason]
    assert (len(message.readings), len(message.positions)) == (1, 2)


def test_a_bad_head_does_not_cost_the_readings() -> None:
    message = decode(up(seq="x", sent_at=5, readings=[GOOD], positions={}))
    assert sorted(reasons(message)) == ["bad-field", "bad-field", "bad-time"]
    assert (message.seq, message.sent_at) == (None, None)
    assert len(message.readings) == 1


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"5",
        b"{",
        b'{"seq": NaN}',
        b'{"readings":' + b"[" * 100_000,
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"readings":[{"device":"\xff","measured_at":"2026-11-21T07:59:58Z"}]}',
    ],
)
def test_what_is_no_json_object_is_refused_whole(payload: bytes) -> None:
    with pytest.raises(ProtocolError, match="bad-json"):
        decode(payload)


def test_a_message_that_is_too_long_is_refused_unread() -> None:
    long = up(readings=[GOOD]) + b" " * MAX_MESSAGE
    with pytest.raises(ProtocolError, match="too-long"):
        decode(long)
    with pytest.raises(ProtocolError, match="too-long"):
        decode_status(long)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.BAD_JSON),
        (b"{}", Reason.BAD_FIELD),
        (b'{"up": 1}', Reason.BAD_FIELD),
        (b'{"up": true, "at": "2026-11-21T07:59:58"}', Reason.NAIVE_TIME),
    ],
)
def test_a_bad_status_is_refused(payload: bytes, reason: Reason) -> None:
    with pytest.raises(ProtocolError) as refused:
        decode_status(payload)
    assert refused.value.reason == reason


def test_what_a_gateway_cannot_know_it_does_not_make_doubtful() -> None:
    late_and_faulty = Quality.LATE | Quality.SENSOR_FAULT
    message = decode(
        up(
            readings=[{**GOOD, "quality": int(late_and_faulty)}, GOOD],
            positions=[{**FIX, "quality": int(Quality.JUMP)}],
        )
    )
    first, second = message.readings
    assert isinstance(first, DoubtfulReadings)
    assert first.quality is Quality.SENSOR_FAULT
    assert type(second) is DeviceReadings
    assert message.positions[0].quality is Quality.GOOD


def test_a_reading_whose_doubt_is_no_number_is_refused_by_itself() -> None:
    message = decode(up(readings=[{**GOOD, "quality": "bad"}, GOOD]))
    assert len(message.readings) == 1
    assert reasons(message) == [Reason.BAD_FIELD]
