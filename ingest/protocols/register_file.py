"""Register maps as TOML files: read, checked whole, laid out flat."""

import math
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from ingest.protocols.register_layout import (
    HIGHEST_ADDRESS,
    Field,
    Point,
    ProgrammeLayout,
    RegisterMap,
    Table,
)
from ingest.protocols.register_value import ValueForm, ValueType, mask_of
from vocabulary.quantity import Quantity


class RegisterMapError(ValueError):
    """A register map cannot be used.

    Attributes:
        name: The map's name.
        faults: All that is wrong with it.
    """

    def __init__(self, name: str, faults: list[str]) -> None:
        super().__init__(f"register map {name}: " + "; ".join(faults))
        self.name = name
        self.faults = faults


Address = Annotated[int, msgspec.Meta(ge=0, le=HIGHEST_ADDRESS)]
"""A protocol address, from 0."""


class FieldEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[field]]` of the file; see `docs/protocols.md`."""

    address: int
    quantity: str = ""
    fault: str = ""
    factor: str = ""
    marks: tuple[str, ...] = ()
    table: str = "holding"
    type: ValueType = ValueType.UINT16
    order: str = ""
    scale: float = 1
    offset: float = 0
    bit: int = 0
    bit_count: int = 1
    plausible: tuple[float, float] | None = None
    codes: dict[int, float] = {}
    other: float = math.nan
    factors: tuple[str, ...] = ()
    every: Annotated[int, msgspec.Meta(ge=1)] = 1


class WriteEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[write]]` of the file."""

    point: str
    address: int
    range: tuple[float, float]
    table: Literal["coil", "holding"] = "holding"
    type: ValueType = ValueType.UINT16
    order: str = ""
    scale: float = 1
    offset: float = 0
    tolerance: Annotated[float, msgspec.Meta(ge=0)] = 0
    within_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 3


class RepeatEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[[repeat]]` of the file: parts `lamp/01`, `lamp/02`, … of equal fields."""

    part: str
    count: int
    address: int
    stride: int
    field: tuple[FieldEntry, ...] = ()
    write: tuple[WriteEntry, ...] = ()


class ProgrammeEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The `[programme]` of the file."""

    address: Address
    entries: Annotated[int, msgspec.Meta(ge=1, le=500)]
    commit: Address
    active: Address
    within_s: float = 3


class MapFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole file."""

    title_zh: str
    title_en: str
    source: str
    bridge: int = 0
    field: tuple[FieldEntry, ...] = ()
    repeat: tuple[RepeatEntry, ...] = ()
    write: tuple[WriteEntry, ...] = ()
    programme: ProgrammeEntry | None = None
    most_written: Annotated[int, msgspec.Meta(ge=1, le=123)] = 123
    functions: tuple[Literal[5, 6, 15, 16], ...] = (5, 6, 15, 16)


