"""`stuck`: for how many seconds a reading has not moved by more than a tolerance.

It has moved when it is further than the tolerance from where it last moved to; a slow
drift is a movement too. Time between two samples that are further apart than the
largest gap is not counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.measures.measure import Columns, Memory, Outcome, Settings
from vocabulary.times import SECOND_US


@dataclass(frozen=True, slots=True)
class StuckSettings(Settings):
    """What one slot asks.

    Attributes:
        tolerance: The largest change that is none, in the reading's unit.
        gap_s: How far apart two samples may lie for the time between to count.
    """

    tolerance: float
    gap_s: float


@dataclass(frozen=True, slots=True)
class StuckColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    tolerance: NDArray[np.float64]
    gap_us: NDArray[np.int64]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[StuckSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([one.tolerance for one in asked], np.float64),
            np.array([round(one.gap_s * SECOND_US) for one in asked], np.int64),
        )


@dataclass(slots=True)
class StuckMemory(Memory):
    """Where each reading stands, shape (rows,).

    Attributes:
        at_us: Time of the newest sample.
        anchor: Where it last moved to; NaN before the first sample.
        still_us: For how long it has been there.
    """

    at_us: NDArray[np.int64]
    anchor: NDArray[np.float64]
    still_us: NDArray[np.int64]

    @classmethod
    def fresh(cls, columns: StuckColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        n = len(columns.tolerance)
        at_us, still_us = np.full(n, NEVER, np.int64), np.zeros(n, np.int64)
        return cls(at_us, np.full(n, np.nan), still_us)


def measure(columns: StuckColumns, memory: StuckMemory, samples: Samples) -> Outcome:
    """Return for how long it has been still at each sample, see `measure.Measure`."""
    still_s = np.zeros(len(samples))
    for turn in rounds(samples.slot):
        row = columns.place[samples.slot[turn]]
        at_us, value = samples.at_us[turn], samples.value[turn]
        step_us = at_us - memory.at_us[row]
        step_us = np.where(step_us <= columns.gap_us[row], step_us, 0)
        # Not "moved": nothing is nearer than the tolerance to what is not a number.
        is_still = np.abs(value - memory.anchor[row]) <= columns.tolerance[row]
        memory.anchor[row] = np.where(is_still, memory.anchor[row], value)
        still_us = np.where(is_still, memory.still_us[row] + step_us, 0)
        memory.still_us[row], memory.at_us[row] = still_us, at_us
        still_s[turn] = still_us / SECOND_US
    return still_s, np.ones(len(samples), np.bool_)
