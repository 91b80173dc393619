"""Text for the driver (JT/T 808-2019, 8.26).

Layout::

    F [K] text

- F: bit 0 urgent, 2 on the screen, 3 read aloud, 4 on the advertising screen,
  5 a fault code rather than navigation
- K: 1 notice, 2 service; in the edition of 2019 only
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import ClassVar

from ingest.protocols.jt808.header import Edition
from ingest.protocols.jt808.octets import BodyReader, text_from, text_octets

NOTICE = 1
"""Category of a text: a notice."""


class TextFlag(IntFlag):
    """What to do with a text."""

    URGENT = 1 << 0
    ON_SCREEN = 1 << 2
    READ_ALOUD = 1 << 3
    ON_ADVERTISING_SCREEN = 1 << 4
    FAULT_CODE = 1 << 5


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessage:
    """Text for the driver, 0x8300.

    Attributes:
        flags: What to do with it.
        category: 1 notice, 2 service; 0 before 2019.
        text: At most 1024 octets of GBK.
    """

    message_id: ClassVar[int] = 0x8300

    flags: TextFlag
    category: int = 0
    text: str


def text_message_from(reader: BodyReader, edition: Edition) -> TextMessage:
    """Read a text.

    Raises:
        FieldError: If it is too short.
    """
    flags = TextFlag(reader.byte())
    category = reader.byte() if edition is Edition.OF_2019 else 0
    return TextMessage(flags=flags, category=category, text=text_from(reader.rest()))


def text_message_octets(message: TextMessage, edition: Edition) -> bytes:
    """Return a text as it is sent in an edition."""
    category = bytes([message.category]) if edition is Edition.OF_2019 else b""
    return bytes([message.flags]) + category + text_octets(message.text)
