"""`late`: how far a vehicle is, after the time by which it had to be in a fence.

Each local day has a window from `since` to `by` (which may begin the evening before).
Who was in a fence of the set at any known time of the window was there: 0 m. From `by`
on, who was not is as far away as it is, until it arrives or the next window begins; a
fix that may be nearer than the band stays short of the limit. Of a vehicle that nothing
was known of at `by`, for longer than the largest gap, nobody can tell: until the next
window it is unknown.
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
    beyond_band,
    fixes_of,
    nearest_of,
    outside_m,
)
from rules.measures.measure import Memory, Outcome, Settings
from vocabulary.local_time import DAY_US, MINUTE_US, local_us


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
        unknown_us: The newest `by` at which nobody knew where it was, by that clock.
    """

    last_us: NDArray[np.int64]
    visited_us: NDArray[np.int64]
    unknown_us: NDArray[np.int64]

    @classmethod
    def fresh(cls, columns: LateColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.by_us)
        return cls(*(np.full(rows, NEVER, np.int64) for _ in range(3)))


def measure(columns: LateColumns, memory: LateMemory, samples: Samples) -> Outcome:
    """Return the metres away at each fix, see `measure.Measure`."""
    asked = columns.asked
    fixes = fixes_of(asked, columns.place, samples)
    fence, is_inside = nearest_of(asked, fixes)
    is_late = np.ones(len(samples))
    for turn in rounds(samples.slot):
        at = turn[fixes.is_sound[turn]]
        is_late[at] = _are_late(
            columns, memory, fixes.row[at], samples.at_us[at], is_inside[at]
        )
    # How far away they are is dear to ask, and most are where they have to be.
    away_m = outside_m(asked, fixes, fence, ~is_inside & (is_late != 0))
    away_m = is_late * beyond_band(fixes, away_m, columns.limit_m[fixes.row])
    is_known = fixes.is_sound & np.isfinite(away_m)
    return np.where(fixes.is_wanted, away_m, 0.0), is_known, fence


def _are_late(
    columns: LateColumns,
    memory: LateMemory,
    row: NDArray[np.intp],
    at_us: NDArray[np.int64],
    is_inside: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Return 1 where a vehicle is late, 0 where not, NaN where nobody can tell."""
    since_us, by_us = columns.since_us[row], columns.by_us[row]
    wall_us, before_us = local_us(at_us, columns.zone), memory.last_us[row]
    minute_us = wall_us % DAY_US
    begin_us = wall_us - (minute_us - since_us) % DAY_US
    due_us = begin_us + (by_us - since_us) % DAY_US
    is_due = wall_us >= due_us
    is_first = before_us == NEVER
    before_wall_us = local_us(np.where(is_first, 0, before_us), columns.zone)
    missed = is_due & (is_first | (before_wall_us < due_us))
    missed &= is_first | (at_us - before_us > columns.asked.gap_us[row])
    memory.last_us[row] = at_us
    memory.visited_us[row[is_inside]] = wall_us[is_inside]
    memory.unknown_us[row[missed]] = due_us[missed]
    was_there = memory.visited_us[row] >= begin_us
    late = np.where(memory.unknown_us[row] == due_us, np.nan, 1.0)
    return np.where(is_due & ~was_there, late, 0.0)
