"""Cut one connection's octets into lines, with bounded memory.

A sentence ends with CR LF (NMEA 0183, 5.3); LF or CR alone is taken too, for many
receivers and every log file send one of them.
"""

import re

from ingest.protocols.errors import ProtocolError
from vocabulary.refusal import Reason

MAX_LINE = 256
"""Longest line accepted, in octets. The standard says 82; real receivers send 95."""

_LINE_END = re.compile(rb"[\r\n]")


class LineFramer:
    """Cut a stream of octets into lines.

    Feed it what the transport returns, in chunks of any size: the chunks never change
    what comes out. It never raises. A line longer than `MAX_LINE` is refused once, with
    its first octets, and what follows the last `$` of its end still counts: junk before
    a sentence does not take the sentence with it.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._refused = False  # the line at hand is too long and was said to be

    def receive_data(self, data: bytes) -> list[bytes | ProtocolError]:
        """Take octets and return the lines they complete, oldest first."""
        *lines, rest = _LINE_END.split(self._rest + data)
        items: list[bytes | ProtocolError] = []
        for line in lines:
            items += self._end_line(line)
        if len(rest) > MAX_LINE:
            items += self._refuse(rest)
            rest = rest[-MAX_LINE:]
        self._rest = rest
        return items

    def receive_eof(self) -> list[bytes | ProtocolError]:
        """Take the end of the stream: what is left is the last line."""
        line, self._rest = self._rest, b""
        return self._end_line(line)

    def _end_line(self, line: bytes) -> list[bytes | ProtocolError]:
        if len(line) <= MAX_LINE and not self._refused:
            return [line] if line else []
        items = self._refuse(line)
        self._refused = False
        end = line[-MAX_LINE:]
        last = end.rfind(b"$")
        return [*items, end[last:]] if last >= 0 else items

    def _refuse(self, line: bytes) -> list[bytes | ProtocolError]:
        if self._refused:
            return []
        self._refused = True
        detail = f"no line end in {MAX_LINE} octets; a sentence has at most 82"
        return [ProtocolError(Reason.TOO_LONG, detail, line[:MAX_LINE])]
