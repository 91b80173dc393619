"""Register maps at work: registers to readings, and values to registers.

No standard says what stands where in a lamp controller or a pressure transmitter, so
maps are data: `register_maps/NAME.toml`, one per kind of hardware.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources

from ingest.protocols.errors import ProtocolError
from ingest.protocols.register_file import map_from
from ingest.protocols.register_layout import Block, Field, RegisterMap, Table
from ingest.protocols.register_value import value_from, words_from
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.refusal import Reason

_FOLDER = "register_maps"


class UnknownMapError(LookupError):
    """Nobody wrote a register map of that name.

    Attributes:
        name: The name asked for.
    """

    def __init__(self, name: str) -> None:
        known = ", ".join(map_names())
        super().__init__(f"no register map {name!r}; there are {known}")
        self.name = name


def map_names() -> list[str]:
    """Return the names of the maps we ship."""
    folder = resources.files("ingest.protocols") / _FOLDER
    names = (file.name for file in folder.iterdir())
    return sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml"))


@cache
def load_map(name: str) -> RegisterMap:
    """Read one of our maps.

    Raises:
        UnknownMapError: If there is none of that name.
        RegisterMapError: If it is wrong.
    """
    if name not in map_names():
        raise UnknownMapError(name)
    file = resources.files("ingest.protocols") / _FOLDER / f"{name}.toml"
    return map_from(name, file.read_bytes())


def device_address(unit_id: int, part: str) -> str:
    """Return how the registry names one part of a unit: `7`, or `7/lamp/01`."""
    return f"{unit_id}/{part}" if part else str(unit_id)


def decode(
    answers: Mapping[Block, Sequence[int]],
    *,
    unit_id: int,
    measured_at: datetime,
    beside: Mapping[Block, Sequence[int]] | None = None,
) -> list[Reading | ProtocolError]:
    """Make readings of the answers of one unit.

    A Modbus device gives no time, so each reading says that ours was taken. A value
    that is no number is refused by itself; a value outside its map's plausible range,
    or whose fault bit is set, is flagged and kept.

    Args:
        answers: Blocks of one register map, and what the unit answered to each. Blocks
            that got no answer are left out.
        unit_id: The unit's Modbus address.
        measured_at: When the answers came.
        beside: Earlier answers, to take factors from.
    """
    factors = {
        (field.part, field.name): value
        for _, field, value in _valued({**(beside or {}), **answers})
        if field.is_factor
    }
    valued = [
        (block, field, _times_factors(field, value, factors))
        for block, field, value in _valued(answers)
    ]
    doubtful = _doubtful((field, value) for _, field, value in valued)
    items: list[Reading | ProtocolError] = []
    for block, field, value in valued:
        if field.quantity is None:
            continue
        if not math.isfinite(value):
            items.append(_not_a_number(block, field, answers[block], unit_id=unit_id))
            continue
        quality = _range_quality(field, value)
        if (field.part, field.quantity) in doubtful:
            quality |= Quality.SENSOR_FAULT
        items.append(
            Reading(
                device=device_address(unit_id, field.part),
                quantity=field.quantity,
                measured_at=measured_at,
                value=value,
                quality=quality | Quality.NO_DEVICE_TIME,
            )
        )
    return items


def encode(
    register_map: RegisterMap, values: Mapping[str, Mapping[str, float]]
) -> dict[Table, dict[int, int]]:
    """Make the registers of one unit, for simulators; `decode` gives the values back.

    Args:
        register_map: What stands where.
        values: For each part that exists (the unit itself is ""), its values by
            quantity, or by name for a fault bit. Values left out are 0.

    Returns:
        For each table, address to register, or to bit.

    Raises:
        ValueError: If a part or a name is not in the map, or a value does not fit.
    """
    _check_names(register_map, values)
    tables: dict[Table, dict[int, int]] = {}
    for field in register_map.fields:
        if field.part not in values:
            continue
        value = _value_of(register_map, field, values[field.part])
        registers = tables.setdefault(field.table, {})
        for address, word in enumerate(words_from(field.form, value), field.address):
            registers[address] = registers.get(address, 0) | word
    return tables


def _valued(
    answers: Mapping[Block, Sequence[int]],
) -> Iterator[tuple[Block, Field, float]]:
    for block, answer in answers.items():
        for field in block.fields:
            yield block, field, value_from(field.form, block.words(field, answer))


def _times_factors(
    field: Field, value: float, factors: Mapping[tuple[str, str], float]
) -> float:
    """Return the product; it is no number where a factor is not known."""
    for name in field.factors:
        value *= factors.get((field.part, name), math.nan)
    return value


def _doubtful(valued: Iterable[tuple[Field, float]]) -> set[tuple[str, Quantity]]:
    return {
        (field.part, quantity)
        for field, value in valued
        if field.quantity is None and not field.is_factor and value != 0
        for quantity in field.marks
    }


def _range_quality(field: Field, value: float) -> Quality:
    if field.plausible is None or field.plausible[0] <= value <= field.plausible[1]:
        return Quality.GOOD
    return Quality.OUT_OF_RANGE


def _not_a_number(
    block: Block, field: Field, answer: Sequence[int], *, unit_id: int
) -> ProtocolError:
    octets = b"".join(word.to_bytes(2, "big") for word in block.words(field, answer))
    where = f"{device_address(unit_id, field.part)} {field.name}"
    without = " or has no known factor" if field.factors else ""
    place = f"{field.table.name.lower()} {field.address}"
    detail = f"{where} at {place} is no number{without}"
    return ProtocolError(Reason.BAD_VALUE, detail, octets)


def _value_of(
    register_map: RegisterMap, field: Field, values: Mapping[str, float]
) -> float:
    """Return what stands in a field: in units of the factors beside it."""
    unset = field.form.codes[0][1] if field.form.codes else field.form.offset
    value = values.get(field.name, unset)
    if field.factors:
        for other in register_map.fields:
            if other.part == field.part and other.name in field.factors:
                value /= _value_of(register_map, other, values)
    return value


def _check_names(
    register_map: RegisterMap, values: Mapping[str, Mapping[str, float]]
) -> None:
    known = {(field.part, field.name) for field in register_map.fields}
    for part, named in values.items():
        for name in named:
            if (part, name) not in known:
                raise ValueError(f"{register_map.name} has no {part or 'unit'} {name}")
