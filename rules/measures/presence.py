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
    within, entered = _entered(asked, fixes)
    fence = np.full(len(samples), NO_FENCE, np.intp)
    held_us = np.zeros(len(samples), np.int64)
    now = ground.places(memory.fence_id)
    for turn in rounds(samples.slot):
        at = turn[fixes.is_sound[turn]]
        row, at_us = fixes.row[at], samples.at_us[at]
        was = now[row]
        stays = np.isin(at * len(ground.fences) + was, within) & (was != NO_FENCE)
        now[row] = fence[at] = np.where(stays, was, entered[at])
        step_us = at_us - memory.last_us[row]
        step_us = np.where(step_us <= asked.gap_us[row], step_us, 0)
        held_us[at] = np.where(stays, memory.held_us[row] + step_us, 0)
        memory.held_us[row], memory.last_us[row] = held_us[at], at_us
    row = fixes.row
    if len(ground.ids):
        is_in = now[row] != NO_FENCE
        memory.fence_id[row] = np.where(is_in, ground.ids[now[row]], NO_FENCE)
    return fence, held_us


def _entered(asked: Asked, fixes: Fixes) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return sample and fence in one number where in, and the fence deep enough in."""
    ground = asked.sets.ground
    sample, fence = asked.sets.inside(fixes.row, fixes.lon_e7, fixes.lat_e7)
    deep_m = np.minimum(fixes.band_m[sample], ground.plane.room_m[fence])
    border_m = ground.plane.border_m(fence, fixes.points.take(sample))
    deep = np.flatnonzero(border_m >= deep_m)[::-1]
    entered = np.full(len(fixes.row), NO_FENCE, np.intp)
    entered[sample[deep]] = fence[deep]  # the first of each, for it is written last
    return sample * len(ground.fences) + fence, entered
