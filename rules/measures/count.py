"""`count`: how many times in a window a reading went beyond a limit.

It went beyond when it was seen within before, and back before that; a deadband says how
far back. A reading that is beyond when it is first seen has not gone there yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.measures.measure import Columns, Memory, Outcome, Settings
from rules.measures.ring import push
from vocabulary.times import SECOND_US


@dataclass(frozen=True, slots=True)
class CountSettings(Settings):
    """What one slot asks.

    Attributes:
        limit: At or beyond it counts.
        release: The limit with the deadband.
        is_above: Whether beyond is above.
        window_s: In how much time.
        capacity: How far it counts.
    """

    limit: float
    release: float
    is_above: bool
    window_s: float
    capacity: int


@dataclass(frozen=True, slots=True)
class CountColumns(Columns):
    """The settings of all slots, limits multiplied by the sign, shape (rows,)."""

    sign: NDArray[np.float64]
    limit: NDArray[np.float64]
    release: NDArray[np.float64]
    window_us: NDArray[np.int64]
    capacity: NDArray[np.intp]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[CountSettings]) -> Self:
        """Return the columns of some settings."""
        sign = np.array([1.0 if one.is_above else -1.0 for one in asked])
        return cls(
            place,
            sign,
            sign * np.array([one.limit for one in asked]),
            sign * np.array([one.release for one in asked]),
            np.array([round(one.window_s * SECOND_US) for one in asked], np.int64),
            np.array([one.capacity for one in asked], np.intp),
        )


@dataclass(slots=True)
class CountMemory(Memory):
    """When each reading last went beyond.

    Attributes:
        went_us: The newest times, shape (rows, widest capacity).
        side: 1 beyond, 0 within, -1 before the first sample, shape (rows,).
    """

    went_us: NDArray[np.int64]
    side: NDArray[np.int8]

    @classmethod
    def fresh(cls, columns: CountColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.capacity)
        shape = (rows, int(columns.capacity.max(initial=1)))
        return cls(np.full(shape, NEVER, np.int64), np.full(rows, -1, np.int8))


def measure(columns: CountColumns, memory: CountMemory, samples: Samples) -> Outcome:
    """Return how many times it went beyond up to each sample, see `measure.Measure`."""
    times = np.zeros(len(samples))
    width = memory.went_us.shape[1]
    for turn in rounds(samples.slot):
        row, at_us = columns.place[samples.slot[turn]], samples.at_us[turn]
        side, value = memory.side[row], samples.value[turn] * columns.sign[row]
        edge = np.where(side == 1, columns.release[row], columns.limit[row])
        is_beyond = value >= edge
        went = (side == 0) & is_beyond
        push(memory.went_us, row[went], at_us[went])
        memory.side[row] = is_beyond
        inside = memory.went_us[row] >= (at_us - columns.window_us[row])[:, np.newaxis]
        inside &= np.arange(width) >= (width - columns.capacity[row])[:, np.newaxis]
        times[turn] = inside.sum(axis=1)
    return times, np.ones(len(samples), np.bool_)
