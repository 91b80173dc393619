"""Every truncation and every changed octet of every recorded message.

Of an octet each single bit, all bits, and 00 are tried here; `make fuzz` tries every
other value. Formats without a check code of their own (JSON, CBOR, MessagePack,
Sparkplug, LoRaWAN's payloads, Modbus TCP) cannot tell a changed digit from a value:
they only must not fail.
"""

import pytest

from ingest.protocols.catalogue import WIRE_FORMATS
from tests.protocols.mutants import (
    SOME,
    family,
    flipped,
    frames_heard,
    mutated,
    never_said,
    serial_frames,
)
from tests.protocols.test_captures import CAPTURES, Capture, comparable

FAMILIES = sorted({family(form.name) for form in WIRE_FORMATS})
SERIAL = [capture for capture in CAPTURES if family(capture.protocol) == "modbus"]


def test_every_wire_format_has_recorded_messages() -> None:
    spoken = {family(capture.protocol) for capture in CAPTURES}
    assert spoken == set(FAMILIES)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_changed_octet_is_refused_or_understood_and_never_more(name: str) -> None:
    tally = flipped({name}, SOME)
    assert tally.mutants == tally.accepted + tally.refused.total()
    assert tally.mutants > 1000
    assert tally.refused


@pytest.mark.parametrize("capture", SERIAL, ids=lambda capture: capture.name)
def test_a_changed_octet_of_serial_modbus_is_never_a_value(capture: Capture) -> None:
    frames = serial_frames(capture)
    original = comparable(frames_heard(capture, frames))
    for n, frame in enumerate(frames):
        for mutant in mutated(frame, SOME):
            changed = [*frames[:n], mutant, *frames[n + 1 :]]
            lines = comparable(frames_heard(capture, changed))
            assert not never_said(lines, original)
