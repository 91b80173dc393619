"""`late`: how far a vehicle is, after the time by which it had to be in a fence.

Each local day has a window from `since` to `by` (which may begin the evening before).
Who was in a fence of the set at any known time of the window was there: 0 m. From `by`
on, who was not is as far away as it is, until it arrives or the next window begins; a
fix that may be nearer than the band stays short of the limit.

It is late only if it cannot have been there unseen. A hole is a time longer than the
largest gap between two fixes, whoever is to blame for it, and all time before the first
one. Until the next window nobody can tell of a vehicle

    - that nothing was known of at `by`;
    - that was found elsewhere after a hole that reaches into the window; at the same
      place, it has stood there with its ignition off;
    - whose first fix came within the window: the platform, rule or vehicle is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.measures.fence_ask import (
    Ask,
    Asked,
    FenceColumns,
    Fixes,
    beyond_band,
    fixes_of,
    nearest_of,
    outside_m,
)
from rules.measures.measure import Memory, Outcome, Settings
from vocabulary.local_time import DAY_US, MINUTE_US, local_us

SAME_PLACE_M = 70.0
"""Found so near to where it was last seen, a vehicle has stood: fixes of one that is
parked drift by 30 m to either side."""


@dataclass(frozen=True, slots=True)
class LateSettings(Settings):
    """What one slot asks.

    Attributes:
        ask: Which fences, and how.
        limit_m: From where on it counts as away.
        since_min: Minute of the local day at which the window begins.
        by_min: Minute at which it ends.
        time_zone: IANA zone that says which day and minute it is.
    """

    ask: Ask
    limit_m: float
    since_min: int
    by_min: int
    time_zone: str


@dataclass(frozen=True, slots=True)
class LateColumns(FenceColumns):
    """The settings of all slots."""

    limit_m: NDArray[np.float64]
    since_us: NDArray[np.int64]
    by_us: NDArray[np.int64]
    zone: ZoneInfo

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[LateSettings]) -> Self:
        """Return the columns of some settings, all of one city."""
        return cls(
            place,
            Asked.of([one.ask for one in asked]),
            np.array([one.limit_m for one in asked], np.float64),
            np.array([one.since_min * MINUTE_US for one in asked], np.int64),
            np.array([one.by_min * MINUTE_US for one in asked], np.int64),
            ZoneInfo(asked[0].time_zone if asked else "UTC"),
        )


@dataclass(slots=True)
class LateMemory(Memory):
    """When each vehicle was there; shape (rows,).

    Attributes:
        last_us: When it was last known where it is.
        visited_us: When it was last known to be in a fence, by the clock on the wall.
        unknown_us: The newest `by` of whose window nobody can tell, by that clock.
        lon_e7: Degrees east times 1e7 of where it was last known to be.
        lat_e7: Degrees north times 1e7.
    """

    last_us: NDArray[np.int64]
    visited_us: NDArray[np.int64]
    unknown_us: NDArray[np.int64]
    lon_e7: NDArray[np.int32]
    lat_e7: NDArray[np.int32]

    @classmethod
    def fresh(cls, columns: LateColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.by_us)
        never, zero = np.full(rows, NEVER, np.int64), np.zeros(rows, np.int32)
        return cls(never, never.copy(), never.copy(), zero, zero.copy())


def measure(columns: LateColumns, memory: LateMemory, samples: Samples) -> Outcome:
    """Return the metres away at each fix, see `measure.Measure`."""
    asked = columns.asked
    fixes = fixes_of(asked, columns.place, samples)
    fence, is_inside = nearest_of(asked, fixes)
    is_late = np.ones(len(samples))
    for turn in rounds(samples.slot):
        at = turn[fixes.is_sound[turn]]
        is_late[at] = _are_late(
            columns, memory, fixes.take(at), samples.at_us[at], is_inside[at]
        )
    # How far away they are is dear to ask, and most are where they have to be.
    away_m = outside_m(asked, fixes, fence, ~is_inside & (is_late != 0))
    away_m = is_late * beyond_band(fixes, away_m, columns.limit_m[fixes.row])
    is_known = fixes.is_sound & np.isfinite(away_m)
    return np.where(fixes.is_wanted, away_m, 0.0), is_known, fence


def _are_late(
    columns: LateColumns,
    memory: LateMemory,
    fixes: Fixes,
    at_us: NDArray[np.int64],
    is_inside: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return 1 where a vehicle is late, 0 where not, NaN where nobody can tell."""
    row = fixes.row
    since_us, by_us = columns.since_us[row], columns.by_us[row]
    wall_us = local_us(at_us, columns.zone)
    begin_us = wall_us - (wall_us % DAY_US - since_us) % DAY_US
    due_us = begin_us + (by_us - since_us) % DAY_US
    is_due = wall_us >= due_us
    missed = _after_hole(columns, memory, fixes, at_us, due_us)
    missed &= is_due | ((wall_us > begin_us) & _are_elsewhere(columns, memory, fixes))
    memory.last_us[row] = at_us
    memory.lon_e7[row], memory.lat_e7[row] = fixes.lon_e7, fixes.lat_e7
    memory.visited_us[row[is_inside]] = wall_us[is_inside]
    memory.unknown_us[row[missed]] = due_us[missed]
    was_there = memory.visited_us[row] >= begin_us
    late = np.where(memory.unknown_us[row] == due_us, np.nan, 1.0)
    return np.where(is_due & ~was_there, late, 0.0)


def _after_hole(
    columns: LateColumns,
    memory: LateMemory,
    fixes: Fixes,
    at_us: NDArray[np.int64],
    due_us: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which fixes end a hole that began before the vehicle had to be there."""
    before_us = memory.last_us[fixes.row]
    is_first = before_us == NEVER
    before_wall_us = local_us(np.where(is_first, 0, before_us), columns.zone)
    is_hole = at_us - before_us > columns.asked.gap_us[fixes.row]
    after: NDArray[np.bool_] = is_first | (is_hole & (before_wall_us < due_us))
    return after


def _are_elsewhere(
    columns: LateColumns, memory: LateMemory, fixes: Fixes
) -> NDArray[np.bool_]:
    """Tell which vehicles are not where they were last seen, if they ever were."""
    row, plane = fixes.row, columns.asked.sets.ground.plane
    last = plane.points(memory.lon_e7[row], memory.lat_e7[row])
    is_first = memory.last_us[row] == NEVER
    elsewhere: NDArray[np.bool_] = is_first | (
        fixes.points.metres_to(last) > SAME_PLACE_M
    )
    return elsewhere
