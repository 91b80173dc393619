"""`outside`: how many metres a vehicle is outside every fence it is held to.

A fix outside by less than it may itself be off is neither in nor out: the number then
stays short of the limit and beyond the release, so that nothing changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples
from rules.measures.fence_ask import (
    Ask,
    Asked,
    FenceColumns,
    beyond_band,
    fixes_of,
    nearest_of,
    outside_m,
)
from rules.measures.measure import Memory, Outcome, Settings


@dataclass(frozen=True, slots=True)
class OutsideSettings(Settings):
    """What one slot asks.

    Attributes:
        ask: Which fences, and how.
        limit_m: From where on it counts as outside.
    """

    ask: Ask
    limit_m: float


@dataclass(frozen=True, slots=True)
class OutsideColumns(FenceColumns):
    """The settings of all slots."""

    limit_m: NDArray[np.float64]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[OutsideSettings]) -> Self:
        """Return the columns of some settings."""
        limit_m = np.array([one.limit_m for one in asked], np.float64)
        return cls(place, Asked.of([one.ask for one in asked]), limit_m)


@dataclass(slots=True)
class OutsideMemory(Memory):
    """Nothing."""

    @classmethod
    def fresh(cls, columns: OutsideColumns) -> Self:  # noqa: ARG003 as all memories
        """Return the memory of slots that have seen nothing."""
        return cls()


def measure(
    columns: OutsideColumns,
    memory: OutsideMemory,  # noqa: ARG001 as all measures
    samples: Samples,
) -> Outcome:
    """Return the metres outside at each fix, see `measure.Measure`."""
    fixes = fixes_of(columns.asked, columns.place, samples)
    fence, is_inside = nearest_of(columns.asked, fixes)
    metres = outside_m(columns.asked, fixes, fence, ~is_inside)
    metres = beyond_band(fixes, metres, columns.limit_m[fixes.row])
    return np.where(fixes.is_wanted, metres, 0.0), fixes.is_sound, fence
