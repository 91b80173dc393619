"""HJ 212: what holds for any package, and what is answered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.protocols.crc16 import hj212_crc16
from ingest.protocols.errors import ProtocolError
from ingest.protocols.hj212 import (
    ANSWER,
    VERSION,
    Command,
    Hj212Stream,
    Item,
    Package,
    answer_to,
    encode_package,
    qn_text,
    readings_of,
    request_answer,
    result,
    time_text,
)
from ingest.protocols.hj212.clock import ClockError, time_from
from ingest.protocols.hj212.frame import MAX_FRAME, MAX_SEGMENT, encode_frame
from vocabulary.quality import Quality
from vocabulary.reading import Reading
from vocabulary.refusal import Reason
from vocabulary.times import BEIJING

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=BEIJING)
UPLOAD = Package(
    qn="20261121120001000",
    system="32",
    command=Command.REAL_TIME,
    password="123456",  # noqa: S106 (the standard's example)
    device="GZ0001A8900016F000169D01",
    flag=VERSION | ANSWER,
    items=(
        Item((("DataTime", "20261121120000"),)),
        Item((("w01001-Rtd", "7.1"), ("w01001-Flag", "N"))),
    ),
)

names = st.from_regex(r"[A-Za-z0-9]{1,6}-[A-Z][a-z]{2}", fullmatch=True)
values = st.from_regex(r"-?[0-9]{0,6}(\.[0-9]{0,3})?", fullmatch=True)
pairs = st.lists(st.tuples(names, values), min_size=1, max_size=4)
packages = st.builds(
    Package,
    qn=st.just("") | st.from_regex(r"[0-9]{17}", fullmatch=True),
    system=st.sampled_from(["", "32", "22", "A1"]),
    command=st.integers(1000, 9999),
    password=st.from_regex(r"[A-Za-z0-9]{0,6}", fullmatch=True),
    device=st.from_regex(r"[0-9A-F]{24}", fullmatch=True),
    flag=st.none() | st.integers(0, 255),
    numbering=st.just(()) | st.just(("2", "1")),
    items=st.lists(pairs, max_size=5).map(
        lambda rows: tuple(Item(tuple(row)) for row in rows)
    ),
)


def heard(octets: bytes) -> list[Package | ProtocolError]:
    stream = Hj212Stream()
    return [*stream.receive_data(octets), *stream.receive_eof()]


def reasons(items: Sequence[Package | ProtocolError]) -> list[object]:
    return [
        item.reason if isinstance(item, ProtocolError) else item.command
        for item in items
    ]


@given(packages)
def test_decode_undoes_encode(package: Package) -> None:
    assert heard(encode_package(package)) == [package]


@given(st.lists(packages, max_size=4), st.integers(1, 60), st.binary(max_size=20))
def test_chunks_never_change_what_comes_out(
    sent: list[Package], size: int, noise: bytes
) -> None:
    octets = noise.join([b"", *map(encode_package, sent), b""])
    stream = Hj212Stream()
    items: list[Package | ProtocolError] = []
    for at in range(0, len(octets), size):
        items += stream.receive_data(octets[at : at + size])
    assert comparable(items) == comparable(Hj212Stream().receive_data(octets))


def comparable(items: Sequence[Package | ProtocolError]) -> list[object]:
    return [
        (item.reason, item.octets) if isinstance(item, ProtocolError) else item
        for item in items
    ]


@given(st.lists(st.binary(max_size=40) | st.just(b"##0012"), max_size=30))
def test_no_octets_raise_anything(chunks: list[bytes]) -> None:
    stream = Hj212Stream()
    for chunk in chunks:
        stream.receive_data(chunk)
        stream.receive_gap()
    stream.receive_eof()


@given(
    st.text(max_size=200) | st.text("=;,&-QNSTCPMWRtdAvgDaeTim0123456789", max_size=200)
)
def test_no_segment_raises_anything(text: str) -> None:
    for segment in (text, f"ST=32;CN=2011;PW=1;MN=A;CP=&&{text}&&"):
        octets = segment.encode()
        if len(octets) > MAX_SEGMENT:
            continue
        for item in heard(encode_frame(octets)):
            if isinstance(item, Package):
                readings_of(item)
                answer_to(item)


def test_a_segment_longer_than_the_standards_is_taken_and_not_written() -> None:
    rows = tuple(Item(((f"w{n:05d}-Rtd", "1.0"),)) for n in range(150))
    long = replace(UPLOAD, items=rows)
    with pytest.raises(ValueError, match="at most 1024"):
        encode_package(long)
    octets = b"".join(f"w{n:05d}-Rtd=1.0;".encode() for n in range(150))
    segment = b"ST=32;CN=2011;PW=1;MN=A;CP=&&" + octets + b"&&"
    from_others = b"##%04d%s%04X\r\n" % (len(segment), segment, hj212_crc16(segment))
    assert MAX_SEGMENT < len(from_others) <= MAX_FRAME
    (package,) = heard(from_others)
    assert isinstance(package, Package)
    assert package.items == rows


def test_a_frame_that_never_ends_is_refused_after_a_pause() -> None:
    stream = Hj212Stream()
    assert stream.receive_data(encode_package(UPLOAD)[:50]) == []
    assert stream.is_amid
    assert reasons(stream.receive_gap()) == [Reason.BAD_FRAME]
    assert reasons(stream.receive_data(encode_package(UPLOAD))) == [2011]


def test_a_stream_of_something_else_is_refused_once() -> None:
    (error,) = heard(bytes.fromhex("7e7e0100123456781234320008") * 9)
    assert isinstance(error, ProtocolError)
    assert error.reason is Reason.BAD_FRAME


def test_an_upload_is_answered_by_its_qn_and_with_its_password() -> None:
    answer = answer_to(UPLOAD)
    assert answer is not None
    assert encode_package(answer)[6:-6] == (
        b"QN=20261121120001000;ST=91;CN=9014;PW=123456;"
        b"MN=GZ0001A8900016F000169D01;Flag=4;CP=&&&&"
    )


def test_a_notice_is_answered_as_one() -> None:
    answer = answer_to(replace(UPLOAD, command=Command.CLOCK_REQUEST))
    assert answer is not None
    assert answer.command == Command.NOTICE_ANSWER


@pytest.mark.parametrize(
    "silent",
    [
        replace(UPLOAD, flag=VERSION),
        replace(UPLOAD, flag=None),
        replace(UPLOAD, qn=""),
        replace(UPLOAD, command=Command.DATA_ANSWER),
    ],
    ids=["no answer wanted", "no flag", "no name to answer to", "an answer itself"],
)
def test_what_does_not_ask_is_not_answered(silent: Package) -> None:
    assert answer_to(silent) is None


def test_a_device_answers_a_request_at_once_and_when_it_is_done() -> None:
    request = replace(UPLOAD, command=1061, items=())
    first, last = request_answer(request), result(request, 2)
    assert (first.command, first.items) == (9011, (Item((("QnRtn", "1"),)),))
    assert (last.command, last.items) == (9012, (Item((("ExeRtn", "2"),)),))
    assert first.qn == last.qn == UPLOAD.qn


def test_a_device_may_keep_another_clock() -> None:
    (reading,) = readings_of(UPLOAD, timezone(timedelta(hours=6)))
    assert isinstance(reading, Reading)
    assert reading.measured_at == NOON + timedelta(hours=2)


def test_a_flag_that_we_do_not_know_is_a_doubt() -> None:
    items = (UPLOAD.items[0], Item((("w01001-Rtd", "7.1"), ("w01001-Flag", "?"))))
    (reading,) = readings_of(replace(UPLOAD, items=items))
    assert isinstance(reading, Reading)
    assert reading.quality is Quality.SENSOR_FAULT


def test_times_are_written_as_they_are_read() -> None:
    at = datetime(2026, 11, 21, 4, 0, 0, 250_000, UTC)
    assert time_from(qn_text(at)) == at
    assert time_from(time_text(at)) == at.replace(microsecond=0)


@pytest.mark.parametrize("text", ["", "2026", "20261321120000", "2026-11-21 12:00"])
def test_what_is_no_time_is_an_error(text: str) -> None:
    with pytest.raises(ClockError):
        time_from(text)
