"""NMEA 0183: what no single message shows."""

from datetime import UTC, datetime, timedelta
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183 import (
    Identity,
    Item,
    NmeaStream,
    encode_gga,
    encode_login,
    encode_rmc,
)
from ingest.protocols.nmea0183.counts import MAX_TYPES
from ingest.protocols.nmea0183.framer import MAX_LINE, LineFramer
from ingest.protocols.nmea0183.sentence import pack
from ingest.protocols.nmea0183.week import AHEAD, RECENT, ROUND, redated
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
FIX = Position(
    device="VT-0001",
    fixed_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
    lon=111.00125,
    lat=35.02,
    speed_kmh=31.484,
    course_deg=90.0,
)

milliseconds = st.integers(0, 10**9).map(lambda ms: NOW - timedelta(milliseconds=ms))
fixes = st.builds(
    Position,
    device=st.just("VT-0001"),
    fixed_at=milliseconds.map(
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
    ),
    lon=st.integers(-180 * 10**7, 180 * 10**7).map(lambda e7: e7 / 1e7),
    lat=st.integers(-90 * 10**7, 90 * 10**7).map(lambda e7: e7 / 1e7),
    speed_kmh=st.none() | st.integers(0, 200_000).map(lambda n: n / 1000 * 1.852),
    course_deg=st.none() | st.integers(0, 36_000).map(lambda n: n / 100),
    quality=st.sampled_from([Quality.GOOD, Quality.SIMULATED]),
).filter(lambda fix: fix.lon != 0 or fix.lat != 0)

sentence_bodies = st.builds(
    lambda head, fields: (head + "," + ",".join(fields)).encode("latin1"),
    st.sampled_from(["GPRMC", "GNGGA", "PGZID", "GPRM", "XXRMC", "", "P"]),
    st.lists(
        st.sampled_from(["A", "V", "N", "E", "3501.2", "11100.5", "211126", "220899"])
        | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"))
    ),
)
octets = st.one_of(
    st.binary(max_size=400),
    sentence_bodies.map(pack),
    fixes.map(encode_rmc),
    st.just(encode_login("VT-0001")),
    st.just(b"$"),
    st.just(b"x" * (MAX_LINE + 1)),
)


def items_of(*chunks: bytes, terminal: str | None = "VT-0001") -> list[Item]:
    stream = NmeaStream(terminal)
    items = list(chain.from_iterable(stream.receive_data(c, NOW) for c in chunks))
    return items + stream.receive_eof(NOW)


def comparable(items: list[Item]) -> list[object]:
    return [
        (item.reason, item.octets) if isinstance(item, ProtocolError) else item
        for item in items
    ]


@given(st.lists(octets, max_size=12))
def test_chunks_do_not_matter_and_nothing_raises(chunks: list[bytes]) -> None:
    together = items_of(b"".join(chunks), terminal=None)
    assert comparable(items_of(*chunks, terminal=None)) == comparable(together)
    one_by_one = [bytes([octet]) for octet in b"".join(chunks)]
    assert comparable(items_of(*one_by_one, terminal=None)) == comparable(together)


@given(fixes)
def test_decode_undoes_encode(fix: Position) -> None:
    (got,) = items_of(encode_rmc(fix))
    assert isinstance(got, Position)
    assert round(got.lon * 1e7) == round(fix.lon * 1e7)
    assert round(got.lat * 1e7) == round(fix.lat * 1e7)
    assert got.speed_kmh == pytest.approx(fix.speed_kmh)
    assert (got.fixed_at, got.course_deg, got.quality) == (
        fix.fixed_at,
        fix.course_deg,
        fix.quality,
    )


@given(fixes, st.integers(0, 90), st.integers(0, 1))
def test_one_changed_octet_never_moves_a_fix(fix: Position, at: int, bit: int) -> None:
    sent = bytearray(encode_rmc(fix))
    sent[at % (len(sent) - 2)] ^= 1 << bit
    for item in items_of(bytes(sent)):
        assert isinstance(item, ProtocolError)


@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_a_peer_cannot_fill_the_memory(chunks: list[bytes]) -> None:
    framer = LineFramer()
    for chunk in chunks:
        framer.receive_data(chunk)
        assert len(framer.receive_eof()) <= 2


