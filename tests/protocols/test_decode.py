"""`gezhi decode`, as a person or a script uses it."""

import contextlib
import io
import subprocess
import sys
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gezhi.decode.decode import (
    UnknownProtocolError,
    decode,
    decoder_of,
    protocol_names,
    run_decode,
)
from gezhi.decode.json_lines import Item, json_lines

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
AT = "2026-11-21T08:00:05Z"
RMC = (
    b"$GPRMC,080000.000,A,3501.234567,N,11100.123456,E,12.345,271.50,211126,,,A*61\r\n"
)
NEXT = (
    b"$GPRMC,080001.000,A,3501.234567,N,11100.123456,E,12.345,271.50,211126,,,A*60\r\n"
)


def test_a_log_becomes_json_lines(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"# a comment\r\n" + RMC + RMC.replace(b"*61", b"*60"))
    assert run_decode("nmea0183", log, hex_lines=False, received_at=AT) == 0
    error, position = map(orjson.loads, capfdbinary.readouterr().out.splitlines())
    assert position == {
        "kind": "position",
        "device": "",
        "fixed_at": "2026-11-21T08:00:00Z",
        "lon": 111.0020576,
        "lat": 35.0205761,
        "speed_kmh": 22.86294,
        "course_deg": 271.5,
    }
    assert (error["kind"], error["reason"]) == ("error", "bad-checksum")
    assert error["text"].startswith("$GPRMC")
    assert bytes.fromhex(error["octets"]).startswith(b"$GPRMC")


def test_hex_lines_are_one_message_each() -> None:
    lines = decode(
        "nmea0183",
        io.BytesIO(
            RMC.rstrip().hex(" ").encode() + b"\n\nnot hex\n" + NEXT.hex().encode()
        ),
        hex_lines=True,
        received_at=NOW,
    )
    assert [line["kind"] for line in lines] == ["error", "position", "position"]


def test_serial_modbus_frames_are_told_by_their_crc() -> None:
    frames = b"01 03 00 00 00 04 44 09\n01 03 08 00 01 00 02 00 03 00 04 0d 14\n"
    request, reading = decode(
        "modbus:gezhi_cabinet",
        io.BytesIO(frames),
        hex_lines=True,
        received_at=NOW,
    )
    assert (request["message"], request["count"]) == ("read-request", 4)
    assert (reading["contactor_on"], reading["voltage_v"]) == (1, 0.2)


def test_a_json_document_may_take_many_lines() -> None:
    document = orjson.dumps(
        {
            "readings": [
                {"device": "MH-1", "measured_at": AT, "values": {"tilt_deg": 3}}
            ]
        },
        option=orjson.OPT_INDENT_2,
    )
    _, reading = decode(
        "gezhi-json", io.BytesIO(document), hex_lines=False, received_at=NOW
    )
    assert (reading["device"], reading["tilt_deg"]) == ("MH-1", 3)


@pytest.mark.parametrize(
    ("protocol", "source", "received_at", "word"),
    [
        ("morse", "-", "", "nmea0183"),
        ("modbus:nobody", "-", "", "modbus:gezhi_cabinet"),
        ("nmea0183", "-", "2026-11-21T08:00:05", "time zone"),
        ("nmea0183", "-", "yesterday", "yesterday"),
        ("nmea0183", "/nowhere/a.log", "", "/nowhere/a.log"),
    ],
)
def test_a_wrong_call_says_what_would_be_right(
    protocol: str,
    source: str,
    received_at: str,
    word: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = run_decode(protocol, Path(source), hex_lines=False, received_at=received_at)
    assert code == 2
    assert word in capfd.readouterr().err


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "gezhi", "decode", "nmea0183", "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(RMC * 1000)
        process.stdin.flush()
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(RMC * 20_000)
            process.stdin.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_name_of_no_codec_is_refused() -> None:
    with pytest.raises(UnknownProtocolError, match="there are"):
        decoder_of("")


@given(st.sampled_from(protocol_names()), st.lists(st.binary(max_size=300), max_size=8))
def test_no_octets_raise_and_chunks_do_not_matter(
    protocol: str, chunks: list[bytes]
) -> None:
    def items_of(pieces: list[bytes]) -> list[Item]:
        decoder = decoder_of(protocol)
        items = (decoder.receive_data(piece, NOW) for piece in pieces)
        return [*chain.from_iterable(items), *decoder.receive_eof(NOW)]

    whole = b"".join(chunks)
    assert list(json_lines(items_of(chunks))) == list(json_lines(items_of([whole])))


@given(st.sampled_from(protocol_names()), st.lists(st.binary(max_size=40), max_size=8))
def test_no_frame_raises(protocol: str, frames: list[bytes]) -> None:
    decoder = decoder_of(protocol)
    for frame in frames:
        list(json_lines(decoder.receive_frame(frame, NOW)))
