"""One value in Modbus registers: type, octet order, scale (MODBUS V1.1b3, 4.2).

The standard sends each 16-bit register high octet first and says nothing of values that
take more. Makers differ, so the order is a field, written as the letters of the octets
in the order they come, A the most significant:

- `ABCD`: as the standard would have it; `CDAB`: low register first
- `BADC`: octets swapped inside registers; `DCBA`: the other way round altogether
"""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LETTERS = "ABCDEFGH"
"""Names of a value's octets, the most significant first."""

_FULL_WORD = 0xFFFF


class ValueType(StrEnum):
    """What a value is made of."""

    BITS = "bits"
    UINT8_LOW = "uint8-low"
    UINT8_HIGH = "uint8-high"
    INT8_LOW = "int8-low"
    INT8_HIGH = "int8-high"
    UINT16 = "uint16"
    INT16 = "int16"
    FLOAT16 = "float16"
    UINT32 = "uint32"
    INT32 = "int32"
    FLOAT32 = "float32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT64 = "float64"


# (struct code, registers); the eight-bit types are cut out of an unsigned register.
_FORMS = {
    ValueType.BITS: ("H", 1),
    ValueType.UINT8_LOW: ("xB", 1),
    ValueType.UINT8_HIGH: ("Bx", 1),
    ValueType.INT8_LOW: ("xb", 1),
    ValueType.INT8_HIGH: ("bx", 1),
    ValueType.UINT16: ("H", 1),
    ValueType.INT16: ("h", 1),
    ValueType.FLOAT16: ("e", 1),
    ValueType.UINT32: ("I", 2),
    ValueType.INT32: ("i", 2),
    ValueType.FLOAT32: ("f", 2),
    ValueType.UINT64: ("Q", 4),
    ValueType.INT64: ("q", 4),
    ValueType.FLOAT64: ("d", 4),
}
_FLOATS = (ValueType.FLOAT16, ValueType.FLOAT32, ValueType.FLOAT64)
_OCTET_MASKS = {
    ValueType.UINT8_LOW: 0x00FF,
    ValueType.INT8_LOW: 0x00FF,
    ValueType.UINT8_HIGH: 0xFF00,
    ValueType.INT8_HIGH: 0xFF00,
}
_PARTS_OF_A_REGISTER = (ValueType.BITS, *_OCTET_MASKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueForm:
    """How one value stands in registers: value = raw · scale + offset, or a code's.

    Attributes:
        type: What it is made of.
        order: Its octets as they come, `LETTERS` rearranged; empty for as they are.
        scale: What one step of the raw value is worth; not 0.
        offset: What a raw 0 is worth.
        bit: Lowest bit of a `BITS` value, 0 the least significant of the register.
        bit_count: How many bits a `BITS` value has.
        codes: What each raw value means, where it is a code and no number.
        other: What any other code means; NaN where it means nothing.
    """

    type: ValueType
    order: str = ""
    scale: float = 1
    offset: float = 0
    bit: int = 0
    bit_count: int = 1
    codes: tuple[tuple[int, float], ...] = ()
    other: float = math.nan

    @property
    def width(self) -> int:
        """How many registers it takes."""
        return _FORMS[self.type][1]

    def faults(self) -> list[str]:
        """Say what is wrong with this form; nothing if it can be used."""
        faults = []
        if self.order and sorted(self.order) != list(LETTERS[: 2 * self.width]):
            right = LETTERS[: 2 * self.width]
            faults.append(f"order {self.order!r} is not a rearrangement of {right}")
        if self.scale == 0:
            faults.append("scale is 0")
        if self.order and self.type in _PARTS_OF_A_REGISTER:
            faults.append(f"order means nothing for {self.type}")
        if not (self.bit >= 0 and 1 <= self.bit_count <= 16 - self.bit):
            faults.append(f"{self.bit_count} bits from bit {self.bit} are not in 0..15")
        if self.codes and self.type in _FLOATS:
            faults.append(f"codes mean nothing for {self.type}")
        if self.codes and (self.scale, self.offset) != (1, 0):
            faults.append("codes have no scale and no offset")
        return faults


def value_from(form: ValueForm, words: Sequence[int]) -> float:
    """Return the value in `form.width` registers; it may be infinite or NaN."""
    octets = b"".join(word.to_bytes(2, "big") for word in words)
    code, _ = _FORMS[form.type]
    raw: int | float = struct.unpack(">" + code, _ordered(form, octets))[0]
    if form.type is ValueType.BITS:
        raw = (int(raw) >> form.bit) & ((1 << form.bit_count) - 1)
    if form.codes:
        return dict(form.codes).get(int(raw), form.other)
    return float(_scaled(raw, form.scale) + form.offset)


def words_from(form: ValueForm, value: float) -> list[int]:
    """Return a value's registers; the inverse of `value_from`.

    Raises:
        ValueError: If the value does not fit its type.
    """
    raw = _raw(form, value)
    code, width = _FORMS[form.type]
    try:
        number = raw if form.type in _FLOATS else round(raw)
        if form.type is ValueType.BITS:
            return [_bits(form, int(number))]
        octets = _disordered(form, struct.pack(">" + code, number))
    except (struct.error, OverflowError, ValueError) as error:
        raise ValueError(f"{value!r} does not fit {form.type}") from error
    pairs = range(0, 2 * width, 2)
    return [int.from_bytes(octets[first : first + 2], "big") for first in pairs]


def _raw(form: ValueForm, value: float) -> float:
    if not form.codes:
        return (value - form.offset) / form.scale
    raws = [code for code, meant in form.codes if meant == value]
    if not raws:
        raise ValueError(f"no code means {value!r}")
    return raws[0]


def mask_of(form: ValueForm) -> int:
    """Return which bits of each of its registers a value takes."""
    if form.type is ValueType.BITS:
        return ((1 << form.bit_count) - 1) << form.bit
    return _OCTET_MASKS.get(form.type, _FULL_WORD)


def _bits(form: ValueForm, number: int) -> int:
    if not 0 <= number < 1 << form.bit_count:
        raise OverflowError
    return number << form.bit


def _ordered(form: ValueForm, octets: bytes) -> bytes:
    if not form.order:
        return octets
    return bytes(octets[form.order.index(name)] for name in sorted(form.order))


def _disordered(form: ValueForm, octets: bytes) -> bytes:
    if not form.order:
        return octets
    return bytes(octets[LETTERS.index(name)] for name in form.order)


def _scaled(raw: float, scale: float) -> float:
    # Dividing by 10 is exact to the last digit where multiplying by 0.1 is not.
    steps = round(1 / scale) if abs(scale) < 1 else 0
    if steps and abs(scale * steps - 1) < 1e-12:  # noqa: PLR2004 (float noise)
        return raw / steps
    return raw * scale
