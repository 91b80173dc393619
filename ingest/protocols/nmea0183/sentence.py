"""One sentence: its address, its fields, its checksum (NMEA 0183, 5.3).

Layout::

    $ ADDRESS , field , field ... * HH

- ADDRESS: two letters of talker (GP, GN, BD, GB, …) and three of type, or P and a
  maker's own letters
- HH: the exclusive-or of all octets between $ and *, in hex
"""

import re
from dataclasses import dataclass
from enum import StrEnum

_SENTENCE = re.compile(rb"\$(.*)\*([0-9A-Fa-f]{2})[ \t]*", re.DOTALL)
_ADDRESS = re.compile(rb"[A-Z][A-Z0-9]{3,15}")


class Checksum(StrEnum):
    """How a sentence's checksum stands."""

    OK = "ok"
    BAD = "bad"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line that began with `$`.

    Attributes:
        octets: From the `$`, as it came.
        body: Between `$` and `*`; to the end where there is no checksum.
        checksum: How the checksum stands.
    """

    octets: bytes
    body: bytes
    checksum: Checksum

    @property
    def address(self) -> bytes:
        """The address field, whatever it holds."""
        return self.body.split(b",", 1)[0]

    @property
    def is_addressed(self) -> bool:
        """Whether the address has a form that NMEA 0183 knows."""
        return _ADDRESS.fullmatch(self.address) is not None

    @property
    def kind(self) -> bytes:
        """The three letters after the talker; empty for a maker's own sentence."""
        address = self.address
        return b"" if address.startswith(b"P") else address[2:]

    @property
    def fields(self) -> list[bytes]:
        """What follows the address, between commas."""
        return self.body.split(b",")[1:]


def sentence_from(octets: bytes) -> Sentence:
    """Read octets that begin with `$`; any octets give a sentence, good or bad."""
    match = _SENTENCE.fullmatch(octets)
    if match is None:
        return Sentence(octets, octets[1:], Checksum.MISSING)
    body, digits = match.groups()
    is_right = check_code(body) == int(digits, 16)
    return Sentence(octets, body, Checksum.OK if is_right else Checksum.BAD)


def check_code(body: bytes) -> int:
    """Return the exclusive-or of all octets."""
    code = 0
    for octet in body:
        code ^= octet
    return code


def pack(body: bytes) -> bytes:
    """Make a sentence of what stands between `$` and `*`; ends with CR LF."""
    return b"$%s*%02X\r\n" % (body, check_code(body))
