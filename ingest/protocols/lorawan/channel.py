"""A channel: some octets of fixed layout that carry some values. Both directions.

    value = raw · times / per + plus

Division by a whole number, not multiplication by a fraction, so that 257 tenths are
25.7 and not 25.700000000000003.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from ingest.protocols.lorawan.explained import Sample
from vocabulary.quantity import Quantity

Values: TypeAlias = Mapping[Quantity, float]


@dataclass(frozen=True, slots=True)
class Field:
    """One number of a channel.

    Attributes:
        code: How it is packed, as `struct` names it.
        quantity: What it is; None is skipped, and written as 0.
        times: Value = raw times this,
        per: divided by this,
        plus: plus this.
        nothing: Raw values that say that there is no value.
    """

    code: str
    quantity: Quantity | None = None
    times: float = 1
    per: float = 1
    plus: float = 0
    nothing: frozenset[int] = frozenset()

    def value(self, raw: int) -> float:
        """Return the value of a raw number."""
        return raw * self.times / self.per + self.plus

    def raw(self, values: Values) -> int:
        """Return the raw number of a value, or of none."""
        if self.quantity is None or self.quantity not in values:
            return min(self.nothing, default=0)
        return round((values[self.quantity] - self.plus) * self.per / self.times)


@dataclass(frozen=True, slots=True)
class Channel:
    """Some octets and what they carry.

    Attributes:
        layout: How they are packed.
        quantities: What they may carry.
        read: From raw numbers to values.
        write: From values to raw numbers.
        has_time: Whether the first number is Unix time, s: a sample kept of the past.
    """

    layout: struct.Struct
    quantities: frozenset[Quantity]
    read: Callable[[Sequence[int]], dict[Quantity, float]]
    write: Callable[[Values], Sequence[int]]
    has_time: bool = False

    def decode(self, octets: bytes) -> Sample:
        """Return what the octets say; they are as many as the layout has."""
        raw = self.layout.unpack(octets)
        if not self.has_time:
            return Sample(self.read(raw))
        return Sample(self.read(raw[1:]), datetime.fromtimestamp(raw[0], UTC))

    def encode(self, values: Values, at: datetime | None = None) -> bytes:
        """Return the octets that say these values.

        Args:
            values: What to say.
            at: When it was measured; only where the channel has a time.
        """
        seconds = [int(at.timestamp())] if at else []
        return self.layout.pack(*seconds, *self.write(values))


def channel(order: str, *fields: Field, has_time: bool = False) -> Channel:
    """Return a channel of numbers side by side.

    Args:
        order: `<` for the least significant octet first, `>` for the most.
        fields: Its numbers.
        has_time: Whether Unix time, s, comes before them.
    """

    def read(raw: Sequence[int]) -> dict[Quantity, float]:
        return {
            field.quantity: field.value(number)
            for field, number in zip(fields, raw, strict=True)
            if field.quantity is not None and number not in field.nothing
        }

    def write(values: Values) -> list[int]:
        return [field.raw(values) for field in fields]

    return Channel(
        layout=struct.Struct(
            order + "I" * has_time + "".join(field.code for field in fields)
        ),
        quantities=frozenset(f.quantity for f in fields if f.quantity is not None),
        read=read,
        write=write,
        has_time=has_time,
    )


def skipped(octets: int) -> Channel:
    """Return a channel that carries nothing for us."""
    return channel("<", *[Field("B")] * octets)
