"""Every truncation and single-octet change of the recorded messages, and what comes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from time import process_time

from gezhi.decode.decode import decoder_of
from gezhi.decode.json_lines import Item, JsonLine
from ingest.protocols.crc16 import modbus_crc16
from tests.protocols.test_captures import CAPTURES, Capture, comparable, items_of

HEXADECIMAL = frozenset({"gezhi-msgpack", "senml-cbor", "sparkplug", "lorawan"})
"""Recordings that are hexadecimal; the payloads in them are changed, not the text."""

GUARDED = frozenset({"nmea0183", "jt808", "sl651", "hj212"})
"""Streams whose every octet stands under a check code."""

SOME = (*(1 << bit for bit in range(8)), None, 0xFF)
"""What an octet is XORed with: each bit alone, all of them; None makes it 00."""

ALL = tuple(range(1, 256))
"""Every other octet there is."""

LONGEST_S = 5.0
"""Most seconds of a processor that a short message may take, whatever is in it."""

Changes = Sequence[int | None]


@dataclass(slots=True)
class Tally:
    """What became of the mutants of one protocol.

    Attributes:
        messages: Recordings that were changed.
        mutants: Truncations and changes.
        refused: Mutants with an error, by the first one's reason.
        accepted: Mutants without an error.
        different: Of those, mutants that say something else than the original.
    """

    messages: int = 0
    mutants: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    different: int = 0


def family(protocol: str) -> str:
    """Return the wire format's name without its model or map."""
    return protocol.partition(":")[0]


def mutants_of(capture: Capture, changes: Changes = SOME) -> Iterator[bytes]:
    """Return the recording truncated anywhere, and with any one octet changed."""
    if family(capture.protocol) not in HEXADECIMAL:
        yield from mutated(capture.sent, changes)
        return
    lines = capture.sent.splitlines()
    for n, line in enumerate(lines):
        topic, space, text = line.rpartition(b" ")
        for payload in mutated(bytes.fromhex(text.decode()), changes):
            changed = topic + space + payload.hex().encode()
            yield b"\n".join([*lines[:n], changed, *lines[n + 1 :], b""])


def mutated(octets: bytes, changes: Changes) -> Iterator[bytes]:
    """Return every truncation, and every change of one octet to another."""
    for length in range(len(octets)):
        yield octets[:length]
    for at, octet in enumerate(octets):
        others = {0 if change is None else octet ^ change for change in changes}
        for other in sorted(others - {octet}):
            yield octets[:at] + bytes([other]) + octets[at + 1 :]


def serial_frames(capture: Capture) -> list[bytes]:
    """Return the frames of a Modbus TCP recording as they are on a serial line."""
    frames, rest = [], capture.sent
    while rest:
        end = 6 + int.from_bytes(rest[4:6], "big")
        frames.append(rest[6:end] + modbus_crc16(rest[6:end]).to_bytes(2, "little"))
        rest = rest[end:]
    return frames


def frames_heard(capture: Capture, frames: Iterable[bytes]) -> list[Item]:
    """Return what a decoder makes of whole frames, one after the other."""
    decoder = decoder_of(capture.protocol)
    items: list[Item] = []
    for frame in frames:
        items += decoder.receive_frame(frame, capture.received_at)
    return items


def tell(tally: Tally, lines: Sequence[JsonLine], original: Sequence[JsonLine]) -> None:
    """Count what became of one mutant, in lines that can be compared."""
    tally.mutants += 1
    reasons = [line["reason"] for line in lines if line["kind"] == "error"]
    if reasons:
        tally.refused[str(reasons[0])] += 1
    else:
        tally.accepted += 1
        tally.different += lines != original


def never_said(
    lines: Iterable[JsonLine], original: Sequence[JsonLine]
) -> list[JsonLine]:
    """Return the lines that say anything the original does not say.

    To say less is right: a position that misses a GGA's altitude because the GGA was
    refused, or that a packet is missing.
    """
    return [
        line
        for line in lines
        if line["kind"] != "error"
        and line.get("message") != "missing-packet"
        and not any(line.items() <= said.items() for said in original)
    ]


def flipped(protocols: Iterable[str], changes: Changes) -> Tally:
    """Decode every mutant of the recordings of some protocols.

    Raises:
        AssertionError: If octets under a check code were taken for something else, or
            one mutant took longer than `LONGEST_S`.
    """
    tally = Tally()
    for capture in CAPTURES:
        if family(capture.protocol) in protocols:
            tally.messages += 1
            _flip(capture, changes, tally)
    return tally


def _flip(capture: Capture, changes: Changes, tally: Tally) -> None:
    original = comparable(items_of(capture, [capture.sent]))
    is_guarded = family(capture.protocol) in GUARDED and not is_broken(original)
    for mutant in mutants_of(capture, changes):
        started = process_time()
        lines = comparable(items_of(capture, [mutant]))
        assert process_time() - started < LONGEST_S, (capture.name, mutant)
        if is_guarded:
            new = never_said(lines, original)
            assert not new, (capture.name, mutant, new)
        tell(tally, lines, original)


def is_broken(original: Sequence[JsonLine]) -> bool:
    """Tell whether a recording is one octet from right: a change may put it right."""
    wrong = {line.get("reason") for line in original}
    return not wrong.isdisjoint({"bad-checksum", "bad-frame"})
