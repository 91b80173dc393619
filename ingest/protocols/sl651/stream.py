"""One connection's SL 651: octets in, whole messages and refusals out."""

from typing import TypeAlias

from ingest.protocols.errors import ProtocolError
from ingest.protocols.sl651.frame import Frame
from ingest.protocols.sl651.framer import Framer
from ingest.protocols.sl651.packets import Assembler, Missing
from vocabulary.refusal import Reason

Item: TypeAlias = Frame | Missing | ProtocolError
"""What a stream gives: a message, a packet to be asked for, what is wrong."""

_KEPT_NOISE = 64  # enough to tell what spoke


class Sl651Stream:
    """The messages of one connection.

    Feed it what the transport returns, in chunks of any size; it never raises.
    """

    def __init__(self) -> None:
        self._framer = Framer()
        self._assembler = Assembler()
        self._first = b""

    @property
    def frames(self) -> int:
        """Frames with a right check code, so far."""
        return self._framer.frames

    @property
    def is_amid_frame(self) -> bool:
        """Whether a frame is incomplete."""
        return self._framer.is_amid

    @property
    def is_amid(self) -> bool:
        """Whether a frame or a message of several is incomplete."""
        return self._framer.is_amid or self._assembler.is_amid

    def receive_data(self, data: bytes) -> list[Item]:
        """Take octets; return what they complete, oldest first."""
        if len(self._first) < _KEPT_NOISE:
            self._first = (self._first + data)[:_KEPT_NOISE]
        return self._put_together(self._framer.receive_data(data))

    def receive_gap(self) -> list[Item]:
        """Take note that nothing followed for a while amid a frame or a message."""
        items = self._put_together(self._framer.receive_gap())
        return items or [*self._assembler.receive_gap()]

    def receive_eof(self) -> list[Item]:
        """Take the end of the stream.

        A stream that held no frame at all, right or wrong, is refused as a whole, so
        that somebody learns of a station that speaks otherwise.
        """
        items = self._put_together(self._framer.receive_gap())
        items += self._assembler.receive_eof()
        noise = self._framer.noise_octets
        if noise and not self.frames and not self._framer.refused:
            detail = f"no frame in {noise} octets; each begins 7E7E (HEX/BCD encoding)"
            items.append(ProtocolError(Reason.BAD_FRAME, detail, self._first))
        return items

    def _put_together(self, items: list[Frame | ProtocolError]) -> list[Item]:
        out: list[Item] = []
        for item in items:
            if isinstance(item, ProtocolError) or item.packet is None or item.is_down:
                out.append(item)  # an answer's number says which packet it is about
                continue
            whole = self._assembler.add(item, item.packet)
            if whole is not None:
                out.append(whole)
        return out
