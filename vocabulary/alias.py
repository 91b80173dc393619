"""What a device calls a quantity, and how its number becomes ours.

    ALIASES  ALIAS ...                       parted by spaces
    ALIAS    NAME=QUANTITY[*FACTOR][±OFFSET]

`level=depth_mm*10` takes centimetres, `distance_mm=depth_mm*-1+3200` the depth below an
ultrasonic gauge that hangs 3.2 m above the ground. In NAME a space is written `%20`, as
any other character may be by its octets.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from urllib.parse import quote, unquote

from vocabulary.quantity import Quantity

_NUMBER = r"[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?"
_ALIAS = re.compile(
    rf"(?P<name>[^=\s]+)=(?P<quantity>\w+)"
    rf"(?:\*(?P<factor>{_NUMBER}))?(?P<offset>[+-]\d+(?:\.\d+)?)?"
)


class AliasError(ValueError):
    """A text is no list of aliases."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One name of a device's own.

    Attributes:
        name: As the device says it.
        quantity: What it means.
        factor: Ours is theirs times this,
        offset: plus this.
    """

    name: str
    quantity: Quantity
    factor: float = 1.0
    offset: float = 0.0

    def ours(self, theirs: float) -> float:
        """Return a value in our unit."""
        return theirs * self.factor + self.offset

    def __str__(self) -> str:
        factor = f"*{self.factor!r}" if self.factor != 1 else ""
        offset = f"{self.offset:+}" if self.offset else ""
        return f"{quote(self.name)}={self.quantity}{factor}{offset}"


@lru_cache(maxsize=1024)  # profiles are few, and asked about with every message
def aliases_of(text: str) -> tuple[Alias, ...]:
    """Return the aliases a text lists.

    Raises:
        AliasError: If it is no such list; it says which word is wrong, and why.
    """
    return tuple(_alias(word) for word in text.split())


def _alias(word: str) -> Alias:
    found = _ALIAS.fullmatch(word)
    if not found:
        message = f"{word!r} is no alias; write NAME=QUANTITY, NAME=QUANTITY*10+3.5"
        raise AliasError(message)
    try:
        quantity = Quantity(found["quantity"])
    except ValueError:
        raise AliasError(f"{found['quantity']!r} in {word!r} is no quantity") from None
    factor, offset = float(found["factor"] or 1), float(found["offset"] or 0)
    if not factor or not isfinite(factor) or not isfinite(offset):
        raise AliasError(f"{word!r} would make every value the same")
    return Alias(unquote(found["name"]), quantity, factor, offset)
