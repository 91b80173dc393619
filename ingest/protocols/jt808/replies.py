"""General replies, and messages that are empty (JT/T 808-2019, 8.1 to 8.4, 8.10).

Layout of 0x0001 and 0x8001::

    SS II R

- S, I: serial number and id of the message it answers
- R: result
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from ingest.protocols.jt808.octets import BodyReader, word_octets


class Result(IntEnum):
    """What came of a message."""

    OK = 0
    FAILED = 1
    MALFORMED = 2
    UNSUPPORTED = 3
    ALARM_CONFIRMED = 4  # from the platform only


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalReply:
    """What came of our message, 0x0001.

    Attributes:
        answered: Serial number of that message.
        answered_id: Its id.
        result: `Result` has the standard's.
    """

    message_id: ClassVar[int] = 0x0001

    answered: int
    answered_id: int
    result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformReply:
    """What came of a terminal's message, 0x8001.

    Attributes:
        answered: Serial number of that message.
        answered_id: Its id.
        result: `Result` has the standard's.
    """

    message_id: ClassVar[int] = 0x8001

    answered: int
    answered_id: int
    result: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A terminal is there, 0x0002; empty."""

    message_id: ClassVar[int] = 0x0002


@dataclass(frozen=True, slots=True)
class Deregistration:
    """A terminal leaves for good, 0x0003; empty."""

    message_id: ClassVar[int] = 0x0003


def terminal_reply_from(reader: BodyReader) -> TerminalReply:
    """Read a terminal's reply.

    Raises:
        FieldError: If it is too short.
    """
    return TerminalReply(
        answered=reader.word(), answered_id=reader.word(), result=reader.byte()
    )


def platform_reply_from(reader: BodyReader) -> PlatformReply:
    """Read the platform's reply.

    Raises:
        FieldError: If it is too short.
    """
    return PlatformReply(
        answered=reader.word(), answered_id=reader.word(), result=reader.byte()
    )


def reply_octets(reply: TerminalReply | PlatformReply) -> bytes:
    """Return a reply as it is sent."""
    return word_octets(reply.answered, reply.answered_id) + bytes([reply.result])
