"""`cycles`: how often something went on within a window, up to the newest sample.

It is on from one limit up and off from another down; what is in between changes
nothing. What was first heard of as on has not been seen going on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.measures.measure import Columns, Memory, Outcome, Settings
from rules.measures.ring import push
from rules.samples import Samples, rounds
from rules.times import NEVER
from vocabulary.times import SECOND_US

UNKNOWN, OFF, ON = -1, 0, 1
"""What a slot was last seen as."""


@dataclass(frozen=True, slots=True)
class CyclesSettings(Settings):
    """What one slot asks.

    Attributes:
        on_above: On from here up.
        off_below: Off from here down.
        window_s: How far back is counted.
        most: So many are told apart.
    """

    on_above: float
    off_below: float
    window_s: float
    most: int


@dataclass(frozen=True, slots=True)
class CyclesColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    on_above: NDArray[np.float64]
    off_below: NDArray[np.float64]
    window_us: NDArray[np.int64]
    most: NDArray[np.intp]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[CyclesSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([one.on_above for one in asked]),
            np.array([one.off_below for one in asked]),
            np.array([round(one.window_s * SECOND_US) for one in asked], np.int64),
            np.array([one.most for one in asked], np.intp),
        )


@dataclass(slots=True)
class CyclesMemory(Memory):
    """What each slot was last seen as, and when it went on, newest last.

    Attributes:
        seen: `UNKNOWN`, `OFF` or `ON`, shape (rows,).
        on_us: Shape (rows, most of all).
    """

    seen: NDArray[np.int8]
    on_us: NDArray[np.int64]

    @classmethod
    def fresh(cls, columns: CyclesColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows, width = len(columns.most), int(columns.most.max(initial=1))
        return cls(
            np.full(rows, UNKNOWN, np.int8), np.full((rows, width), NEVER, np.int64)
        )


def measure(columns: CyclesColumns, memory: CyclesMemory, samples: Samples) -> Outcome:
    """Return how often each went on, see `measure.Measure`."""
    counted = np.zeros(len(samples))
    for turn in rounds(samples.slot):
        row = columns.place[samples.slot[turn]]
        value, at_us = samples.value[turn], samples.at_us[turn]
        on, off = value >= columns.on_above[row], value <= columns.off_below[row]
        went_on = on & (memory.seen[row] == OFF)
        memory.seen[row[on]], memory.seen[row[off & ~on]] = ON, OFF
        push(memory.on_us, row[went_on], at_us[went_on])
        since_us = at_us - columns.window_us[row]
        recent = memory.on_us[row] > since_us[:, np.newaxis]
        counted[turn] = np.minimum(recent.sum(axis=1), columns.most[row])
    return counted, np.ones(len(samples), np.bool_)
