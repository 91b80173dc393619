"""Sentences of one epoch are one position, in any order and however they are cut."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183 import (
    Item,
    NmeaStream,
    encode_gga,
    encode_gll,
    encode_gsa,
    encode_login,
    encode_rmc,
    encode_vtg,
    encode_zda,
)
from ingest.protocols.nmea0183.days import HOLDS
from ingest.protocols.nmea0183.epoch import MAX_KEPT
from ingest.protocols.nmea0183.joiner import HOLD
from ingest.protocols.nmea0183.sentence import pack
from vocabulary.position import Position
from vocabulary.quality import Quality
from vocabulary.refusal import Reason

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FIX = Position(
    device="VT-0001",
    fixed_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
    lon=111.00125,
    lat=35.02,
    speed_kmh=18.52,
    course_deg=90.0,
    altitude_m=390.4,
    satellites=9,
    hdop=0.8,
)
TALKERS = ("GP", "GN", "BD", "GB", "GL", "GA", "QZ")


def burst(fix: Position, *kinds: str, talker: str = "GN") -> list[bytes]:
    makers = {
        "RMC": encode_rmc,
        "GGA": encode_gga,
        "GLL": encode_gll,
        "VTG": encode_vtg,
        "ZDA": encode_zda,
    }
    return [
        encode_gsa(fix, range(1, 10), talker)
        if kind == "GSA"
        else makers[kind](fix, talker)
        for kind in kinds
    ]


def at_second(second: int) -> Position:
    return replace(
        FIX,
        fixed_at=FIX.fixed_at + second * SECOND,
        lon=FIX.lon + second / 4096,
        satellites=9,
    )


def items_of(*chunks: bytes, terminal: str | None = "VT-0001") -> list[Item]:
    stream = NmeaStream(terminal)
    items = list(chain.from_iterable(stream.receive_data(c, NOW) for c in chunks))
    return items + stream.receive_eof(NOW)


def rounded(item: Item) -> Position:
    """Forget what coordinates lose by being written."""
    assert isinstance(item, Position), item
    return replace(item, lon=round(item.lon, 6), lat=round(item.lat, 6))


THREE = [rounded(at_second(n)) for n in range(3)]


@pytest.mark.parametrize(
    "order", [*permutations(["GGA", "GSA", "RMC", "ZDA"])], ids="-".join
)
def test_in_any_order_an_epoch_is_one_fix(order: tuple[str, ...]) -> None:
    sent = [burst(at_second(n), *order) for n in range(3)]
    items = items_of(*chain.from_iterable(sent))
    assert [rounded(item) for item in items] == [
        rounded(at_second(n)) for n in range(3)
    ]


@pytest.mark.parametrize("talker", TALKERS)
def test_any_talker_will_do(talker: str) -> None:
    sent = burst(FIX, "GGA", "GSA", "RMC", "VTG", talker=talker)
    (got,) = items_of(*sent)
    assert rounded(got) == rounded(FIX)


def test_without_rmc_a_fix_has_the_day_of_zda_and_the_speed_of_vtg() -> None:
    sent = [burst(at_second(n), "GGA", "VTG", "ZDA") for n in range(3)]
    items = items_of(*chain.from_iterable(sent))
    assert [rounded(item) for item in items] == [
        rounded(at_second(n)) for n in range(3)
    ]


def test_what_a_simulator_says_without_rmc_is_flagged() -> None:
    simulated = replace(FIX, quality=Quality.SIMULATED)
    for kinds in (("GGA", "ZDA"), ("GLL", "ZDA")):
        (got,) = items_of(*burst(simulated, *kinds))
        assert isinstance(got, Position)
        assert got.quality == Quality.SIMULATED


KINDS = ("RMC", "GGA", "GSA", "VTG", "GLL", "ZDA")
bursts = st.lists(st.sampled_from(KINDS), min_size=1, max_size=6, unique=True)


@given(bursts, st.integers(1, 3), st.data())
def test_cuts_and_doubled_lines_change_nothing(
    kinds: list[str], times: int, data: st.DataObject
) -> None:
    # A VTG or GSA that comes first is of the epoch before, once there is one.
    kinds.sort(key=lambda kind: kind in {"GSA", "VTG"})
    sent = list(chain.from_iterable(burst(at_second(n), *kinds) for n in range(4)))
    doubled = b"".join(line * times for line in sent)
    cuts = data.draw(st.lists(st.integers(0, len(doubled)), max_size=8).map(sorted))
    pieces = [
        doubled[a:b] for a, b in zip([0, *cuts], [*cuts, len(doubled)], strict=True)
    ]
    plain = items_of(*sent)
    again = items_of(*pieces)
    fixes = [item for item in plain if isinstance(item, Position)]
    assert [item for item in again if isinstance(item, Position)] == fixes
    assert len(fixes) == (4 if {"RMC"} & {*kinds} else len(fixes))
    assert [e.reason for e in again if isinstance(e, ProtocolError)] == [
        e.reason for e in plain if isinstance(e, ProtocolError)
    ]


@given(st.lists(st.sampled_from(burst(FIX, *KINDS) + burst(at_second(1), *KINDS))))
def test_no_disorder_makes_a_fix_that_was_not_sent(lines: list[bytes]) -> None:
    for item in items_of(*lines):
        if isinstance(item, ProtocolError):
            assert item.reason == Reason.BAD_TIME
        else:
            second = 0 if rounded(item).fixed_at == FIX.fixed_at else 1
            assert rounded(item).lon == rounded(at_second(second)).lon


def test_an_open_fix_is_due_a_second_after_it_began_and_given_once() -> None:
    stream = NmeaStream("VT-0001")
    rmc, gga, late = burst(FIX, "RMC", "GGA", "GLL")
    assert stream.due_at is None
    assert stream.receive_data(rmc, NOW) == []
    assert stream.receive_data(gga, NOW + SECOND / 2) == []
    assert stream.due_at == NOW + HOLD
    assert HOLD <= SECOND
    (got,) = stream.receive_pause(NOW + HOLD)
    assert rounded(got) == rounded(FIX)
    assert stream.due_at is None
    assert stream.receive_pause(NOW + HOLD) == []
    assert stream.receive_data(late, NOW + 2 * HOLD) == []
    assert stream.receive_eof(NOW + 2 * HOLD) == []


def test_a_void_rmc_makes_its_gga_none() -> None:
    gga, zda = burst(FIX, "GGA", "ZDA")
    void = pack(b"GNRMC,080000.000,V,,,,,,,211126,,,N")
    assert items_of(gga, void, zda) == []
    assert items_of(void, gga, zda) == []


def test_a_void_gll_makes_its_gga_none() -> None:
    gga, zda = burst(FIX, "GGA", "ZDA")
    assert items_of(gga, pack(b"GNGLL,,,,,080000.000,V,N"), zda) == []


def test_the_satellites_of_two_systems_are_counted_apart() -> None:
    (rmc,) = burst(FIX, "RMC")
    gps = pack(b"GNGSA,A,3,01,03,05,,,,,,,,,,1.5,0.8,1.2,1")
    beidou = pack(b"GNGSA,A,3,03,07,,,,,,,,,,,1.5,0.8,1.2,4")
    (got,) = items_of(rmc, gps, beidou, gps)
    assert isinstance(got, Position)
    assert (got.satellites, got.hdop) == (5, 0.8)


def test_past_midnight_a_named_day_is_the_one_before() -> None:
    eve = replace(FIX, fixed_at=datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC))
    after = replace(eve, fixed_at=eve.fixed_at + SECOND)
    stream = NmeaStream("VT-0001")
    now = datetime(2027, 1, 1, 0, 0, 3, tzinfo=UTC)
    sent = b"".join([*burst(eve, "ZDA", "GGA"), *burst(after, "GGA")])
    items = [*stream.receive_data(sent, now), *stream.receive_eof(now)]
    times = [item.fixed_at for item in items if isinstance(item, Position)]
    assert times == [eve.fixed_at, after.fixed_at]


def test_a_day_named_too_long_ago_is_not_known_any_more() -> None:
    stream = NmeaStream("VT-0001")
    stream.receive_data(b"".join(burst(FIX, "ZDA", "GGA")), NOW)
    later = NOW + HOLDS + SECOND
    (fix,) = stream.receive_data(b"".join(burst(at_second(3000), "GGA")), later)
    assert isinstance(fix, Position)
    (error,) = stream.receive_eof(later)
    assert isinstance(error, ProtocolError)
    assert error.reason == Reason.BAD_TIME


def test_a_stream_that_begins_amid_a_burst_is_not_refused_for_it() -> None:
    sent = [*burst(at_second(0), "GGA", "GSA"), *burst(at_second(1), "GGA", "RMC")]
    (got,) = items_of(*sent)
    assert rounded(got) == rounded(at_second(1))


def test_a_receiver_that_never_names_the_day_is_refused_with_each_fix() -> None:
    errors = items_of(
        *chain.from_iterable(burst(at_second(n), "GGA") for n in range(3))
    )
    reasons = [error.reason for error in errors if isinstance(error, ProtocolError)]
    assert reasons == [Reason.BAD_TIME] * 3


def test_what_is_refused_is_kept_whole_to_be_read_again() -> None:
    (error,) = items_of(*burst(FIX, "GGA", "RMC", "VTG"), terminal=None)
    assert isinstance(error, ProtocolError)
    assert error.reason == Reason.UNKNOWN_IDENTITY
    (got,) = items_of(error.octets)
    assert rounded(got) == rounded(FIX)


def test_the_sentences_kept_of_one_epoch_are_bounded() -> None:
    stream = NmeaStream()
    stream.receive_data(encode_rmc(FIX), NOW)
    for number in range(1000):
        stream.receive_data(encode_gsa(FIX, [number % 100, number // 100]), NOW)
    (error,) = stream.receive_eof(NOW)
    assert isinstance(error, ProtocolError)
    assert error.octets.count(b"$") == MAX_KEPT


def test_a_fix_is_of_whom_had_said_his_name_when_it_began() -> None:
    one, other = encode_login("VT-0001"), encode_login("VT-0002")
    items = items_of(one, *burst(FIX, "RMC"), other, *burst(FIX, "GGA", "RMC"))
    devices = [item.device for item in items if isinstance(item, Position)]
    assert devices == ["VT-0001", "VT-0002"]
