"""JT/T 808 framing: finding messages in a byte stream (JT/T 808-2019, 4.4).

Layout::

    7E | message, escaped | C, escaped | 7E

- 7E: the flag octet, never inside a frame
- C: check code, the exclusive-or of the message's octets
- escapes: 7E is sent as 7D 02 and 7D as 7D 01, after C was computed
"""

from functools import reduce
from operator import xor

from ingest.protocols.errors import ProtocolError
from vocabulary.refusal import Reason

FLAG = b"\x7e"
ESCAPE = b"\x7d"

MAX_BODY = 1023
"""Longest body of one frame, in octets: its length has ten bits."""

MAX_FRAME = 2 * (21 + MAX_BODY + 1)
"""Longest frame accepted, in octets between flags: header, body, C, all escaped."""


class Deframer:
    """Cut one connection's byte stream into messages.

    Feed it what the transport returns, in chunks of any size: the chunks never change
    what comes out. It never raises: a bad frame is one more thing a device may send,
    and the good ones after it still count.

    Attributes:
        flags: Flag octets seen; 0 means that the peer speaks something else.
    """

    def __init__(self) -> None:
        self.flags = 0
        self._rest = bytearray()

    def receive_data(self, data: bytes) -> list[bytes | ProtocolError]:
        """Take octets from the peer and return what they complete, oldest first.

        Octets before the first flag are noise and are dropped.
        """
        first, *others = data.split(FLAG)
        self._hold(first)
        items: list[bytes | ProtocolError] = []
        for part in others:
            items += self._end_frame()
            self.flags += 1
            self._hold(part)
        return items

    def receive_eof(self) -> list[bytes | ProtocolError]:
        """Take the end of the stream, or of a datagram: what is left is no frame."""
        rest, self._rest = bytes(self._rest), bytearray()
        if not rest:
            return []
        detail = (
            "the octets end inside a frame: no 7E after it"
            if self.flags
            else "no frame; each begins and ends with 7E"
        )
        return [ProtocolError(Reason.BAD_FRAME, detail, rest)]

    def _hold(self, part: bytes) -> None:
        # One octet more than a frame may have, to know that there were more.
        room = MAX_FRAME + 1 - len(self._rest)
        self._rest += part[:room]

    def _end_frame(self) -> list[bytes | ProtocolError]:
        frame = bytes(self._rest)
        self._rest.clear()
        if not frame or not self.flags:
            return []
        try:
            return [unpack(frame)]
        except ProtocolError as error:
            return [error]


def unpack(frame: bytes) -> bytes:
    """Undo the escapes of one frame, given without its flags, and check it.

    Raises:
        ProtocolError: If it is too long, holds an unknown escape, or the check code
            is wrong.
    """
    octets = FLAG + frame + FLAG
    if len(frame) > MAX_FRAME:
        detail = f"no 7E in {MAX_FRAME} octets; a frame has no more"
        raise ProtocolError(Reason.TOO_LONG, detail, octets)
    head, *escaped = frame.split(ESCAPE)
    parts = [head]
    for part in escaped:
        if part[:1] not in (b"\x01", b"\x02"):
            detail = f"7D {part[:1].hex()} is no escape; there are 7D 01 and 7D 02"
            raise ProtocolError(Reason.BAD_FRAME, detail, octets)
        parts += [ESCAPE if part[:1] == b"\x01" else FLAG, part[1:]]
    message = b"".join(parts)
    if check_code(message) != 0:
        right, sent = check_code(message[:-1]), message[-1]
        detail = f"the check code is {sent:02x}, of these octets it is {right:02x}"
        raise ProtocolError(Reason.BAD_CHECKSUM, detail, octets)
    return message[:-1]


def pack(message: bytes) -> bytes:
    """Frame one message for the wire, flags included; the inverse of `unpack`."""
    octets = message + bytes([check_code(message)])
    escaped = octets.replace(ESCAPE, b"\x7d\x01").replace(FLAG, b"\x7d\x02")
    return FLAG + escaped + FLAG


def check_code(octets: bytes) -> int:
    """Return the exclusive-or of all octets; 0 for a message with its own code."""
    return reduce(xor, octets, 0)
