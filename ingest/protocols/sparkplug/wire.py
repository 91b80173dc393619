"""The wire format of Protocol Buffers: fields out of octets, and back. Pure.

    KEY VALUE  KEY VALUE  ...      KEY = varint of (field number << 3 | wire type)

    0 varint   7 bits an octet, the lowest first, at most 10 octets, 64 bits
    1 I64      8 octets, the least significant first
    2 LEN      a varint, and so many octets: text, octets, a message in itself
    5 I32      4 octets

Our own reader, and not Google's package: the one message we read has four levels and
has not changed since 2016; the package wants code generated for its own release, and
says of broken octets no more than that they are broken.

Protocol Buffers, Encoding.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

_MAX_VARINT_OCTETS = 10
_U64 = 2**64 - 1


class WireType(IntEnum):
    """How a value is written."""

    VARINT = 0
    I64 = 1
    LEN = 2
    I32 = 5


class BrokenWireError(ValueError):
    """Octets that are no Protocol Buffers message."""


class WireField(NamedTuple):
    """One field of a message.

    Attributes:
        number: Which.
        wire_type: How it was written.
        octets: LEN, I64 and I32: what was written.
        varint: VARINT: what was written; else 0.
    """

    number: int
    wire_type: WireType
    octets: bytes
    varint: int


def fields_of(octets: bytes) -> Iterator[WireField]:
    """Yield the fields of a message in their order.

    Raises:
        BrokenWireError: If the octets end amid a field, or are none.
    """
    at = 0
    while at < len(octets):
        key, at = _varint(octets, at)
        number, kind = key >> 3, key & 7
        if not number:
            raise BrokenWireError(f"field number 0 at octet {at}")
        if kind == WireType.VARINT:
            value, at = _varint(octets, at)
            yield WireField(number, WireType.VARINT, b"", value)
            continue
        if kind == WireType.LEN:
            length, at = _varint(octets, at)
        elif kind in {WireType.I64, WireType.I32}:
            length = 8 if kind == WireType.I64 else 4
        else:
            raise BrokenWireError(f"wire type {kind} at octet {at}")
        if at + length > len(octets):
            left = len(octets) - at
            raise BrokenWireError(f"field {number} has {left} of {length} octets")
        yield WireField(number, WireType(kind), octets[at : at + length], 0)
        at += length


def varint_field(number: int, value: int) -> bytes:
    """Return a field written as a varint."""
    return varint(number << 3 | WireType.VARINT) + varint(value & _U64)


def octets_field(number: int, octets: bytes) -> bytes:
    """Return a field written with its length."""
    return varint(number << 3 | WireType.LEN) + varint(len(octets)) + octets


def fixed_field(number: int, octets: bytes) -> bytes:
    """Return a field of 4 or 8 octets."""
    kind = WireType.I64 if len(octets) == 8 else WireType.I32  # noqa: PLR2004 - 64 bits
    return varint(number << 3 | kind) + octets


def varint(value: int) -> bytes:
    """Return a number of at most 64 bits, 7 bits an octet."""
    octets = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    octets.append(value)
    return bytes(octets)


def _varint(octets: bytes, at: int) -> tuple[int, int]:
    """Return the number at an octet, and where it ends."""
    value = 0
    for n in range(_MAX_VARINT_OCTETS):
        if at + n >= len(octets):
            raise BrokenWireError(f"a number ends amid, at octet {at + n}")
        octet = octets[at + n]
        value |= (octet & 0x7F) << 7 * n
        if not octet & 0x80:
            return value & _U64, at + n + 1
    raise BrokenWireError(f"a number of over 64 bits at octet {at}")
