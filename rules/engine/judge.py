"""Samples judged in their order, all slots at once: limit, then hold, then grades."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.engine import hold
from rules.engine.grades import level
from rules.engine.hold import WAS_BEYOND, Verdict, advance
from rules.engine.samples import Samples, first_of_slot, rounds, rows_of_slots
from rules.engine.state import State
from rules.engine.threshold import is_beyond
from rules.plan.plan import Slots

NO_RULING = 0
"""The value decides, see `judge`."""


@dataclass(frozen=True, slots=True)
class Turns:
    """Samples at which an alarm changed its level, as columns of shape (n,).

    Attributes:
        samples: The deciding samples.
        before: Level before, see `grades.level`.
        after: Level after, a different one.
    """

    samples: Samples
    before: NDArray[np.intp]
    after: NDArray[np.intp]


def judge(
    slots: Slots, state: State, samples: Samples, ruling: NDArray[np.int8]
) -> list[Turns]:
    """Judge samples in the order of their own times.

    Args:
        slots: Of the plan.
        state: Changed in place.
        samples: Fit to judge; those of each slot together, oldest first.
        ruling: `Verdict` of a side condition or schedule, whatever the value says;
            0 where there is none, shape (n,).

    Returns:
        One item per round, see `samples.rounds`; empty ones left out.
    """
    if not len(samples):
        return []
    stirred = _stirred(slots, state, samples, ruling)
    calm = np.flatnonzero(~stirred)
    # The last of a slot is its newest.
    state.last_us[samples.slot.take(calm)] = samples.at_us.take(calm)
    busy, busy_ruling = samples.take(stirred), ruling[stirred]
    if not len(busy):
        return []
    found = (
        judge_once(slots, state, busy.take(rows), busy_ruling[rows])
        for rows in rounds(busy.slot)
    )
    return [turns for turns in found if len(turns.samples)]


def judge_once(
    slots: Slots, state: State, samples: Samples, ruling: NDArray[np.int8]
) -> Turns:
    """Judge at most one sample of each slot.

    Args:
        slots: Of the plan.
        state: Changed in place.
        samples: No slot twice.
        ruling: As for `judge`.
    """
    slot = samples.slot
    before = state.state[slot]
    beyond = is_beyond(
        samples.value[:, np.newaxis],
        slots.limit[slot],
        slots.release[slot],
        WAS_BEYOND[before],
    )
    ruled = ruling[:, np.newaxis]
    verdict = np.where(ruled != NO_RULING, ruled, beyond).astype(np.int8)
    after, held_us = advance(
        before,
        state.held_us[slot],
        verdict,
        step_us=_known_us(slots, state, samples)[:, np.newaxis],
        on_us=slots.on_us[slot, np.newaxis],
        off_us=slots.off_us[slot, np.newaxis],
    )
    state.state[slot], state.held_us[slot] = after, held_us
    state.last_us[slot] = samples.at_us
    return _turns(samples, level(before), level(after))


def _known_us(slots: Slots, state: State, samples: Samples) -> NDArray[np.int64]:
    """Return the time since the sample before; 0 where the gap is too large."""
    step_us = samples.at_us - state.last_us[samples.slot]
    return np.where(step_us <= slots.gap_us[samples.slot], step_us, 0)


def _stirred(
    slots: Slots, state: State, samples: Samples, ruling: NDArray[np.int8]
) -> NDArray[np.bool_]:
    """Tell the samples of slots that are not plainly normal all through this entry.

    Most are: one comparison is then all they cost. There must be some sample.
    """
    slot = samples.slot
    # Limits are nested: what the mildest grade does not notice, no other does.
    beyond = samples.value >= slots.mildest.take(slot)
    stirs = np.where(ruling == NO_RULING, beyond, ruling == Verdict.TRUE)
    mildest = slot * state.state.shape[1]
    stirs |= state.state.ravel().take(mildest) != hold.State.NORMAL
    first = first_of_slot(slot)
    if len(first) == len(slot):  # one sample each
        return stirs
    by_slot = np.logical_or.reduceat(stirs, first)
    return np.repeat(by_slot, rows_of_slots(first, len(slot)))


def _turns(
    samples: Samples, before: NDArray[np.intp], after: NDArray[np.intp]
) -> Turns:
    turned = np.flatnonzero(before != after)
    return Turns(samples.take(turned), before[turned], after[turned])
