"""What stands where in a Modbus device: fields, and the requests that fetch them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from ingest.protocols.register_value import ValueForm
from vocabulary.quantity import Quantity


class Table(IntEnum):
    """The four tables of Modbus; the value is the function that reads one (6.1-6.4)."""

    COIL = 1
    DISCRETE = 2
    HOLDING = 3
    INPUT = 4


MOST_IN_ONE = {
    Table.COIL: 2000,
    Table.DISCRETE: 2000,
    Table.HOLDING: 125,
    Table.INPUT: 125,
}
"""How many bits or registers one request may ask for (MODBUS V1.1b3, 6.1-6.4)."""

HIGHEST_ADDRESS = 65535
"""Last protocol address; addresses count from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of a device.

    Attributes:
        part: Which part of the unit it belongs to: empty for the unit itself, else
            like `lamp/01`.
        name: The quantity's name, or the fault's.
        quantity: What is measured; None for a fault bit, which measures nothing.
        marks: Quantities of the same part that a set fault bit makes doubtful.
        table: Which table it stands in.
        address: Protocol address of its first register, from 0.
        form: How it stands there.
        plausible: Least and greatest value that can be; None for any.
    """

    part: str
    name: str
    quantity: Quantity | None
    marks: tuple[Quantity, ...]
    table: Table
    address: int
    form: ValueForm
    plausible: tuple[float, float] | None

    @property
    def end(self) -> int:
        """The address behind its last register."""
        return self.address + self.form.width


@dataclass(frozen=True, slots=True)
class Block:
    """One request, and the fields its answer holds.

    Attributes:
        table: Which table is read.
        address: First address.
        count: How many registers, or bits.
        fields: What is in it.
    """

    table: Table
    address: int
    count: int
    fields: tuple[Field, ...] = field(compare=False, default=())

    def words(self, field_: Field, answer: Sequence[int]) -> Sequence[int]:
        """Return the registers of one field out of this block's answer."""
        first = field_.address - self.address
        return answer[first : first + field_.form.width]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterMap:
    """What stands where in one kind of Modbus device.

    Attributes:
        name: The map's own name, as a device profile gives it.
        title_zh: 名称.
        title_en: What it is for.
        source: Who says so.
        bridge: Unused registers that may be read over to save a request. 0 where the
            device answers exception 2 for them.
        fields: Its values, by table and address.
    """

    name: str
    title_zh: str
    title_en: str
    source: str
    bridge: int
    fields: tuple[Field, ...]

    @property
    def parts(self) -> list[str]:
        """Its parts in order of address; the unit itself is the empty one."""
        return list(dict.fromkeys(field_.part for field_ in self.fields))

    def blocks(self, parts: Collection[str] | None = None) -> list[Block]:
        """Return the fewest requests that fetch the given parts.

        No value is split between two requests: its halves could be of two moments.

        Args:
            parts: Which parts are wanted; all if left out.
        """
        groups: list[list[Field]] = []
        for field_ in self.fields:
            if parts is not None and field_.part not in parts:
                continue
            if groups and self._fits(groups[-1], field_):
                groups[-1].append(field_)
            else:
                groups.append([field_])
        return [_block(group) for group in groups]

    def _fits(self, group: list[Field], field_: Field) -> bool:
        first = group[0]
        end = max(other.end for other in group)
        return (
            first.table is field_.table
            and field_.address <= end + self.bridge
            and field_.end - first.address <= MOST_IN_ONE[first.table]
        )


def _block(group: list[Field]) -> Block:
    first = group[0]
    end = max(field_.end for field_ in group)
    return Block(first.table, first.address, end - first.address, tuple(group))
