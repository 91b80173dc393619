"""Who sends: our own login sentence, because NMEA 0183 names no sender.

Layout::

    $PGZID,<terminal>*HH

- P: proprietary (NMEA 0183, 5.3.3); GZ: this platform; ID: identity
- terminal: 1 to 32 letters, digits, `.`, `_` or `-`; the device's address in the
  registry, below the NMEA gateway
"""

import re
from dataclasses import dataclass

from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183.sentence import Sentence, pack
from vocabulary.refusal import Reason

LOGIN = b"PGZID"
"""Address of the login sentence."""

_TERMINAL = re.compile(rb"[A-Za-z0-9._-]{1,32}")


@dataclass(frozen=True, slots=True)
class Identity:
    """A terminal said who it is.

    Attributes:
        terminal: Its own identity, as the registry knows it.
    """

    terminal: str


def identity_from(sentence: Sentence) -> Identity:
    """Read a login sentence whose checksum is right.

    Raises:
        ProtocolError: If it does not hold exactly one well-formed identity.
    """
    terminal = b",".join(sentence.fields)
    if _TERMINAL.fullmatch(terminal) is None:
        detail = f"terminal {terminal!r} is not 1 to 32 of A-Z a-z 0-9 . _ -"
        raise ProtocolError(Reason.BAD_FIELD, detail, sentence.octets)
    return Identity(terminal.decode("ascii"))


def login_sentence(terminal: str) -> bytes:
    """Make a login sentence; the inverse of `identity_from`.

    Raises:
        ValueError: If `terminal` is not what a login sentence can carry.
    """
    octets = terminal.encode("ascii", "replace")
    if _TERMINAL.fullmatch(octets) is None:
        raise ValueError(f"terminal {terminal!r} is not 1 to 32 of A-Z a-z 0-9 . _ -")
    return pack(LOGIN + b"," + octets)
