"""`speed_inside`: how fast a vehicle drives while it is in a fence; 0 outside."""

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


@dataclass(frozen=True, slots=True)
class SpeedInsideSettings(Settings):
    """What one slot asks."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class SpeedInsideColumns(FenceColumns):
    """The settings of all slots."""

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[SpeedInsideSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(place, Asked.of([one.ask for one in asked]))


def fresh(columns: SpeedInsideColumns) -> Presence:
    """Return the memory of slots that have seen nothing."""
    return Presence.of_rows(len(columns.asked.gap_us))


def measure(columns: SpeedInsideColumns, memory: Presence, samples: Samples) -> Outcome:
    """Return the speed inside at each fix, see `measure.Measure`."""
    fixes = fixes_of(columns.asked, columns.place, samples)
    fence, _ = follow(columns.asked, memory, samples, fixes)
    holds = (fence != NO_FENCE) & fixes.is_wanted
    speed_kmh = np.where(holds, fixes.speed_kmh, 0.0)
    return speed_kmh, fixes.is_sound & np.isfinite(speed_kmh), fence
