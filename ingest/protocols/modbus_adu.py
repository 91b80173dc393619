"""Recorded Modbus traffic: requests and answers to readings, without a connection.

Layout (MODBUS TCP V1.0b, 3.1.3; MODBUS over serial line V1.02, 2.5.1)::

    TCP: TT TT 00 00 LL LL UU | PDU        RTU: UU | PDU | CC CC

- T: transaction number; L: octets from U on; U: unit id
- C: CRC-16 of all before it, low octet first
- PDU, request to read: function (1-4), address 2, count 2
- PDU, request to write: see `modbus_frame`
- PDU, answer to a read: the same function, octets that follow, registers or bits
- PDU, answer to a write: how the request began; it says nothing more, and gives nothing
- PDU, exception: function with its top bit set, exception code

An answer does not say what it answers, so the request before it must be in the
recording too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.protocols.crc16 import modbus_crc16
from ingest.protocols.errors import ProtocolError
from ingest.protocols.modbus_frame import (
    EXCEPTION_BIT,
    ReadRequest,
    Request,
    WriteRequest,
    shape_of,
)
from ingest.protocols.register_layout import Block, RegisterMap, Table
from ingest.protocols.register_map import decode
from vocabulary.reading import Reading
from vocabulary.refusal import Reason

EXCEPTION_NAMES = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "server device failure",
    5: "acknowledge",
    6: "server device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "gateway target device failed to respond",
}
"""MODBUS V1.1b3, 7: what an exception code means."""

MAX_ADU = 260
"""Longest TCP frame, in octets (MODBUS TCP V1.0b, 3.1.3)."""

_HEADER = 6
_FIVE = 5  # octets of the shortest requests


Item = ReadRequest | WriteRequest | Reading | ProtocolError
"""What a recording gives."""


@dataclass(frozen=True, slots=True)
class _Adu:
    octets: bytes
    transaction: int
    unit_id: int
    pdu: bytes


class ModbusRecording:
    """The traffic of one connection, both directions, in the order it went."""

    def __init__(self, register_map: RegisterMap) -> None:
        self._map = register_map
        self._asked: dict[tuple[int, int], Request] = {}
        self._factors: dict[int, dict[Block, Sequence[int]]] = {}
        self._rest = b""
        self._is_lost = False

    def receive_data(self, data: bytes, now: datetime) -> list[Item]:
        """Take octets of a TCP recording, in chunks of any size."""
        items: list[Item] = []
        self._rest += b"" if self._is_lost else data
        while len(self._rest) >= _HEADER:
            if not _is_mbap(self._rest):
                items.append(_lost(self._rest))
                self._rest, self._is_lost = b"", True
                break
            end = _HEADER + int.from_bytes(self._rest[4:6], "big")
            if len(self._rest) < end:
                break
            items += self._adu(_tcp_adu(self._rest[:end]), now)
            self._rest = self._rest[end:]
        return items

    def receive_eof(self, now: datetime) -> list[Item]:  # noqa: ARG002 (as all streams)
        """Take the end of the recording."""
        rest, self._rest = self._rest, b""
        if not rest:
            return []
        detail = "the recording ends inside a frame"
        return [ProtocolError(Reason.BAD_FRAME, detail, rest)]

    def receive_frame(self, octets: bytes, now: datetime) -> list[Item]:
        """Take one whole frame, TCP or RTU."""
        length = int.from_bytes(octets[4:6], "big")
        if _is_mbap(octets) and length == len(octets) - _HEADER:
            return self._adu(_tcp_adu(octets), now)
        if len(octets) > 3 and modbus_crc16(octets) == 0:  # noqa: PLR2004 (unit, function, CRC)
            return self._adu(_Adu(octets, 0, octets[0], octets[1:-2]), now)
        detail = "neither a TCP frame (length field) nor an RTU frame (CRC)"
        return [ProtocolError(Reason.BAD_FRAME, detail, octets)]

    def _adu(self, adu: _Adu, now: datetime) -> list[Item]:
        key = (adu.transaction, adu.unit_id)
        function = adu.pdu[0]
        asked = self._asked.get(key)
        if asked and function == asked.function | EXCEPTION_BIT and len(adu.pdu) > 1:
            del self._asked[key]
            return [exception_error(asked, adu.pdu[1])]
        if asked and function == asked.function and _is_answer(adu.pdu, asked):
            del self._asked[key]
            if isinstance(asked, WriteRequest):
                return []
            return [*self._answer(adu, asked, now)]
        request = _request(adu)
        if request is not None:
            self._asked[key] = request
            return [request]
        detail = f"function {function} of unit {adu.unit_id} answers nothing recorded"
        return [ProtocolError(Reason.BAD_FRAME, detail, adu.octets)]

    def _answer(
        self, adu: _Adu, asked: ReadRequest, now: datetime
    ) -> Sequence[Reading | ProtocolError]:
        words = _words(adu.pdu[2:], asked)
        if len(words) != asked.count:
            detail = f"asked for {asked.count}, got {len(words)} values"
            return [ProtocolError(Reason.BAD_FRAME, detail, adu.octets)]
        fields = tuple(
            field
            for field in self._map.fields
            if field.table is asked.table
            and asked.address <= field.address
            and field.end <= asked.address + asked.count
        )
        block = Block(asked.table, asked.address, asked.count, fields)
        beside = self._factors.setdefault(adu.unit_id, {})
        if block.has_factors:
            beside[block] = words
        return decode(
            {block: words}, unit_id=adu.unit_id, measured_at=now, beside=beside
        )


def exception_error(asked: Request, code: int) -> ProtocolError:
    """Say by name what a unit answered instead of doing what it was asked."""
    name = EXCEPTION_NAMES.get(code, "not in the standard")
    last = asked.address + asked.count - 1
    deed = "writing" if isinstance(asked, WriteRequest) else "reading"
    detail = (
        f"unit {asked.unit_id} answered exception {code} ({name}) "
        f"to {deed} {asked.table.name.lower()} {asked.address}..{last}"
    )
    octets = bytes([asked.function | EXCEPTION_BIT, code])
    return ProtocolError(Reason.EXCEPTION_ANSWER, detail, octets)


def _is_mbap(octets: bytes) -> bool:
    length = int.from_bytes(octets[4:6], "big")
    return octets[2:4] == b"\0\0" and 2 <= length <= MAX_ADU - _HEADER  # noqa: PLR2004 (unit id and a function at least)


def _tcp_adu(octets: bytes) -> _Adu:
    return _Adu(octets, int.from_bytes(octets[:2], "big"), octets[6], octets[7:])


def _is_answer(pdu: bytes, asked: Request) -> bool:
    if isinstance(asked, WriteRequest):
        return pdu == shape_of(asked).head[1:]
    return len(pdu) > 1 and pdu[1] == len(pdu) - 2


def _request(adu: _Adu) -> Request | None:
    """Return the request that a frame is, if it is one we know."""
    pdu, function = adu.pdu, adu.pdu[0]
    address, second = (int.from_bytes(pdu[at : at + 2], "big") for at in (1, 3))
    if function in set(Table) and len(pdu) == _FIVE:
        return ReadRequest(
            unit_id=adu.unit_id, table=Table(function), address=address, count=second
        )
    words = _written(pdu, second)
    if not words:
        return None
    return WriteRequest(
        unit_id=adu.unit_id,
        table=Table.COIL if function in (5, 15) else Table.HOLDING,
        address=address,
        words=words,
        is_single=function in (5, 6),
    )


def _written(pdu: bytes, second: int) -> tuple[int, ...]:
    """Return what a request writes; nothing if it is none.

    Args:
        pdu: Of the request.
        second: Its second field: the only value, or the count of values.
    """
    function, octets = pdu[0], pdu[6:]
    if function == 5 and len(pdu) == _FIVE and second in (0, 0xFF00):  # noqa: PLR2004 (a function's number)
        return (int(second > 0),)
    if function == 6 and len(pdu) == _FIVE:  # noqa: PLR2004 (a function's number)
        return (second,)
    if len(pdu) <= _FIVE or pdu[5] != len(octets):
        return ()
    if function == 15 and len(octets) == -(-second // 8):  # noqa: PLR2004 (a function's number)
        return tuple(octets[at // 8] >> at % 8 & 1 for at in range(second))
    if function == 16 and len(octets) == 2 * second:  # noqa: PLR2004 (a function's number)
        pairs = range(0, len(octets), 2)
        return tuple(int.from_bytes(octets[at : at + 2], "big") for at in pairs)
    return ()


def _words(octets: bytes, asked: ReadRequest) -> list[int]:
    if asked.table in (Table.HOLDING, Table.INPUT):
        pairs = range(0, len(octets), 2)
        return [int.from_bytes(octets[at : at + 2], "big") for at in pairs]
    bits = [octet >> bit & 1 for octet in octets for bit in range(8)]
    return bits[: asked.count]


def _lost(octets: bytes) -> ProtocolError:
    detail = "no Modbus TCP header; nothing after it can be told apart"
    return ProtocolError(Reason.BAD_FRAME, detail, octets[:_HEADER])
