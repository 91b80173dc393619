"""One codec under the fuzzer: `python -m tests.fuzz.harness PROTOCOL [libFuzzer's]`.

What must hold for any octets: nothing is raised, chunks change nothing, and what comes
out can be written.
"""

import sys
from datetime import UTC, datetime

import atheris

with atheris.instrument_imports(include=["ingest.protocols"]):
    from gezhi.decode.decode import decoder_of
    from gezhi.decode.json_lines import json_lines

from tests.fuzz.inputs import recording_of

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)


def main() -> None:
    """Fuzz the protocol that the command line names."""
    protocol, *options = sys.argv[1:]

    def lines_of(*chunks: bytes) -> list[object]:
        decoder = decoder_of(protocol)
        items = [item for each in chunks for item in decoder.receive_data(each, NOW)]
        return list(json_lines([*items, *decoder.receive_eof(NOW)]))

    def check(octets: bytes) -> None:
        recording = recording_of(protocol, octets)
        whole = lines_of(recording)
        at = octets[0] * len(recording) // 256 if octets else 0
        assert repr(lines_of(recording[:at], recording[at:])) == repr(whole)  # NaN too
        decoder = decoder_of(protocol)
        list(json_lines(decoder.receive_frame(octets[1:], NOW)))

    atheris.Setup([sys.argv[0], *options], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
