"""`crossing`: how many metres of the way from fix to fix lead through a fence.

So a fence is not missed because no fix lay in it. Drift is not a way: only a fix
further than the band from the one that was last driven to goes on from there; until
then what was true stays true while the fix still touches the fence, and 0 is true else.
The way over a gap is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.fences.ground import NO_FENCE
from rules.measures.fence_ask import Ask, Asked, FenceColumns, Fixes, fixes_of
from rules.measures.measure import Memory, Outcome, Settings

LEAST_M = 0.001
"""Told for a way that only touches a fence."""


@dataclass(frozen=True, slots=True)
class CrossingSettings(Settings):
    """What one slot asks."""

    ask: Ask


@dataclass(frozen=True, slots=True)
class CrossingColumns(FenceColumns):
    """The settings of all slots."""

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[CrossingSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(place, Asked.of([one.ask for one in asked]))


@dataclass(slots=True)
class CrossingMemory(Memory):
    """The fix that was last driven to; columns of shape (rows,).

    Attributes:
        last_us: When it was last known where the vehicle is.
        lon_e7: Degrees east times 1e7 of the fix driven to.
        lat_e7: Degrees north times 1e7.
        crossed_m: What was told of the way there.
    """

    last_us: NDArray[np.int64]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]
    crossed_m: NDArray[np.float64]

    @classmethod
    def fresh(cls, columns: CrossingColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.asked.gap_us)
        zero = np.zeros(rows, np.int32)
        return cls(np.full(rows, NEVER, np.int64), zero, zero.copy(), np.zeros(rows))


def measure(
    columns: CrossingColumns, memory: CrossingMemory, samples: Samples
) -> Outcome:
    """Return the metres crossed up to each fix, see `measure.Measure`."""
    fixes = fixes_of(columns.asked, columns.place, samples)
    crossed_m = np.full(len(samples), np.nan)
    fence = np.full(len(samples), NO_FENCE, np.intp)
    for turn in rounds(samples.slot):
        at = turn[fixes.is_sound[turn]]
        step_us = samples.at_us[at] - memory.last_us[fixes.row[at]]
        is_way = step_us <= columns.asked.gap_us[fixes.row[at]]
        crossed_m[at[is_way]], fence[at[is_way]] = _driven(
            columns.asked, memory, fixes, at[is_way]
        )
        _stand(memory, fixes, at[~is_way])
        memory.last_us[fixes.row[at]] = samples.at_us[at]
    is_known = np.isfinite(crossed_m)
    return np.where(fixes.is_wanted, crossed_m, 0.0), is_known, fence


def _driven(
    asked: Asked, memory: CrossingMemory, fixes: Fixes, at: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return what is told of the ways to some fixes, and move on to them."""
    row, end = fixes.row[at], fixes.points.take(at)
    plane = asked.sets.ground.plane
    begin = plane.points(memory.lon_e7[row], memory.lat_e7[row])
    through_m, fence = asked.sets.crossed(row, begin, end)
    through_m = np.where(np.isnan(through_m), 0.0, np.maximum(through_m, LEAST_M))
    moved = end.metres_to(begin) > fixes.band_m[at]
    before_m = np.where(through_m > 0, memory.crossed_m[row], 0.0)
    memory.crossed_m[row] = np.where(moved, through_m, before_m)
    memory.lon_e7[row[moved]] = fixes.lon_e7[at[moved]]
    memory.lat_e7[row[moved]] = fixes.lat_e7[at[moved]]
    return memory.crossed_m[row], fence


def _stand(memory: CrossingMemory, fixes: Fixes, at: NDArray[np.intp]) -> None:
    """Begin anew at some fixes: nothing is known of the ways there."""
    row = fixes.row[at]
    memory.lon_e7[row], memory.lat_e7[row] = fixes.lon_e7[at], fixes.lat_e7[at]
    memory.crossed_m[row] = 0
