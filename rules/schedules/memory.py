"""What the engine remembers of the slots that have a schedule."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.times import NEVER


@dataclass(slots=True)
class ScheduleMemory:
    """One row for each slot that has a schedule, shape (rows,).

    Attributes:
        sample_us: The newest sample's own time, judged or not; NEVER before the first.
        value: What it would be judged by.
        lon: Where it was taken, degrees east; NaN if it is no fix.
        lat: Degrees north.
        turn_us: When the schedule turns next; what was before is done with. NEVER if
            there was nothing yet that could turn.
    """

    sample_us: NDArray[np.int64]
    value: NDArray[np.float64]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    turn_us: NDArray[np.int64]

    @classmethod
    def fresh(cls, rows: int) -> Self:
        """Return the memory of slots that have seen nothing."""
        return cls(
            np.full(rows, NEVER, np.int64),
            np.zeros(rows),
            np.full(rows, np.nan),
            np.full(rows, np.nan),
            np.full(rows, NEVER, np.int64),
        )
