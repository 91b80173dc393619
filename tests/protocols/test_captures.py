"""Every message in the TOML files, through every way a transport may cut it."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson
import pytest

from gezhi.decode.decode import decoder_of
from gezhi.decode.json_lines import Item, JsonLine, json_lines
from ingest.protocols.nmea0183 import encode_rmc
from vocabulary.position import Position
from vocabulary.quality import Quality

NOT_COMPARED = ("detail", "octets", "text")
"""Words for people, and octets that a test sent itself."""


@dataclass(frozen=True)
class Capture:
    name: str
    protocol: str
    sent: bytes
    received_at: datetime
    expected: Sequence[JsonLine]
    is_canonical: bool
    finds_its_place_in_noise: bool
    says_twice_what_is_once: bool


def captures() -> list[Capture]:
    files = sorted(Path(__file__).parent.glob("*.toml"))
    return [capture for file in files for capture in captures_of(file)]


def captures_of(file: Path) -> list[Capture]:
    document = tomllib.loads(file.read_text("utf-8"))
    return [
        Capture(
            name=f"{file.stem}: {case['name']}",
            protocol=document["protocol"],
            sent=octets_of(case),
            received_at=datetime.fromisoformat(
                case.get("received_at", document["received_at"])
            ),
            expected=case["expected"],
            is_canonical=case.get("canonical", False),
            finds_its_place_in_noise=document["finds_its_place_in_noise"],
            says_twice_what_is_once=document.get("says_twice_what_is_once", False),
        )
        for case in document["case"]
    ]


def lines_of(capture: Capture, chunks: Iterable[bytes]) -> list[JsonLine]:
    """Decode the chunks as one recording; give what a TOML table would hold."""
    return comparable(items_of(capture, chunks))


def items_of(capture: Capture, chunks: Iterable[bytes]) -> list[Item]:
    decoder = decoder_of(capture.protocol)
    items: list[Item] = []
    for chunk in chunks:
        items += decoder.receive_data(chunk, capture.received_at)
    return [*items, *decoder.receive_eof(capture.received_at)]


def comparable(items: Iterable[Item]) -> list[JsonLine]:
    lines: list[JsonLine] = [
        orjson.loads(orjson.dumps(line, option=orjson.OPT_UTC_Z))
        for line in json_lines(items)
    ]
    return [
        {name: value for name, value in line.items() if name not in NOT_COMPARED}
        for line in lines
    ]


def each_once(lines: Iterable[JsonLine]) -> list[JsonLine]:
    """Return the lines without those that came before."""
    found: list[JsonLine] = []
    for line in lines:
        if line not in found:
            found.append(line)
    return found


def octets_of(case: dict[str, str]) -> bytes:
    return case["text"].encode() if "text" in case else bytes.fromhex(case["sent"])


NOISE = b"\x00\xff\x17 noise "

CAPTURES = captures()


def each(captures: list[Capture]) -> pytest.MarkDecorator:
    names = [capture.name for capture in captures]
    return pytest.mark.parametrize("capture", captures, ids=names)


ALL = each(CAPTURES)


@ALL
def test_a_message_means_what_its_table_says(capture: Capture) -> None:
    assert lines_of(capture, [capture.sent]) == capture.expected


@ALL
def test_octet_by_octet_it_means_the_same(capture: Capture) -> None:
    octets = [bytes([octet]) for octet in capture.sent]
    assert lines_of(capture, octets) == capture.expected


@ALL
def test_twice_it_means_the_same_twice(capture: Capture) -> None:
    lines = lines_of(capture, [capture.sent * 2])
    if capture.says_twice_what_is_once:
        assert each_once(lines) == each_once(capture.expected)
    else:
        assert lines == [*capture.expected] * 2


@each([capture for capture in CAPTURES if capture.finds_its_place_in_noise])
def test_noise_before_it_changes_nothing(capture: Capture) -> None:
    assert lines_of(capture, [NOISE + capture.sent]) == capture.expected


@ALL
def test_cut_anywhere_it_means_the_same_once_the_rest_is_there(
    capture: Capture,
) -> None:
    for length in range(len(capture.sent)):
        chunks = [capture.sent[:length], capture.sent[length:]]
        assert lines_of(capture, chunks) == capture.expected


@ALL
def test_cut_off_anywhere_it_means_less_but_nothing_else(capture: Capture) -> None:
    whole = [line for line in capture.expected if line["kind"] != "error"]
    for length in range(len(capture.sent)):
        cut = lines_of(capture, [capture.sent[:length]])
        kept = [line for line in cut if line["kind"] != "error"]
        assert kept[:-1] == whole[: max(len(kept) - 1, 0)]
        # What is said in several messages may be known in part.
        assert not kept or kept[-1].items() <= whole[len(kept) - 1].items()


@each([capture for capture in CAPTURES if capture.protocol == "nmea0183"])
def test_what_was_decoded_encodes_back(capture: Capture) -> None:
    for item in items_of(capture, [capture.sent]):
        if isinstance(item, Position) and is_from_one_sentence(item):
            sent = encode_rmc(item)
            assert comparable(items_of(capture, [sent])) == comparable([item])
            assert sent == capture.sent or not capture.is_canonical


def is_from_one_sentence(position: Position) -> bool:
    """Whether the position says no more than its RMC did, our clock apart."""
    is_as_sent = Quality.CLOCK_CORRECTED not in position.quality
    is_plain = position.satellites is None and position.hdop is None
    return is_plain and is_as_sent and not position.device
