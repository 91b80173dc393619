"""The frame around one package of HJ 212-2017 (6.3.1), and cutting a stream into them.

Layout, all text::

    ##  NNNN  segment  KKKK  CR LF

- NNNN: octets of the segment, decimal
- KKKK: CRC of the segment (annex A), hex
"""

import re

from ingest.protocols.crc16 import hj212_crc16
from ingest.protocols.errors import ProtocolError
from vocabulary.refusal import Reason

START = b"##"
"""Begins every frame."""

MAX_SEGMENT = 1024
"""Longest segment by the standard; what we write is never longer."""

MAX_FRAME = 6 + 9999 + 4
"""Longest frame that four digits can announce; longer segments than the standard's
are sent, and taken."""

_HEAD = re.compile(rb"##([0-9]{4})")
_CRC = re.compile(rb"[0-9A-Fa-f]{4}")
_HEAD_SIZE = 6
_CRC_SIZE = 4
_END = b"\r\n"


def encode_frame(segment: bytes) -> bytes:
    """Return a segment in its frame.

    Raises:
        ValueError: If it is longer than the standard allows.
    """
    if len(segment) > MAX_SEGMENT:
        raise ValueError(f"{len(segment)} octets; a segment has at most {MAX_SEGMENT}")
    return b"##%04d%s%04X\r\n" % (len(segment), segment, hj212_crc16(segment))


class Framer:
    """Cut a stream of octets into segments with a right check code.

    Feed it what the transport returns, in chunks of any size: the chunks never change
    what comes out. It never raises. A frame is over with its check code: the line end
    behind it is not waited for. Where `##` and four digits stand inside a frame, that
    frame was cut off and another begins; a segment holds no such thing.

    Attributes:
        frames: Frames with a right check code.
        refused: Frames that were refused.
        noise_octets: Octets outside of frames, line ends apart.
    """

    def __init__(self) -> None:
        self.frames = 0
        self.refused = 0
        self.noise_octets = 0
        self._rest = b""

    @property
    def is_amid(self) -> bool:
        """Whether the octets at hand may be the beginning of a frame."""
        return len(self._rest) >= len(START)

    def receive_data(self, data: bytes) -> list[bytes | ProtocolError]:
        """Take octets and return the segments they complete, oldest first."""
        self._rest += data
        items: list[bytes | ProtocolError] = []
        while length := self._to_frame():
            within = self._rest[:length]
            inner = _HEAD.search(within, _HEAD_SIZE)
            if inner:
                detail = f"another frame begins in one of {length} octets"
                items.append(self._refuse(detail, inner.start()))
            elif len(self._rest) < length:
                break
            else:
                items.append(self._taken(length))
        return items

    def receive_gap(self) -> list[bytes | ProtocolError]:
        """Take note that nothing followed for a while: what is not whole is refused."""
        if not self.is_amid:
            self._drop(len(self._rest))
            return []
        detail = f"{len(self._rest)} octets of a frame, then nothing"
        return [self._refuse(detail, len(self._rest))]

    def _to_frame(self) -> int | None:
        """Drop what is before a frame, and return how long the frame will be.

        Returns:
            None if its length is not there yet.
        """
        head = _HEAD.search(self._rest)
        if head:
            self._drop(head.start())
            return _HEAD_SIZE + int(head[1]) + _CRC_SIZE
        self._drop(len(self._rest) - _begun(self._rest))
        return None

    def _taken(self, length: int) -> bytes | ProtocolError:
        octets = self._rest[:length]
        segment, code = octets[_HEAD_SIZE:-_CRC_SIZE], octets[-_CRC_SIZE:]
        if not _CRC.fullmatch(code):
            detail = f"{code!r} stands where the check code must"
            return self._refuse(detail, length)
        right = hj212_crc16(segment)
        if int(code, 16) != right:
            detail = (
                f"the check code is {code.decode()}, the segment's own is {right:04X}"
            )
            return self._refuse(detail, length, reason=Reason.BAD_CHECKSUM)
        self.frames += 1
        self._rest = self._rest[length:]
        return segment

    def _refuse(
        self, detail: str, length: int, *, reason: Reason = Reason.BAD_FRAME
    ) -> ProtocolError:
        self.refused += 1
        octets, self._rest = self._rest[:length], self._rest[length:]
        return ProtocolError(reason, detail, octets)

    def _drop(self, count: int) -> None:
        dropped, self._rest = self._rest[:count], self._rest[count:]
        self.noise_octets += sum(octet not in _END for octet in dropped)


def _begun(octets: bytes) -> int:
    """Return how many octets at the end may be the beginning of a frame."""
    at = octets.rfind(START)
    if at >= 0 and octets[at + len(START) :].isdigit():
        return len(octets) - at
    return max(size for size in (0, 1, 2) if octets.endswith(START[:size]))