def map_from(name: str, text: bytes) -> RegisterMap:
    """Read one register map.

    Raises:
        RegisterMapError: If anything in it is wrong, all of it said at once.
    """
    try:
        file = msgspec.toml.decode(text, type=MapFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RegisterMapError(name, [str(error)]) from error
    faults = [fault for entry in _placed(file) for fault in _entry_faults(entry)]
    if faults:
        raise RegisterMapError(name, faults)
    fields = sorted(
        (_field(entry) for entry in _placed(file)),
        key=lambda field: (field.table, field.address, field.form.bit),
    )
    points = tuple(_point(placed) for placed in _placed_writes(file))
    faults = [
        *_overlaps(fields),
        *_loose_ends(fields),
        *_write_faults(file, points, fields),
    ]
    if faults:
        raise RegisterMapError(name, faults)
    return RegisterMap(
        name=name,
        title_zh=file.title_zh,
        title_en=file.title_en,
        source=file.source,
        bridge=file.bridge,
        fields=tuple(fields),
        points=points,
        programme=_programme(file),
        most_written=file.most_written,
        functions=frozenset(file.functions),
    )


class _Placed(msgspec.Struct, frozen=True):
    """An entry, the part it belongs to and where that part begins."""

    part: str
    base: int
    entry: FieldEntry

    @property
    def address(self) -> int:
        return self.base + self.entry.address

    @property
    def name(self) -> str:
        return self.entry.quantity or self.entry.fault or self.entry.factor

    @property
    def form(self) -> ValueForm:
        entry = self.entry
        return ValueForm(
            type=ValueType.BITS if self.is_bit_table else entry.type,
            order=entry.order,
            scale=entry.scale,
            offset=entry.offset,
            bit=entry.bit,
            bit_count=entry.bit_count,
            codes=tuple(entry.codes.items()),
            other=entry.other,
        )

    @property
    def is_bit_table(self) -> bool:
        return self.entry.table in ("coil", "discrete")


def _placed(file: MapFile) -> Iterator[_Placed]:
    for entry in file.field:
        yield _Placed("", 0, entry)
    for repeat in file.repeat:
        for index in range(repeat.count):
            part = f"{repeat.part}/{index + 1:02d}"
            for entry in repeat.field:
                yield _Placed(part, repeat.address + index * repeat.stride, entry)


def _entry_faults(placed: _Placed) -> list[str]:
    entry = placed.entry
    faults = placed.form.faults()
    if sum(map(bool, (entry.quantity, entry.fault, entry.factor))) != 1:
        faults.append("needs either a quantity or a fault or a factor")
    if entry.table.upper() not in Table.__members__:
        known = ", ".join(member.lower() for member in Table.__members__)
        faults.append(f"table {entry.table!r} is none of {known}")
    faults += [
        f"quantity {name!r} is not in the vocabulary"
        for name in (*filter(None, [entry.quantity]), *entry.marks)
        if name not in set(Quantity)
    ]
    if not 0 <= placed.address <= HIGHEST_ADDRESS - placed.form.width + 1:
        faults.append(f"address is not in 0..{HIGHEST_ADDRESS}")
    if entry.plausible and entry.plausible[0] > entry.plausible[1]:
        faults.append("plausible is not [least, greatest]")
    where = f"{placed.part or 'unit'} {placed.name or '?'} at {placed.address}"
    return [f"{where}: {fault}" for fault in faults]


def _field(placed: _Placed) -> Field:
    entry = placed.entry
    return Field(
        part=placed.part,
        name=placed.name,
        quantity=Quantity(entry.quantity) if entry.quantity else None,
        marks=tuple(map(Quantity, entry.marks)),
        table=Table[entry.table.upper()],
        address=placed.address,
        form=placed.form,
        plausible=entry.plausible,
        is_factor=bool(entry.factor),
        factors=entry.factors,
        every=entry.every,
    )


def _placed_writes(file: MapFile) -> Iterator[tuple[str, int, WriteEntry]]:
    for entry in file.write:
        yield "", entry.address, entry
    for repeat in file.repeat:
        for index in range(repeat.count):
            base = repeat.address + index * repeat.stride
            for entry in repeat.write:
                yield f"{repeat.part}/{index + 1:02d}", base + entry.address, entry


def _point(placed: tuple[str, int, WriteEntry]) -> Point:
    part, address, entry = placed
    is_coil = entry.table == "coil"
    return Point(
        part=part,
        name=entry.point,
        table=Table[entry.table.upper()],
        address=address,
        form=ValueForm(
            type=ValueType.BITS if is_coil else entry.type,
            order=entry.order,
            scale=entry.scale,
            offset=entry.offset,
        ),
        least=entry.range[0],
        greatest=entry.range[1],
        tolerance=entry.tolerance,
        within_s=entry.within_s,
    )


def _programme(file: MapFile) -> ProgrammeLayout | None:
    entry = file.programme
    if entry is None:
        return None
    return ProgrammeLayout(
        address=entry.address,
        entries=entry.entries,
        commit=entry.commit,
        active=entry.active,
        within_s=entry.within_s,
    )


def _loose_ends(fields: list[Field]) -> Iterator[str]:
    """Say which fields need a factor that there is not."""
    factors = {(field.part, field.name) for field in fields if field.is_factor}
    for field in fields:
        for name in field.factors:
            if (field.part, name) not in factors:
                yield f"{field.part or 'unit'} {field.name}: no factor {name!r}"


def _write_faults(
    file: MapFile, points: tuple[Point, ...], fields: list[Field]
) -> Iterator[str]:
    """Say which points cannot be written, or show no effect."""
    shown = {(field.part, field.name) for field in fields if field.quantity}
    for point in points:
        where = f"{point.part or 'unit'} write {point.name} at {point.address}"
        for fault in point.form.faults():
            yield f"{where}: {fault}"
        if point.form.type is ValueType.BITS and point.table is Table.HOLDING:
            yield f"{where}: bits of a register cannot be written alone"
        if point.least > point.greatest:
            yield f"{where}: range is not [least, greatest]"
        if not 0 <= point.address <= HIGHEST_ADDRESS - point.form.width + 1:
            yield f"{where}: address is not in 0..{HIGHEST_ADDRESS}"
        if (point.part, point.name) not in shown:
            yield f"{where}: no field of that name shows its effect"
        if point.form.width > 1 and 16 not in file.functions:  # noqa: PLR2004 (a function's number)
            yield f"{where}: needs function 16"
    if file.programme and 16 not in file.functions:  # noqa: PLR2004 (a function's number)
        yield "programme: needs function 16"


def _overlaps(fields: list[Field]) -> Iterator[str]:
    """Say which fields take the same bits, and which have one name."""
    taken: dict[tuple[Table, int], list[Field]] = {}
    names: set[tuple[str, str]] = set()
    for field in fields:
        for address in range(field.address, field.end):
            others = taken.setdefault((field.table, address), [])
            for other in others:
                if mask_of(other.form) & mask_of(field.form):
                    yield f"{other.name} and {field.name} both stand at {address}"
            others.append(field)
        if (field.part, field.name) in names:
            yield f"{field.part or 'unit'} has {field.name} twice"
        names.add((field.part, field.name))
