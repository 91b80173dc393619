"""Fuzz every codec for so many seconds, then change every octet of all messages.

Seeds are the recorded messages of `tests/protocols/*.toml`. A crash is written to
`.fuzz/`; once it is fixed, its recording becomes a table of the TOML file.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from gezhi.decode.decode import protocol_names
from tests.fuzz.inputs import seeds_of
from tests.protocols.mutants import ALL, family, flipped
from tests.protocols.test_captures import CAPTURES

FOLDER = Path(".fuzz")
LIMITS = ("-max_len=4096", "-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=1")


def main() -> int:
    """Return how many codecs failed."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    only = sys.argv[2:]
    failed = 0
    for protocol in protocols():
        if not only or family(protocol) in only:
            # LoRaWAN's models are many, and their payloads short.
            shared = 5 if family(protocol) == "lorawan" else 1
            failed += not fuzz(protocol, max(seconds // shared, 1))
    for name in sorted({family(protocol) for protocol in protocols()}):
        if not only or name in only:
            failed += not flip(name)
    return failed


def protocols() -> list[str]:
    """Return one protocol for each family that is recorded; all of LoRaWAN's models."""
    chosen: dict[str, str] = {}
    for capture in CAPTURES:
        name = family(capture.protocol)
        key = capture.protocol if name == "lorawan" else name
        chosen.setdefault(key, capture.protocol)
    known = set(protocol_names())
    return [each for each in chosen.values() if each in known or ":" in each]


def fuzz(protocol: str, seconds: int) -> bool:
    """Fuzz one codec; say what was run, and return whether nothing was found."""
    folder = FOLDER / protocol.replace(":", "-").replace(",", "-")
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for n, seed in enumerate(seeds(protocol)):
        (corpus / f"seed-{n}").write_bytes(seed)
    command = [sys.executable, "-m", "tests.fuzz.harness", protocol, *LIMITS]
    command += [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={folder}/",
        str(corpus),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    (folder / "log").write_text(done.stdout + done.stderr)
    runs = re.findall(r"stat::number_of_executed_units:\s+(\d+)", done.stderr)
    edges = re.findall(r"cov: (\d+)", done.stderr)
    peak = re.findall(r"stat::peak_rss_mb:\s+(\d+)", done.stderr)
    verdict = "ok" if done.returncode == 0 else f"FAILED, see {folder}/log"
    last = [(found or ["?"])[-1] for found in (runs, edges, peak)]
    say(f"{protocol}: {last[0]} runs, {last[1]} edges, {last[2]} MB: {verdict}")
    return done.returncode == 0


def flip(name: str) -> bool:
    """Change every octet to every other; say what came, and whether all was well."""
    try:
        tally = flipped({name}, ALL)
    except AssertionError as error:
        say(f"{name}: FAILED: {error}")
        return False
    refused = ", ".join(f"{word} {n}" for word, n in tally.refused.most_common())
    say(
        f"{name}: {tally.messages} messages, {tally.mutants} mutants;"
        f" accepted {tally.accepted} ({tally.different} say something else);"
        f" refused {refused}"
    )
    return True


def seeds(protocol: str) -> Iterator[bytes]:
    """Return what the recorded messages of a protocol are to the fuzzer."""
    for capture in CAPTURES:
        is_same = family(capture.protocol) == family(protocol)
        if is_same and ("lorawan" not in protocol or capture.protocol == protocol):
            yield from seeds_of(capture)


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
