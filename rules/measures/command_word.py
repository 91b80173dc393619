"""What the journal says of commands, noted where a measure judges by it.

By `rules.measures.command`; for the other half see `rules.measures.unanswered_word`.

    sent        counts from now on, in place of the order before
    acked       the clock runs, by the journal's time
    refused     it need not be done any more; likewise expired
    effect seen is done, if a reading showed it; what a device reads back of its own
                registers proves nothing of its lamp

Other states tell nothing: whether an effect is not there, the readings say.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.engine.learned import CommandWord, Wanted
from rules.engine.times import NEVER
from rules.measures.command import (
    NONE,
    QUANTITIES,
    CommandColumns,
    CommandMemory,
)
from rules.measures.measure import Columns, Memory
from rules.measures.unanswered import UnansweredColumns, UnansweredMemory
from rules.measures.unanswered_word import note_word
from vocabulary.command import State

CHANGING = frozenset({"switch_on", "switch_off", "dim", "programme", "native"})
"""Orders after which other things may be read: they overtake what was before."""


def is_awaited(
    every: Sequence[Columns], word: CommandWord, is_of: NDArray[np.bool_]
) -> bool:
    """Tell whether any of some slots judges by a word.

    Args:
        every: Columns of all measures.
        word: What the journal says of a command.
        is_of: Which of the plan's slots are meant.
    """
    return any(_rows(columns, word, is_of) for columns in every)


def take_word(
    every: Sequence[Columns],
    memories: Sequence[Memory],
    word: CommandWord,
    at_us: int,
    is_of: NDArray[np.bool_],
) -> None:
    """Note what the journal says of a command that `is_awaited`.

    Args:
        every: Columns of all measures.
        memories: Beside them; changed in place.
        word: Of the entry.
        at_us: The entry's time.
        is_of: Which of the plan's slots are to note it.
    """
    for columns, memory in zip(every, memories, strict=True):
        if isinstance(columns, CommandColumns) and isinstance(memory, CommandMemory):
            for row in _rows(columns, word, is_of):
                _take(_Slot(columns, memory, row), word, at_us)
        elif isinstance(memory, UnansweredMemory):
            for row in _rows(columns, word, is_of):
                note_word(memory, row, word, at_us)


def _rows(columns: Columns, word: CommandWord, is_of: NDArray[np.bool_]) -> list[int]:
    """Return the rows of the slots that judge by a word on a device's command."""
    if not isinstance(columns, CommandColumns | UnansweredColumns):
        return []
    if isinstance(columns, CommandColumns) and word.turn not in CHANGING:
        return []
    rows, _ = columns.by_device.spread(np.array([word.device_id]))
    slot = np.flatnonzero(columns.place >= 0)[rows]  # rows ascend with their slots
    found: list[int] = rows[is_of[slot]].tolist()
    if isinstance(columns, UnansweredColumns):
        return [row for row in found if word.turn in columns.orders[row]]
    return found


class _Slot(NamedTuple):
    columns: CommandColumns
    memory: CommandMemory
    row: int


def _take(slot: _Slot, word: CommandWord, at_us: int) -> None:
    memory, row = slot.memory, slot.row
    if word.number < memory.latest[row]:
        return  # a later one has overtaken it
    is_counted = memory.quantity[row] != NONE and memory.number[row] == word.number
    match word.state:
        case State.SENT:
            _begin(slot, word)
        case State.ACKED:
            if not is_counted:
                _begin(slot, word)
            if memory.since_us[row] == NEVER:
                memory.since_us[row] = memory.heard_us[row] = at_us
        case State.REFUSED | State.EXPIRED if is_counted:
            memory.quantity[row] = NONE
        case State.EFFECT_SEEN if is_counted and word.is_read:
            memory.quantity[row] = NONE
            if memory.was_else[row]:
                memory.owed[row] = NONE
        case _:
            pass


def _begin(slot: _Slot, word: CommandWord) -> None:
    """Let a command count in place of the one before, unless it asks for the same."""
    memory, row, wanted = slot.memory, slot.row, word.wanted
    memory.latest[row] = word.number
    place = _place(slot, word.turn, wanted)
    if wanted is None or place == NONE:
        memory.quantity[row] = NONE
        return
    before = (memory.quantity[row], memory.low[row], memory.high[row])
    if before == (place, wanted.low, wanted.high) and memory.since_us[row] != NEVER:
        return
    newest = float(memory.newest[row, place])
    memory.number[row], memory.quantity[row] = word.number, place
    memory.low[row], memory.high[row] = wanted.low, wanted.high
    memory.since_us[row] = memory.heard_us[row] = NEVER
    memory.was_else[row] = not np.isnan(newest) and not wanted.is_met_by(newest)


def _place(slot: _Slot, turn: str, wanted: Wanted | None) -> int:
    """Return which of `QUANTITIES` shows that an order is done; NONE if none does."""
    if wanted is None or turn not in slot.columns.orders[slot.row]:
        return NONE
    if wanted.quantity not in QUANTITIES:
        return NONE
    place = QUANTITIES.index(wanted.quantity)
    return place if slot.columns.series[slot.row, place] >= 0 else NONE
