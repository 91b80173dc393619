"""What to write to a device so that a wish comes true, and what must show then: pure.

An acknowledged write proves that the words arrived, not that the lamp is lit: a relay
may be stuck. So each plan says what is to be read back, and what it must be.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ingest.protocols.modbus_frame import WriteRequest
from ingest.protocols.register_layout import (
    MOST_WRITTEN,
    Block,
    Point,
    ProgrammeLayout,
    RegisterMap,
    Table,
)
from ingest.protocols.register_map import load_map
from ingest.protocols.register_programme import Switching, seal_of, words_of
from ingest.protocols.register_value import value_from, words_from

PROGRAMME = "programme"
"""What `writable_points` and read-back values call a switching programme."""


class WishError(ValueError):
    """A device has no means to do what is wished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a device is to do; nothing of it is optional.

    Attributes:
        values: By name of the writable point.
        programme: Its whole switching programme; None to leave it, () to delete it.
    """

    values: Mapping[str, float] = field(default_factory=dict)
    programme: tuple[Switching, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One thing that must show.

    Attributes:
        name: The point's, or `PROGRAMME`.
        block: Which request reads it.
        words: What it must read; None where the value decides.
        value: What its only field must be.
        tolerance: How far that may be off.
    """

    name: str
    block: Block
    words: tuple[int, ...] | None = None
    value: float = math.nan
    tolerance: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePlan:
    """How one wish comes true.

    Attributes:
        requests: What is written, in this order.
        expected: What must show afterwards.
        within_s: How long that may take.
    """

    requests: tuple[WriteRequest, ...]
    expected: tuple[Expected, ...]
    within_s: float


@dataclass(frozen=True, slots=True)
class Shown:
    """What was read back.

    Attributes:
        values: By name; of a programme, 1 if it is in force, else 0.
        is_as_wished: Whether all of it is as it must be.
    """

    values: Mapping[str, float]
    is_as_wished: bool


def writable_points(map_name: str, address: str) -> Sequence[str]:
    """Return what can be written to the device at an address (`1`, `1/lamp/03`).

    Raises:
        UnknownMapError: If there is no such map.
    """
    register_map = load_map(map_name)
    part = address.partition("/")[2]
    names = [point.name for point in register_map.points if point.part == part]
    return names + ([PROGRAMME] if register_map.programme and not part else [])


def plan_write(
    register_map: RegisterMap, *, unit_id: int, part: str, wish: Wish
) -> WritePlan:
    """Plan one wish.

    Args:
        register_map: What stands where.
        unit_id: The unit's Modbus address.
        part: Which part of it; empty for the unit itself.
        wish: What it is to do.

    Raises:
        WishError: If it cannot be done, with all that stands against it.
    """
    if not wish.values and wish.programme is None:
        raise WishError("nothing is wished")
    points = _points(register_map, part, wish)
    requests = [
        request
        for table, run in _runs(points, wish)
        for request in _writes(register_map, table, run, unit_id=unit_id)
    ]
    expected = [_expected(register_map, point, wish) for point in points]
    within_s = [point.within_s for point in points]
    if wish.programme is not None:
        layout = _programme_layout(register_map, part, wish.programme)
        requests += _upload(register_map, layout, wish.programme, unit_id=unit_id)
        expected += _expected_programme(layout, wish.programme)
        within_s.append(layout.within_s)
    return WritePlan(
        requests=tuple(requests), expected=tuple(expected), within_s=max(within_s)
    )


def read_back_blocks(register_map: RegisterMap) -> list[Block]:
    """Return all that is ever read to see an effect."""
    blocks = [_read_back(register_map, point) for point in register_map.points]
    if register_map.programme:
        blocks.append(_seal_block(register_map.programme))
    return list(dict.fromkeys(blocks))


def shown(plan: WritePlan, answers: Mapping[Block, Sequence[int]]) -> Shown:
    """Compare what was read back with what must show.

    Args:
        plan: The plan.
        answers: The answer to each `Expected.block`.
    """
    values: dict[str, float] = {}
    is_as_wished = True
    for one in plan.expected:
        answer = answers[one.block]
        if one.words is None:
            (only,) = one.block.fields
            value = value_from(only.form, one.block.words(only, answer))
            is_right = abs(value - one.value) <= one.tolerance
        else:
            is_right = tuple(answer) == one.words
            value = min(values.get(one.name, 1.0), float(is_right))
        values[one.name] = value
        is_as_wished = is_as_wished and is_right
    return Shown(values, is_as_wished)


