"""The fuzzer begins with what devices say, and can say what it found."""

import pytest

from tests.fuzz.inputs import UNSEALED, recording_of, seeds_of
from tests.protocols.mutants import family
from tests.protocols.test_captures import CAPTURES, Capture, lines_of


@pytest.mark.parametrize("capture", CAPTURES, ids=lambda capture: capture.name)
def test_a_seed_means_what_its_recording_means(capture: Capture) -> None:
    plain, *_ = seeds_of(capture)
    recording = recording_of(capture.protocol, plain)
    assert lines_of(capture, [recording]) == capture.expected


@pytest.mark.parametrize("name", UNSEALED)
def test_most_messages_can_be_taken_out_of_their_frames_and_framed_again(
    name: str,
) -> None:
    captures = [each for each in CAPTURES if family(each.protocol) == name]
    same = [
        lines_of(each, [recording_of(each.protocol, sealed)]) == each.expected
        for each in captures
        for _, sealed in [tuple(seeds_of(each))]
    ]
    assert sum(same) > len(same) // 2  # the others are about frames that are wrong
