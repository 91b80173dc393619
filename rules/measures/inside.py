"""`inside`: for how many seconds a vehicle has been in one and the same fence.

-1 where it is in none. Another fence of the set starts anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples
from rules.fences.ground import NO_FENCE
from rules.measures.fence_ask import Ask, Asked, FenceColumns, fixes_of
from rules.measures.measure import Outcome, Settings
from rules.measures.presence import Presence, follow
from vocabulary.times import SECOND_US

NOT_INSIDE = -1.0
"""Seconds inside, where it is not."""


@dataclass(frozen=True, slots=True)
class InsideSettings(Settings):
    """What one slot asks."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class InsideColumns(FenceColumns):
    """The settings of all slots."""

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[InsideSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(place, Asked.of([one.ask for one in asked]))


def fresh(columns: InsideColumns) -> Presence:
    """Return the memory of slots that have seen nothing."""
    return Presence.of_rows(len(columns.asked.gap_us))


def measure(columns: InsideColumns, memory: Presence, samples: Samples) -> Outcome:
    """Return the seconds inside at each fix, see `measure.Measure`."""
    fixes = fixes_of(columns.asked, columns.place, samples)
    fence, held_us = follow(columns.asked, memory, samples, fixes)
    holds = (fence != NO_FENCE) & fixes.is_wanted
    value = np.where(holds, held_us / SECOND_US, NOT_INSIDE)
    return value, fixes.is_sound, fence