def test_a_megabyte_of_junk_is_refused_once_and_the_next_sentence_counts() -> None:
    items = items_of(b"$" * 1_000_000, b"\r\n", encode_rmc(FIX))
    reasons = [item.reason for item in items if isinstance(item, ProtocolError)]
    assert reasons == [Reason.TOO_LONG, Reason.MISSING_CHECKSUM]
    assert isinstance(items[-1], Position)


def test_types_are_counted_by_name_only_so_far() -> None:
    stream = NmeaStream()
    for number in range(1000):
        stream.receive_data(pack(b"GP%03d,1" % number), NOW)
    assert len(stream.counts.types) == MAX_TYPES + 1
    assert sum(stream.counts.types.values()) == 1000


def test_a_stream_without_any_sentence_is_refused_as_a_whole_at_its_end() -> None:
    (error,) = items_of(b"7e0200003c0139\r\n12345678\r\n")
    assert isinstance(error, ProtocolError)
    assert (error.reason, error.octets) == (Reason.BAD_FRAME, b"7e0200003c0139")


def test_a_fix_before_the_login_is_refused_and_the_one_after_it_is_not() -> None:
    refused, login, position = items_of(
        encode_rmc(FIX), encode_login("VT-0001"), encode_rmc(FIX), terminal=None
    )
    assert isinstance(refused, ProtocolError)
    assert refused.reason == Reason.UNKNOWN_IDENTITY
    assert login == Identity("VT-0001")
    assert isinstance(position, Position)
    assert position.device == "VT-0001"


@pytest.mark.parametrize("terminal", ["", "格A12345", "a,b", "a*b", "x" * 33, "a\r\n"])
def test_a_login_carries_no_terminal_that_would_break_it(terminal: str) -> None:
    with pytest.raises(ValueError, match="terminal"):
        encode_login(terminal)


def test_a_gga_before_the_rmc_of_the_same_second_adds_to_it() -> None:
    rich = Position(
        device=FIX.device,
        fixed_at=FIX.fixed_at,
        lon=FIX.lon,
        lat=FIX.lat,
        altitude_m=-3.5,
        satellites=9,
        hdop=0.8,
    )
    (got,) = items_of(encode_gga(rich), encode_rmc(rich))
    assert isinstance(got, Position)
    assert (got.altitude_m, got.satellites, got.hdop) == (-3.5, 9, 0.8)


SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
NOTHING = timedelta(0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (NOTHING, NOTHING),
        (-ROUND, NOTHING),
        (-2 * ROUND, NOTHING),
        (+ROUND, NOTHING),
        (-ROUND - RECENT, -RECENT),
        (-ROUND + AHEAD, AHEAD),
        (-ROUND - RECENT - SECOND, -ROUND - RECENT - SECOND),
        (-ROUND + AHEAD + SECOND, -ROUND + AHEAD + SECOND),
        (-365 * DAY, -365 * DAY),
        (2 * DAY, 2 * DAY),
    ],
)
def test_only_what_whole_rounds_bring_to_now_is_redated(
    said: timedelta, meant: timedelta
) -> None:
    assert redated(NOW + said, NOW) == NOW + meant


def test_what_is_neither_live_nor_of_this_century_is_refused() -> None:
    assert redated(datetime(1999, 8, 22, tzinfo=UTC), NOW) is None


def times_between(first: int, last: int) -> st.SearchStrategy[datetime]:
    seconds = st.integers(
        int(datetime(first, 1, 6, tzinfo=UTC).timestamp()),
        int(datetime(last, 1, 6, tzinfo=UTC).timestamp()),
    )
    return seconds.map(lambda second: datetime.fromtimestamp(second, UTC))


@given(times_between(1980, 2079), times_between(2024, 2060))
def test_a_date_moves_by_whole_rounds_to_now_or_not_at_all(
    said: datetime, now: datetime
) -> None:
    meant = redated(said, now)
    if meant is None:
        assert said.year < 2000
    elif meant != said:
        assert (meant - said) % ROUND == timedelta(0)
        assert now - RECENT <= meant <= now + AHEAD
