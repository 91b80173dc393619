"""In which fence a vehicle is, and for how long: what several measures follow.

It is in a fence once a fix is deeper in it than the band, and stays in it until a fix
is outside its border. Deep enough in any case is what is deeper than about half of what
there is room for, so that small fences can be entered. Of several fences it is in the
first, until it leaves that.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.fences.ground import NO_FENCE
from rules.measures.fence_ask import Asked, Fixes
from rules.measures.measure import Memory


@dataclass(slots=True)
class Presence(Memory):
    """Where each slot's vehicle is; columns of shape (rows,).

    Attributes:
        fence_id: `geofence.id` of the fence it is in, else NO_FENCE.
        held_us: For how long it is known to have been in there.
        last_us: When it was last known where it is.
    """

    fence_id: NDArray[np.int64]
    held_us: NDArray[np.int64]
    last_us: NDArray[np.int64]

    @classmethod
    def of_rows(cls, rows: int) -> Self:
        """Return the memory of slots that have seen nothing."""
        return cls(
            np.full(rows, NO_FENCE, np.int64),
            np.zeros(rows, np.int64),
            np.full(rows, NEVER, np.int64),
        )


def follow(
    asked: Asked, memory: Presence, samples: Samples, fixes: Fixes
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return in which fence each sample finds its vehicle, and for how long already.

    Args:
        asked: By the slots of the measure.
        memory: Changed in place.
        samples: Those of each slot together, oldest first.
        fixes: Behind them; one that is not sound changes nothing.
    """
    ground = asked.sets.ground
    inside = _Inside.of(asked, fixes)
    fence = np.full(len(samples), NO_FENCE, np.intp)
    held_us = np.zeros(len(samples), np.int64)
    now = ground.places(memory.fence_id)
    for turn in rounds(samples.slot):
        at = turn[fixes.is_sound[turn]]
        row, at_us = fixes.row[at], samples.at_us[at]
        was = now[row]
        stays = inside.has(at, was)
        fence[at] = was
        # How deep it is in is dear to ask, and most stay where they are.
        come = at[~stays]
        fence[come] = _entered(asked, fixes, inside, come)
        now[row] = fence[at]
        step_us = at_us - memory.last_us[row]
        step_us = np.where(step_us <= asked.gap_us[row], step_us, 0)
        held_us[at] = np.where(stays, memory.held_us[row] + step_us, 0)
        memory.held_us[row], memory.last_us[row] = held_us[at], at_us
    row = fixes.row
    if len(ground.ids):
        is_in = now[row] != NO_FENCE
        memory.fence_id[row] = np.where(is_in, ground.ids[now[row]], NO_FENCE)
    return fence, held_us


@dataclass(frozen=True, slots=True)
class _Inside:
    """Which fixes are in which fences of their sets.

    Attributes:
        fence: The fences of all fixes, by fix, then fence.
        key: Fix and fence in one number, beside them; ascending.
        first: Where those of each fix begin, and where the last ones end.
        width: How many fences there are.
    """

    fence: NDArray[np.intp]
    key: NDArray[np.intp]
    first: NDArray[np.intp]
    width: int

    @classmethod
    def of(cls, asked: Asked, fixes: Fixes) -> Self:
        sample, fence = asked.sets.inside(fixes.row, fixes.lon_e7, fixes.lat_e7)
        width = len(asked.sets.ground.fences)
        first = np.searchsorted(sample, np.arange(len(fixes) + 1))
        return cls(fence, sample * width + fence, first, width)

    def has(self, at: NDArray[np.intp], fence: NDArray[np.intp]) -> NDArray[np.bool_]:
        """Tell which fixes are in the fence beside them; none is in NO_FENCE."""
        if not len(self.key):
            return np.zeros(len(at), np.bool_)
        wanted = at * self.width + fence
        place = np.minimum(np.searchsorted(self.key, wanted), len(self.key) - 1)
        is_in: NDArray[np.bool_] = self.key[place] == wanted
        is_in &= fence != NO_FENCE
        return is_in

    def of_fixes(self, at: NDArray[np.intp]) -> tuple[NDArray[np.intp], ...]:
        """Return all fences of some fixes, and places in `at` beside them."""
        count = self.first[at + 1] - self.first[at]
        begin = np.cumsum(count) - count
        place = np.repeat(self.first[at] - begin, count)
        place += np.arange(len(place))
        return self.fence[place], np.repeat(np.arange(len(at)), count)


def _entered(
    asked: Asked, fixes: Fixes, inside: _Inside, at: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Return the first fence that each of some fixes is deep enough in."""
    entered = np.full(len(at), NO_FENCE, np.intp)
    fence, which = inside.of_fixes(at)
    if not len(fence):
        return entered
    plane, fix = asked.sets.ground.plane, at[which]
    deep_m = np.minimum(fixes.band_m[fix], plane.room_m[fence])
    deep = plane.border_m(fence, fixes.points.take(fix)) >= deep_m
    # The first of each, for it is written last.
    entered[which[deep][::-1]] = fence[deep][::-1]
    return entered
