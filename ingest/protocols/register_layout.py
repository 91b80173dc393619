"""What stands where in a Modbus device: fields, and the requests that fetch them."""

from collections.abc import Collection, Iterable, Sequence
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

MOST_WRITTEN = {Table.COIL: 1968, Table.HOLDING: 123}
"""How many one request may write (MODBUS V1.1b3, 6.11, 6.12)."""

HIGHEST_ADDRESS = 65535
"""Last protocol address; addresses count from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One value of a device.

    Attributes:
        part: Which part of the unit it belongs to: empty for the unit itself, else
            like `lamp/01`.
        name: The quantity's name, or the fault's.
        quantity: What is measured; None for a fault or a factor.
        marks: Quantities of the same part that a set fault bit makes doubtful.
        table: Which table it stands in.
        address: Protocol address of its first register, from 0.
        form: How it stands there.
        plausible: Least and greatest value that can be; None for any.
        is_factor: Whether it is what others are to be multiplied by, such as the unit
            that the device was set to.
        factors: Names of the factors of the same part that it is multiplied by.
        every: It is asked for in each round, or only in each second, third, ….
    """

    part: str
    name: str
    quantity: Quantity | None
    marks: tuple[Quantity, ...]
    table: Table
    address: int
    form: ValueForm
    plausible: tuple[float, float] | None
    is_factor: bool = False
    factors: tuple[str, ...] = ()
    every: int = 1

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

    @property
    def every(self) -> int:
        """It is asked for in each round, or only in each second, third, …."""
        return self.fields[0].every if self.fields else 1

    @property
    def has_factors(self) -> bool:
        """Whether values of other blocks may hang from its own."""
        return any(field_.is_factor for field_ in self.fields)

    def words(self, field_: Field, answer: Sequence[int]) -> Sequence[int]:
        """Return the registers of one field out of this block's answer."""
        first = field_.address - self.address
        return answer[first : first + field_.form.width]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One value of a device that can be written, and where its effect shows.

    Attributes:
        part: Which part of the unit it belongs to.
        name: Its name; also that of the field of the same part that shows the effect.
        table: `COIL` or `HOLDING`.
        address: Protocol address of its first register, from 0.
        form: How it stands there.
        least: Least value that may be written.
        greatest: Greatest value that may be written.
        tolerance: How far what is read back may be off.
        within_s: How long the effect may take to show.
    """

    part: str
    name: str
    table: Table
    address: int
    form: ValueForm
    least: float
    greatest: float
    tolerance: float
    within_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeLayout:
    """Where a device takes its switching programme, see `register_programme`.

    Attributes:
        address: First holding register of the entries.
        entries: How many entries there is room for.
        commit: Where count and CRC are written, to put the entries into force.
        active: Where count and CRC of what is in force are read.
        within_s: How long that may take.
    """

    address: int
    entries: int
    commit: int
    active: int
    within_s: float


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
        points: What can be written.
        programme: Where the unit takes its switching programme, if it does.
        most_written: How many registers one request may write, at most `MOST_WRITTEN`.
        functions: Which functions that write it knows.
    """

    name: str
    title_zh: str
    title_en: str
    source: str
    bridge: int
    fields: tuple[Field, ...]
    points: tuple[Point, ...] = ()
    programme: ProgrammeLayout | None = None
    most_written: int = MOST_WRITTEN[Table.HOLDING]
    functions: frozenset[int] = frozenset({5, 6, 15, 16})

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
        return self.blocks_of(
            field_ for field_ in self.fields if parts is None or field_.part in parts
        )

    def blocks_of(self, fields: Iterable[Field]) -> list[Block]:
        """Return the fewest requests that fetch the given fields, in their order."""
        groups: list[list[Field]] = []
        for field_ in fields:
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
            and first.every == field_.every
            and field_.address <= end + self.bridge
            and field_.end - first.address <= MOST_IN_ONE[first.table]
        )


def _block(group: list[Field]) -> Block:
    first = group[0]
    end = max(field_.end for field_ in group)
    return Block(first.table, first.address, end - first.address, tuple(group))
