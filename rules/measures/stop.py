"""`stop`: for how many seconds a vehicle has stood where it may not; 0 where it may.

It stands while its fixes stay near the first of them, whatever they drift, and it does
not say that it drives. Time over a gap is unknown and does not count.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.fences.ground import NO_FENCE
from rules.measures.fence_ask import (
    Ask,
    Asked,
    FenceColumns,
    Fixes,
    fixes_of,
    nearest_of,
    outside_m,
)
from rules.measures.measure import Memory, Outcome, Settings
from vocabulary.times import SECOND_US

DRIVING_KMH = 10.0
"""Slower, receivers hold their place on purpose: it may as well be standing."""


@dataclass(frozen=True, slots=True)
class StopSettings(Settings):
    """What one slot asks.

    Attributes:
        ask: Which fences it may stand in, and how.
        near_m: How far fixes may drift while it stands.
    """

    ask: Ask
    near_m: float


@dataclass(frozen=True, slots=True)
class StopColumns(FenceColumns):
    """The settings of all slots."""

    near_m: NDArray[np.float64]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[StopSettings]) -> Self:
        """Return the columns of some settings."""
        near_m = np.array([one.near_m for one in asked], np.float64)
        return cls(place, Asked.of([one.ask for one in asked]), near_m)

    def nearest(self, slot: int, lon: float, lat: float) -> int:  # noqa: ARG002 of any
        """Return no fence: where it stands it is in none, and none is meant."""
        return NO_FENCE


@dataclass(slots=True)
class StopMemory(Memory):
    """Where each vehicle stands; columns of shape (rows,).

    Attributes:
        last_us: When it was last known where it is.
        held_us: For how long it is known to have stood there.
        lon_e7: Degrees east times 1e7 of the first fix there.
        lat_e7: Degrees north times 1e7.
    """

    last_us: NDArray[np.int64]
    held_us: NDArray[np.int64]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]

    @classmethod
    def fresh(cls, columns: StopColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.near_m)
        zero = np.zeros(rows, np.int32)
        return cls(
            np.full(rows, NEVER, np.int64), np.zeros(rows, np.int64), zero, zero.copy()
        )


def measure(columns: StopColumns, memory: StopMemory, samples: Samples) -> Outcome:
    """Return the seconds of standing at each fix, see `measure.Measure`."""
    fixes = fixes_of(columns.asked, columns.place, samples)
    held_us = np.zeros(len(samples), np.int64)
    for turn in rounds(samples.slot):
        at = turn[fixes.is_sound[turn]]
        held_us[at] = _stood(columns, memory, fixes, samples, at)
    stood_s = held_us / SECOND_US
    stands = np.flatnonzero(held_us)  # of the others nobody has to know where they are
    stood_s[stands[_may_stand(columns.asked, fixes.take(stands))]] = 0
    return stood_s, fixes.is_sound, np.full(len(samples), NO_FENCE, np.intp)


def _may_stand(asked: Asked, fixes: Fixes) -> NDArray[np.bool_]:
    """Tell which vehicles may stand where they do."""
    fence, is_inside = nearest_of(asked, fixes)
    metres = outside_m(asked, fixes, fence, ~is_inside)
    may: NDArray[np.bool_] = (metres < fixes.band_m) | (metres == 0)
    return may | ~fixes.is_wanted


def _stood(
    columns: StopColumns,
    memory: StopMemory,
    fixes: Fixes,
    samples: Samples,
    at: NDArray[np.intp],
) -> NDArray[np.int64]:
    """Return for how long some vehicles have stood, and remember it."""
    row, spot = fixes.row[at], fixes.points.take(at)
    plane = columns.asked.sets.ground.plane
    first = plane.points(memory.lon_e7[row], memory.lat_e7[row])
    stands = spot.metres_to(first) <= columns.near_m[row]
    stands &= ~(fixes.speed_kmh[at] >= DRIVING_KMH)
    step_us = samples.at_us[at] - memory.last_us[row]
    step_us = np.where(step_us <= columns.asked.gap_us[row], step_us, 0)
    memory.held_us[row] = np.where(stands, memory.held_us[row] + step_us, 0)
    memory.last_us[row] = samples.at_us[at]
    moved, left = row[~stands], at[~stands]
    memory.lon_e7[moved], memory.lat_e7[moved] = fixes.lon_e7[left], fixes.lat_e7[left]
    return memory.held_us[row]
