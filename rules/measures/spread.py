"""`spread`: how far a reading went up and down in a window: highest less lowest.

What asks for too much is answered from the second sample of the window on, for it can
only grow. What asks for too little must have seen the whole window, without a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.measures.measure import Columns, Memory, Outcome, Settings
from rules.measures.ring import push, within
from vocabulary.times import SECOND_US


@dataclass(frozen=True, slots=True)
class SpreadSettings(Settings):
    """What one slot asks.

    Attributes:
        window_s: Over how much time.
        gap_s: How far apart samples may lie for the window to count as seen.
        whole: Whether the whole window must have been seen.
        capacity: How many samples are kept, see `ring.capacity`.
    """

    window_s: float
    gap_s: float
    whole: bool
    capacity: int


@dataclass(frozen=True, slots=True)
class SpreadColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    window_us: NDArray[np.int64]
    gap_us: NDArray[np.int64]
    whole: NDArray[np.bool_]
    capacity: NDArray[np.intp]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[SpreadSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([round(one.window_s * SECOND_US) for one in asked], np.int64),
            np.array([round(one.gap_s * SECOND_US) for one in asked], np.int64),
            np.array([one.whole for one in asked], np.bool_),
            np.array([one.capacity for one in asked], np.intp),
        )


@dataclass(slots=True)
class SpreadMemory(Memory):
    """The newest samples, shape (rows, widest capacity).

    Attributes:
        at_us: Their times.
        value: Their values.
        since_us: From when on there was no gap, shape (rows,).
    """

    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    since_us: NDArray[np.int64]

    @classmethod
    def fresh(cls, columns: SpreadColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.capacity)
        shape = (rows, int(columns.capacity.max(initial=1)))
        since_us = np.full(rows, NEVER, np.int64)
        return cls(np.full(shape, NEVER, np.int64), np.zeros(shape), since_us)


def measure(columns: SpreadColumns, memory: SpreadMemory, samples: Samples) -> Outcome:
    """Return the spread at each sample, see `measure.Measure`."""
    spread = np.full(len(samples), np.nan)
    for turn in rounds(samples.slot):
        row, at_us = columns.place[samples.slot[turn]], samples.at_us[turn]
        is_gap = at_us - memory.at_us[row, -1] > columns.gap_us[row]
        memory.since_us[row] = np.where(is_gap, at_us, memory.since_us[row])
        push(memory.at_us, row, at_us)
        push(memory.value, row, samples.value[turn])
        spread[turn] = _newest(columns, memory, row)
    return spread, np.isfinite(spread)


def _newest(
    columns: SpreadColumns, memory: SpreadMemory, row: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the spread up to the newest sample of some rows; NaN where unknown."""
    at_us, value, window_us = memory.at_us[row], memory.value[row], columns.window_us
    inside = within(at_us, window_us[row], columns.capacity[row])
    highest = np.where(inside, value, -np.inf).max(axis=1)
    lowest = np.where(inside, value, np.inf).min(axis=1)
    seen_us = at_us[:, -1] - memory.since_us[row]
    known = np.where(
        columns.whole[row], seen_us >= window_us[row], inside.sum(axis=1) > 1
    )
    return np.where(known, highest - lowest, np.nan)