def _points(register_map: RegisterMap, part: str, wish: Wish) -> list[Point]:
    """Return the points that are written, by table and address."""
    known = {point.name: point for point in register_map.points if point.part == part}
    faults = []
    for name, value in wish.values.items():
        point = known.get(name)
        if point is None:
            takes = ", ".join(known) or "nothing"
            where = part or "the unit"
            faults.append(
                f"{register_map.name}: {where} takes {takes}, but not {name!r}"
            )
        elif not point.least <= value <= point.greatest:
            low, high = f"{point.least:g}", f"{point.greatest:g}"
            faults.append(f"{name} {value:g} is not in {low}..{high}")
        elif not _can_stand(point, value):
            faults.append(f"{name} cannot be {value:g}, only near it")
    if faults:
        raise WishError("; ".join(faults))
    points = [known[name] for name in wish.values]
    return sorted(points, key=lambda point: (point.table, point.address))


def _can_stand(point: Point, value: float) -> bool:
    """Tell whether a value survives its way into registers, as near as matters."""
    there = value_from(point.form, words_from(point.form, value))
    return math.isclose(there, value, rel_tol=1e-6, abs_tol=max(point.tolerance, 1e-9))


def _runs(
    points: Sequence[Point], wish: Wish
) -> Iterator[tuple[Table, list[tuple[int, int]]]]:
    """Yield runs of consecutive addresses with the word for each."""
    words = [
        (point.table, address, word)
        for point in points
        for address, word in enumerate(
            words_from(point.form, wish.values[point.name]), point.address
        )
    ]
    numbered = enumerate(words)
    for (table, _), run in groupby(
        numbered, key=lambda one: (one[1][0], one[1][1] - one[0])
    ):
        yield table, [(address, word) for _, (_, address, word) in run]


def _writes(
    register_map: RegisterMap,
    table: Table,
    run: Sequence[tuple[int, int]],
    *,
    unit_id: int,
) -> Iterator[WriteRequest]:
    """Yield the requests that write one run, as long as the slave allows."""
    one, many = (5, 15) if table is Table.COIL else (6, 16)
    most = MOST_WRITTEN[table]
    if table is Table.HOLDING:
        most = min(most, register_map.most_written)
    if many not in register_map.functions:
        most = 1
    for at in range(0, len(run), most):
        piece = run[at : at + most]
        yield WriteRequest(
            unit_id=unit_id,
            table=table,
            address=piece[0][0],
            words=tuple(word for _, word in piece),
            is_single=len(piece) == 1 and one in register_map.functions,
        )


def _read_back(register_map: RegisterMap, point: Point) -> Block:
    """Return the request that reads the field which shows a point's effect."""
    (block,) = register_map.blocks_of(
        one
        for one in register_map.fields
        if (one.part, one.name) == (point.part, point.name)
    )
    return block


def _seal_block(layout: ProgrammeLayout) -> Block:
    return Block(Table.HOLDING, layout.active, len(seal_of(())))


def _expected(register_map: RegisterMap, point: Point, wish: Wish) -> Expected:
    return Expected(
        name=point.name,
        block=_read_back(register_map, point),
        value=wish.values[point.name],
        tolerance=point.tolerance,
    )


def _programme_layout(
    register_map: RegisterMap, part: str, programme: Sequence[Switching]
) -> ProgrammeLayout:
    layout = register_map.programme
    if layout is None or part:
        where = part or "the unit"
        raise WishError(f"{register_map.name}: {where} takes no programme")
    faults = [fault for entry in programme for fault in entry.faults()]
    if len(programme) > layout.entries:
        faults.append(f"{len(programme)} entries; there is room for {layout.entries}")
    if faults:
        raise WishError("; ".join(faults))
    return layout


def _upload(
    register_map: RegisterMap,
    layout: ProgrammeLayout,
    programme: Sequence[Switching],
    *,
    unit_id: int,
) -> Iterator[WriteRequest]:
    words = words_of(programme)
    table = list(enumerate(words, layout.address))
    yield from _writes(register_map, Table.HOLDING, table, unit_id=unit_id)
    yield WriteRequest(
        unit_id=unit_id,
        table=Table.HOLDING,
        address=layout.commit,
        words=seal_of(words),
        is_single=False,
    )


def _expected_programme(
    layout: ProgrammeLayout, programme: Sequence[Switching]
) -> Iterator[Expected]:
    seal = seal_of(words_of(programme))
    yield Expected(name=PROGRAMME, block=_seal_block(layout), words=seal)
