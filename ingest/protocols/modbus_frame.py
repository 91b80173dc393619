"""What an answer to a request looks like, and where it begins in what a line gives.

RTU frames have no beginning of their own: only silence parts them, and what a serial
line gives may hold noise, the rest of a frame that broke off, or the late answer to
another question. What was asked says how the answer begins and how long it is, so it
can be found among all of that.

Requests to write (MODBUS V1.1b3, 6.5, 6.6, 6.11, 6.12)::

    05 | address 2 | FF00 or 0000          answered by the same
    06 | address 2 | value 2               answered by the same
    0F | address 2 | count 2 | octets | …  answered by function, address, count
    10 | address 2 | count 2 | octets | …  answered by function, address, count
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ingest.protocols.crc16 import modbus_crc16
from ingest.protocols.register_layout import Table

EXCEPTION_BIT = 0x80
"""Set in an answer's function when it is an exception."""

_CRC = 2
_EXCEPTION_FRAME = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Somebody asked a unit for something.

    Attributes:
        unit_id: The unit asked.
        table: Which table.
        address: First address.
        count: How many registers, or bits.
    """

    unit_id: int
    table: Table
    address: int
    count: int

    @property
    def function(self) -> int:
        """The function code."""
        return int(self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRequest:
    """Somebody told a unit something.

    Attributes:
        unit_id: The unit told.
        table: `COIL` or `HOLDING`.
        address: First address.
        words: The registers, or the coils as 0 and 1.
        is_single: Whether by function 5 or 6, which take one, or by 15 or 16.
    """

    unit_id: int
    table: Table
    address: int
    words: tuple[int, ...]
    is_single: bool

    @property
    def count(self) -> int:
        """How many registers, or coils."""
        return len(self.words)

    @property
    def function(self) -> int:
        """The function code."""
        if self.table is Table.COIL:
            return 5 if self.is_single else 15
        return 6 if self.is_single else 16


Request: TypeAlias = ReadRequest | WriteRequest
"""What a master may send."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the answer to one request looks like on a serial line.

    Attributes:
        head: How its frame begins.
        length: Octets of the whole frame, CRC included.
    """

    head: bytes
    length: int


def shape_of(asked: Request) -> Shape:
    """Return what the answer must look like, if it is no exception."""
    start = bytes([asked.unit_id, asked.function])
    if isinstance(asked, WriteRequest):
        told = asked.words[0] if asked.is_single else asked.count
        if asked.is_single and asked.table is Table.COIL:
            told = 0xFF00 if told else 0
        head = start + asked.address.to_bytes(2, "big") + told.to_bytes(2, "big")
        return Shape(head, len(head) + _CRC)
    is_bits = asked.table in (Table.COIL, Table.DISCRETE)
    octets = -(-asked.count // 8) if is_bits else 2 * asked.count
    return Shape(start + bytes([octets]), 3 + octets + _CRC)


def find_answer(octets: bytes, asked: Request) -> bytes:
    """Return the frame that answers, whatever stands before and after it.

    Args:
        octets: All that came since the request was sent.
        asked: The request.

    Returns:
        The first whole frame of the right unit, function, shape and CRC, or of an
        exception; empty if there is none (yet).
    """
    shape = shape_of(asked)
    refusal = Shape(
        bytes([asked.unit_id, asked.function | EXCEPTION_BIT]), _EXCEPTION_FRAME
    )
    found = [_first(octets, shape), _first(octets, refusal)]
    starts = [start for start in found if start >= 0]
    if not starts:
        return b""
    start = min(starts)
    length = shape.length if start == found[0] else refusal.length
    return octets[start : start + length]


def probe_of(blocks: Sequence[ReadRequest]) -> ReadRequest:
    """Return a question whose answer looks like none of the given blocks' answers.

    A serial slave answers in the order it was asked. Whoever has this answer therefore
    knows that no late answer is on its way that could be taken for a block's.

    Args:
        blocks: All that is ever read of one unit, at least one request.
    """
    first = blocks[0]
    taken = {shape_of(block) for block in blocks}
    step = 8 if first.table in (Table.COIL, Table.DISCRETE) else 1
    for count in range(1, first.count + len(blocks) * step + 2, step):
        probe = ReadRequest(
            unit_id=first.unit_id,
            table=first.table,
            address=first.address,
            count=count,
        )
        if shape_of(probe) not in taken:
            return probe
    raise AssertionError("more lengths than blocks were tried")


def _first(octets: bytes, shape: Shape) -> int:
    at = octets.find(shape.head)
    while at >= 0 and at + shape.length <= len(octets):
        if modbus_crc16(octets[at : at + shape.length]) == 0:
            return at
        at = octets.find(shape.head, at + 1)
    return -1
