"""`bits`: which share of the newest samples in a window carries a quality bit."""

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
class BitsSettings(Settings):
    """What one slot asks.

    Attributes:
        mask: `Quality` bits; any of them counts.
        least: With fewer samples in the window the share is unknown.
        window_s: Over how much time.
        capacity: How many samples are kept, see `ring.capacity`.
    """

    mask: int
    least: int
    window_s: float
    capacity: int


@dataclass(frozen=True, slots=True)
class BitsColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    mask: NDArray[np.int32]
    least: NDArray[np.intp]
    window_us: NDArray[np.int64]
    capacity: NDArray[np.intp]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[BitsSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([one.mask for one in asked], np.int32),
            np.array([one.least for one in asked], np.intp),
            np.array([round(one.window_s * SECOND_US) for one in asked], np.int64),
            np.array([one.capacity for one in asked], np.intp),
        )


@dataclass(slots=True)
class BitsMemory(Memory):
    """The newest samples, shape (rows, widest capacity)."""

    at_us: NDArray[np.int64]
    has_bit: NDArray[np.bool_]

    @classmethod
    def fresh(cls, columns: BitsColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        shape = (len(columns.capacity), int(columns.capacity.max(initial=1)))
        return cls(np.full(shape, NEVER, np.int64), np.zeros(shape, np.bool_))


def measure(columns: BitsColumns, memory: BitsMemory, samples: Samples) -> Outcome:
    """Return the share up to each sample, see `measure.Measure`."""
    share, known = np.zeros(len(samples)), np.zeros(len(samples), np.bool_)
    for turn in rounds(samples.slot):
        row = columns.place[samples.slot[turn]]
        push(memory.at_us, row, samples.at_us[turn])
        push(memory.has_bit, row, (samples.quality[turn] & columns.mask[row]) != 0)
        inside = within(
            memory.at_us[row], columns.window_us[row], columns.capacity[row]
        )
        count = inside.sum(axis=1)
        share[turn] = (inside & memory.has_bit[row]).sum(axis=1) / count
        known[turn] = count >= columns.least[row]
    return share, known
