"""`rate`: how much a reading changes per minute.

The newest sample is compared with the oldest one in the window that ends with it. If
those two are less than half a window apart, the rate is unknown: between two samples a
second apart noise is all there is to see.
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

MINUTE_US = 60 * SECOND_US
"""What a rate is told per."""


@dataclass(frozen=True, slots=True)
class RateSettings(Settings):
    """What one slot asks.

    Attributes:
        window_s: Over how much time the change is taken.
        capacity: How many samples are kept, see `ring.capacity`.
    """

    window_s: float
    capacity: int


@dataclass(frozen=True, slots=True)
class RateColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    window_us: NDArray[np.int64]
    capacity: NDArray[np.intp]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[RateSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([round(one.window_s * SECOND_US) for one in asked], np.int64),
            np.array([one.capacity for one in asked], np.intp),
        )


@dataclass(slots=True)
class RateMemory(Memory):
    """The newest samples, shape (rows, widest capacity)."""

    at_us: NDArray[np.int64]
    value: NDArray[np.float64]

    @classmethod
    def fresh(cls, columns: RateColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        shape = (len(columns.capacity), int(columns.capacity.max(initial=1)))
        return cls(np.full(shape, NEVER, np.int64), np.zeros(shape))


def measure(columns: RateColumns, memory: RateMemory, samples: Samples) -> Outcome:
    """Return the rate at each sample, see `measure.Measure`."""
    rate = np.full(len(samples), np.nan)
    for turn in rounds(samples.slot):
        row = columns.place[samples.slot[turn]]
        push(memory.at_us, row, samples.at_us[turn])
        push(memory.value, row, samples.value[turn])
        rate[turn] = _newest(columns, memory, row)
    return rate, np.isfinite(rate)


def _newest(
    columns: RateColumns, memory: RateMemory, row: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the rate up to the newest sample of some rows; NaN where unknown."""
    at_us, value, window_us = memory.at_us[row], memory.value[row], columns.window_us
    inside = within(at_us, window_us[row], columns.capacity[row])
    every, oldest = np.arange(len(row)), inside.argmax(axis=1)
    apart_us = at_us[:, -1] - at_us[every, oldest]
    apart_us = np.where(2 * apart_us >= window_us[row], apart_us, 0)
    change = value[:, -1] - value[every, oldest]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(apart_us > 0, change * MINUTE_US / apart_us, np.nan)
