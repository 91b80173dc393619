"""What went through one connection, as numbers."""

from dataclasses import dataclass, field

from ingest.protocols.nmea0183.sentence import Checksum, Sentence

MAX_TYPES = 64
"""Sentence types counted by name; further ones are counted as `other`."""


@dataclass(slots=True)
class Counts:
    """What went through one stream.

    Attributes:
        sentences: Lines with a `$`.
        checksum_ok: Sentences whose checksum is right.
        checksum_bad: Sentences whose checksum is wrong.
        checksum_missing: Sentences without a whole checksum.
        types: Sentences by address, whatever their checksum.
        rmc_valid: RMC of status A and right checksum.
        rmc_void_or_empty: Other RMC of right checksum.
        recovered: Whole sentences found inside a line that was broken before them.
        too_long: Lines refused for their length.
        noise_octets: Octets before a `$`, or on lines without one.
    """

    sentences: int = 0
    checksum_ok: int = 0
    checksum_bad: int = 0
    checksum_missing: int = 0
    types: dict[str, int] = field(default_factory=dict)
    rmc_valid: int = 0
    rmc_void_or_empty: int = 0
    recovered: int = 0
    too_long: int = 0
    noise_octets: int = 0

    def add(self, sentence: Sentence) -> None:
        """Count one line's sentence."""
        self.sentences += 1
        match sentence.checksum:
            case Checksum.OK:
                self.checksum_ok += 1
            case Checksum.BAD:
                self.checksum_bad += 1
            case Checksum.MISSING:
                self.checksum_missing += 1
        name = sentence.address.decode("ascii", "backslashreplace")
        if name not in self.types and len(self.types) >= MAX_TYPES:
            name = "other"
        self.types[name] = self.types.get(name, 0) + 1
