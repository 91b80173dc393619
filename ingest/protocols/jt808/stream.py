"""One connection's JT/T 808: octets in, messages and refusals out."""

from ingest.protocols.errors import ProtocolError
from ingest.protocols.jt808.frame import Deframer, pack
from ingest.protocols.jt808.header import Header, header_octets
from ingest.protocols.jt808.message import (
    MESSAGES,
    Message,
    MessageError,
    header_of,
    message_from,
)
from ingest.protocols.jt808.octets import FieldError
from ingest.protocols.jt808.parts import MAX_PARTS, Assembly, Unfinished
from vocabulary.refusal import Reason


class Jt808Stream:
    """The messages of one connection.

    Feed it what the transport returns, in chunks of any size; it never raises. What is
    wrong with a message is one more item, and the messages after it still count. A
    message that came in sub-packages is one message, once all of them are there.

    Attributes:
        messages: Whole messages given.
        refused: Refusals given.
    """

    def __init__(self) -> None:
        self.messages = 0
        self.refused = 0
        self._deframer = Deframer()
        self._assembly = Assembly()

    @property
    def speaks(self) -> bool:
        """Whether anything that could be a frame has come."""
        return self._deframer.flags > 0

    @property
    def given_up(self) -> int:
        """Messages of which sub-packages never came."""
        return self._assembly.given_up

    def unfinished(self) -> list[Unfinished]:
        """Return messages of which sub-packages have not come yet."""
        return self._assembly.unfinished()

    def receive_data(self, data: bytes) -> list[Message | ProtocolError]:
        """Take octets and return what they complete, oldest first."""
        return self._items(self._deframer.receive_data(data))

    def receive_eof(self) -> list[Message | ProtocolError]:
        """Take the end of the stream, or of a datagram: what is left is no frame."""
        return self._items(self._deframer.receive_eof())

    def _items(
        self, frames: list[bytes | ProtocolError]
    ) -> list[Message | ProtocolError]:
        items: list[Message | ProtocolError] = []
        for frame in frames:
            item = frame if isinstance(frame, ProtocolError) else self._read(frame)
            if item is not None:
                items.append(item)
        refused = sum(isinstance(item, ProtocolError) for item in items)
        self.refused += refused
        self.messages += len(items) - refused
        return items

    def _read(self, octets: bytes) -> Message | ProtocolError | None:
        try:
            header, body = header_of(octets)
            if header.total and header.message_id in MESSAGES:
                return self._add_part(header, body)
            return message_from(
                header, body, serials=(header.serial,), source=pack(octets)
            )
        except MessageError as error:
            return error

    def _add_part(self, header: Header, body: bytes) -> Message | None:
        if header.total > MAX_PARTS:
            detail = f"{header.total} sub-packages; at most {MAX_PARTS} are taken"
            error = FieldError(Reason.TOO_LONG, detail)
            raise MessageError(
                error, pack(header_octets(header, len(body)) + body), header
            )
        whole = self._assembly.add(header, body)
        if whole is None:
            return None
        source = header_octets(header, len(body)) + whole.body
        return message_from(
            whole.header, whole.body, serials=whole.serials, source=source
        )
