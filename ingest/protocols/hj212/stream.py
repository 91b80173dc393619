"""One connection's HJ 212: octets in, packages and refusals out; and packages out."""

from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.hj212.frame import Framer, encode_frame
from ingest.protocols.hj212.package import Package, decode_segment, encode_segment
from vocabulary.refusal import Reason

Item: TypeAlias = Package | ProtocolError
"""What a stream gives."""

_KEPT_NOISE = 64  # enough to tell what spoke


class Hj212Stream:
    """The packages of one connection.

    Feed it what the transport returns, in chunks of any size; it never raises. Numbered
    packets of one upload are packages of their own: each has its DataTime, and is
    answered (table C.50).
    """

    def __init__(self) -> None:
        self._framer = Framer()
        self._first = b""

    @property
    def frames(self) -> int:
        """Frames with a right check code, so far."""
        return self._framer.frames

    @property
    def is_amid(self) -> bool:
        """Whether a frame is incomplete."""
        return self._framer.is_amid

    def receive_data(self, data: bytes) -> list[Item]:
        """Take octets; return what they complete, oldest first."""
        if len(self._first) < _KEPT_NOISE:
            self._first = (self._first + data)[:_KEPT_NOISE]
        return [_package(item) for item in self._framer.receive_data(data)]

    def receive_gap(self) -> list[Item]:
        """Take note that nothing followed for a while amid a frame."""
        return [_package(item) for item in self._framer.receive_gap()]

    def receive_eof(self) -> list[Item]:
        """Take the end of the stream.

        A stream that held no frame at all, right or wrong, is refused as a whole, so
        that somebody learns of a device that speaks otherwise.
        """
        items = self.receive_gap()
        noise = self._framer.noise_octets
        if noise and not self.frames and not self._framer.refused:
            detail = f"no frame in {noise} octets; each begins ## and four digits"
            items.append(ProtocolError(Reason.BAD_FRAME, detail, self._first))
        return items


def encode_package(package: Package) -> bytes:
    """Return a package in its frame.

    Raises:
        ValueError: If it is longer than the standard allows.
    """
    return encode_frame(encode_segment(package))


def _package(item: bytes | ProtocolError) -> Item:
    if isinstance(item, ProtocolError):
        return item
    try:
        return decode_segment(item)
    except ProtocolError as error:
        return error
