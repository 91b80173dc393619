"""Cut one connection's octets into frames, with bounded memory."""

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sl651.frame import (
    HEADER,
    START,
    Frame,
    decode_frame,
    frame_length,
)
from vocabulary.refusal import Reason


class Framer:
    """Cut a stream of octets into frames.

    Feed it what the transport returns, in chunks of any size: the chunks never change
    what comes out. It never raises. What is between frames is noise, counted and left
    out. A frame whose check code is wrong is refused whole; one that does not end where
    it said is refused up to where another may begin inside it. So no octet is looked at
    twice, whatever a peer sends.

    Attributes:
        frames: Frames with a right check code.
        refused: Frames that were refused.
        noise_octets: Octets outside of frames, right or refused.
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

    def receive_data(self, data: bytes) -> list[Frame | ProtocolError]:
        """Take octets and return the frames they complete, oldest first."""
        self._rest += data
        items: list[Frame | ProtocolError] = []
        while (length := self._to_frame()) and len(self._rest) >= length:
            items.append(self._taken(length))
        return items

    def receive_gap(self) -> list[Frame | ProtocolError]:
        """Take note that nothing followed for a while.

        A frame comes without a pause (6.3.2.1), so one that is not whole by now never
        will be; one that begins inside it may.
        """
        items: list[Frame | ProtocolError] = []
        while length := self._to_frame():
            if len(self._rest) >= length:
                items.append(self._taken(length))
                continue
            detail = f"{len(self._rest)} octets of a frame of {length}, then nothing"
            items.append(self._refused(detail, self._cut(length)))
        if self.is_amid:
            detail = f"{len(self._rest)} octets of a header of {HEADER}, then nothing"
            items.append(self._refused(detail, self._rest))
        else:
            self.noise_octets += len(self._rest)
        self._rest = b""
        return items

    def _to_frame(self) -> int | None:
        """Drop what is before a frame, and return how long the frame will be.

        Returns:
            None if its header is not whole yet.
        """
        while True:
            at = self._rest.find(START)
            if at < 0:
                at = len(self._rest) - self._rest.endswith(START[:1])
            self._drop(at)
            if len(self._rest) < HEADER:
                return None
            length = frame_length(self._rest)
            if length is not None:
                return length
            self._drop(1)

    def _drop(self, count: int) -> None:
        self.noise_octets += count
        self._rest = self._rest[count:]

    def _taken(self, length: int) -> Frame | ProtocolError:
        try:
            frame = decode_frame(self._rest[:length])
        except ProtocolError as error:
            if error.reason is not Reason.BAD_CHECKSUM:
                return self._refused(error.detail, self._cut(length))
            self.refused += 1
            self._rest = self._rest[length:]
            return error
        self.frames += 1
        self._rest = self._rest[length:]
        return frame

    def _refused(self, detail: str, octets: bytes) -> ProtocolError:
        self.refused += 1
        return ProtocolError(Reason.BAD_FRAME, detail, octets)

    def _cut(self, length: int) -> bytes:
        """Take the octets of a broken frame, up to where another may begin."""
        within = self._rest[:length]
        at = within.find(START, 1)
        octets = within if at < 0 else within[:at]
        self._rest = self._rest[len(octets) :]
        return octets
