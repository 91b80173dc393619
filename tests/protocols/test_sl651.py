"""SL 651: what holds for any message, and the dialogue of packets."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sl651 import (
    Element,
    End,
    Frame,
    Function,
    Item,
    Missing,
    Sl651Stream,
    acknowledgement,
    readings_of,
    report_from,
    resend_request,
)
from ingest.protocols.sl651.bcd import BcdError, number, number_octets
from ingest.protocols.sl651.encode import (
    Sender,
    head,
    level_pack,
    measured,
    message,
    observation,
    packets,
    rain_pack,
    series,
)
from ingest.protocols.sl651.frame import (
    MAX_BODY,
    MAX_FRAME,
    Packet,
    decode_frame,
    encode_frame,
)
from ingest.protocols.sl651.packets import MAX_ASSEMBLIES, MAX_MESSAGE
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.refusal import Reason
from vocabulary.times import BEIJING

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=BEIJING)
SENDER = Sender(station="0061530042", centre=3, password=0x1A2B)

stations = st.text("0123456789ABCDEF", min_size=10, max_size=10)
frames = st.builds(
    Frame,
    is_down=st.booleans(),
    centre=st.integers(0, 255),
    station=stations,
    password=st.integers(0, 0xFFFF),
    function=st.integers(0, 255),
    packet=st.none(),
    body=st.binary(min_size=1, max_size=80),
    end=st.sampled_from(End),
)
numbered = st.builds(Packet, total=st.integers(3, MAX_BODY), number=st.integers(1, 3))


def timed(serial: int, level_m: float) -> bytes:
    body = head(serial, NOON, SENDER)
    return message(SENDER, Function.TIMED, body + seen(level_m))


def seen(level_m: float) -> bytes:
    return observation(SENDER, NOON, [measured(0x39, level_m)])


def heard(octets: bytes) -> list[Item]:
    stream = Sl651Stream()
    return [*stream.receive_data(octets), *stream.receive_eof()]


@given(frames, st.none() | numbered)
def test_decode_undoes_encode(frame: Frame, packet: Packet | None) -> None:
    frame = replace(frame, packet=packet)
    octets = encode_frame(frame)
    assert decode_frame(octets) == frame
    assert encode_frame(decode_frame(octets)) == octets


@pytest.mark.parametrize("size", [0, MAX_BODY + 1])
def test_a_body_that_no_length_can_tell_is_not_written(size: int) -> None:
    with pytest.raises(ValueError, match="body"):
        message(SENDER, Function.TIMED, bytes(size))


@given(st.lists(frames, max_size=5), st.data())
def test_chunks_never_change_what_comes_out(
    sent: list[Frame], data: st.DataObject
) -> None:
    noise = data.draw(st.lists(st.binary(max_size=20), min_size=5, max_size=5))
    octets = b"".join(
        between + encode_frame(frame)
        for between, frame in zip(noise, sent, strict=False)
    )
    size = data.draw(st.integers(1, 50))
    stream = Sl651Stream()
    items: list[Item] = []
    for at in range(0, len(octets), size):
        items += stream.receive_data(octets[at : at + size])
    assert words(items) == words(Sl651Stream().receive_data(octets))


@given(st.lists(st.binary(max_size=60) | st.just(b"\x7e\x7e"), max_size=30))
def test_no_octets_raise_anything(chunks: list[bytes]) -> None:
    stream = Sl651Stream()
    for chunk in chunks:
        for item in stream.receive_data(chunk):
            read_all(item)
        stream.receive_gap()
    stream.receive_eof()


@given(st.sampled_from(Function), st.binary(max_size=120))
def test_no_body_raises_anything_but_the_documented_error(
    function: Function, rest: bytes
) -> None:
    begun = observation(SENDER, NOON, [])
    for body in (
        rest,
        head(1, NOON, SENDER) + rest,
        head(1, NOON, SENDER) + begun + rest,
    ):
        if body:
            (frame,) = heard(message(SENDER, function, body))
            assert isinstance(frame, Frame)
            read_all(frame)


def read_all(item: Item) -> None:
    if isinstance(item, Frame):
        try:
            report = report_from(item)
        except ProtocolError:
            return
        readings_of(report)


def words(items: Sequence[Item]) -> list[object]:
    """Errors compare by identity; their octets and reasons do not."""
    return [
        (item.reason, item.octets) if isinstance(item, ProtocolError) else item
        for item in items
    ]


@given(st.integers(-999_999, 9_999_999), st.integers(0, 7))
def test_a_number_is_read_as_it_was_written(whole: int, decimals: int) -> None:
    value = whole / 10.0**decimals
    octets = number_octets(value, 4, decimals)
    assert number(octets, decimals) == pytest.approx(value, abs=1e-9)


def test_a_number_that_does_not_fit_is_not_written() -> None:
    with pytest.raises(ValueError, match="6 digits"):
        number_octets(-1_000_000, 4, 0)


def test_the_standards_negative_of_an_odd_number_of_digits_is_read() -> None:
    assert number(bytes.fromhex("FF012345"), 2) == -123.45


def test_half_octets_above_nine_are_no_number() -> None:
    with pytest.raises(BcdError, match="not BCD"):
        number(bytes.fromhex("00A1"), 0)


def test_two_frames_whose_line_loses_octets_between_them_lose_only_one() -> None:
    first, second = timed(1, 0.5), timed(2, 0.6)
    items = heard(first[:-7] + second + timed(3, 0.7))
    assert [kind(item) for item in items] == ["bad-frame", 2, 3]


def kind(item: Item) -> str | int:
    """The reason of an error, the serial of a message."""
    if isinstance(item, Frame):
        return report_from(item).serial
    assert isinstance(item, ProtocolError)
    return item.reason


def test_a_false_beginning_holds_the_stream_up_only_until_a_pause() -> None:
    stream = Sl651Stream()
    false = encode_frame(frame_of(bytes(200)))[:20]
    assert stream.receive_data(false + timed(7, 0.5)) == []
    assert stream.is_amid
    assert [kind(item) for item in stream.receive_gap()] == ["bad-frame", 7]
    assert not stream.is_amid


def frame_of(body: bytes) -> Frame:
    item = heard(message(SENDER, Function.TIMED, body))[0]
    assert isinstance(item, Frame)
    return item


def test_a_stream_of_something_else_is_refused_once() -> None:
    (error,) = heard(b"##0101QN=2026;ST=32" * 20)
    assert isinstance(error, ProtocolError)
    assert error.reason is Reason.BAD_FRAME
    assert error.octets.startswith(b"##0101QN=")


def test_the_longest_frame_is_taken_and_its_octets_are_bounded() -> None:
    octets = message(SENDER, Function.MANUAL, bytes(MAX_BODY))
    assert len(octets) == MAX_FRAME
    assert [type(item) for item in heard(octets)] == [Frame]


def test_a_packet_lost_is_asked_for_and_comes() -> None:
    body = head(5, NOON, SENDER) + seen(0.5)
    first, second, third = packets(SENDER, Function.TIMED, body, size=10)[:3]
    stream = Sl651Stream()
    assert len(packets(SENDER, Function.TIMED, body, size=10)) == 3
    (missing,) = stream.receive_data(first + third)
    assert isinstance(missing, Missing)
    assert (missing.frame.packet, missing.serial) == (Packet(3, 2), 5)
    asked = decode_frame(resend_request(missing, NOON))
    assert (asked.end, asked.packet, asked.is_down) == (End.NAK, Packet(3, 2), True)
    (whole,) = stream.receive_data(second)
    assert isinstance(whole, Frame)
    assert whole.body == body
    answered = decode_frame(acknowledgement(whole, NOON))
    assert (answered.end, answered.packet) == (End.EOT, Packet(3, 3))
    assert answered.body[:2] == bytes([0, 5])
    assert not stream.is_amid


def test_a_last_packet_lost_is_asked_for_after_a_pause_and_given_up_in_the_end() -> (
    None
):
    body = head(5, NOON, SENDER) + seen(0.5)
    first, second, _ = packets(SENDER, Function.TIMED, body, size=10)
    stream = Sl651Stream()
    assert stream.receive_data(first + second) == []
    for _ in range(2):
        (missing,) = stream.receive_gap()
        assert isinstance(missing, Missing)
        assert missing.frame.packet == Packet(3, 3)
    (error,) = stream.receive_gap()
    assert isinstance(error, ProtocolError)
    assert error.detail.endswith("packet 3 of 3 never came")
    assert not stream.is_amid


def test_what_a_hang_up_left_incomplete_is_refused() -> None:
    body = head(5, NOON, SENDER) + seen(0.5)
    first, *_ = packets(SENDER, Function.TIMED, body, size=10)
    (error,) = heard(first)
    assert isinstance(error, ProtocolError)
    assert "packet 2 of 3" in error.detail


def test_a_message_too_long_to_be_put_together_is_refused() -> None:
    parts = packets(SENDER, Function.PICTURE, bytes(MAX_MESSAGE + 1), size=4000)
    items = heard(b"".join(parts))
    error = next(item for item in items if isinstance(item, ProtocolError))
    assert error.reason is Reason.TOO_LONG


def test_one_connection_begins_only_so_many_messages() -> None:
    stream = Sl651Stream()
    items: list[Item] = []
    for function in range(0x60, 0x60 + MAX_ASSEMBLIES + 1):
        items += stream.receive_data(packets(SENDER, function, bytes(20), size=10)[0])
    (error,) = items
    assert isinstance(error, ProtocolError)
    assert error.reason is Reason.TOO_LONG


def test_a_keep_alive_is_not_answered() -> None:
    frame = heard(message(SENDER, Function.KEEP_ALIVE, head(1, NOON, SENDER)))[0]
    assert isinstance(frame, Frame)
    assert acknowledgement(frame, NOON) == b""


def test_an_acknowledgement_swaps_station_and_centre_and_tells_the_time() -> None:
    frame = heard(timed(0x1234, 0.5))[0]
    assert isinstance(frame, Frame)
    octets = acknowledgement(frame, NOON + timedelta(seconds=9))
    assert octets[:-2].hex() == ("7e7e0061530042031a2b32800802123426112112000904")


def test_a_station_may_keep_another_clock() -> None:
    frame = heard(timed(1, 0.5))[0]
    assert isinstance(frame, Frame)
    urumqi = timezone(timedelta(hours=6))
    (reading,) = readings_of(report_from(frame, urumqi))
    assert isinstance(reading, Reading)
    assert reading.measured_at == NOON + timedelta(hours=2)


centimetres = st.lists(st.none() | st.integers(0, 0xFFFE), min_size=12, max_size=12)
tenths = st.lists(st.none() | st.integers(0, 0xFE), min_size=12, max_size=12)


@given(centimetres, tenths, st.integers(1, 8))
def test_an_hour_is_read_as_it_was_written(
    cm: list[int | None], rain: list[int | None], outlet: int
) -> None:
    levels = [None if one is None else one / 100 for one in cm]
    fallen = [None if one is None else one / 10 for one in rain]
    elements = [level_pack(levels, number=outlet), rain_pack(fallen)]
    readings = readings_in(Function.HOURLY, observation(SENDER, NOON, elements))
    address = "0061530042" if outlet == 1 else f"0061530042/{outlet}"
    told = {(r.device, r.quantity, r.measured_at): r.value for r in readings}
    assert told == {
        (device, quantity, NOON + n * timedelta(minutes=5)): value
        for device, quantity, values in (
            (address, Quantity.RELATIVE_LEVEL_M, levels),
            ("0061530042", Quantity.RAIN_5MIN_MM, fallen),
        )
        for n, value in enumerate(values)
        if value is not None
    }


@given(
    st.lists(st.none() | st.integers(-99_999, 9_999_999), min_size=1, max_size=40),
    st.integers(1, 59),
)
def test_a_series_is_read_as_it_was_written(
    mm: list[int | None], step_min: int
) -> None:
    values = [measured(0x39, None if one is None else one / 1000) for one in mm]
    body = series(SENDER, NOON, step_min=step_min, values=values)
    told = {r.measured_at: r.value for r in readings_in(Function.UNIFORM, body)}
    assert told == {
        NOON + n * timedelta(minutes=step_min): pytest.approx(one / 1000)
        for n, one in enumerate(mm)
        if one is not None
    }


def readings_in(function: Function, observed: bytes) -> list[Reading]:
    frame = heard(message(SENDER, function, head(1, NOON, SENDER) + observed))[0]
    assert isinstance(frame, Frame)
    items = readings_of(report_from(frame))
    readings = [item for item in items if isinstance(item, Reading)]
    assert len(readings) == len(items)
    return readings


def test_an_unknown_element_is_no_reading_and_no_error() -> None:
    elements = [Element(0x0E, b"\x00\x04\x44", 2), Element(0xFF01, b"\xab", 0)]
    assert readings_in(Function.TIMED, observation(SENDER, NOON, elements)) == []
