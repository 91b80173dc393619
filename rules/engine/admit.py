"""Which samples of an entry are judged, in which order, and which come too late."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples
from rules.engine.side_condition import Seen, judge_sides
from rules.engine.state import State
from rules.measures import MEASURES, VALUE
from rules.plan.plan import Plan


def admit(plan: Plan, state: State, samples: Samples) -> tuple[Samples, Samples]:
    """Return the samples to judge, and those that come too late.

    To judge are those that are finite, of accepted quality, and no older than what
    their slot has judged: those of each slot together, oldest first.

    Args:
        plan: What to judge by.
        state: Changed in place for slots that are fed.
        samples: Any order.
    """
    slots, slot = plan.slots, samples.slot
    sound = np.isfinite(samples.value)
    sound &= (samples.quality & slots.refuse[slot]) == 0
    newest_us = state.last_us[slot]
    if plan.has_fed:
        newest_us = np.maximum(newest_us, state.door_us[slot])
        # What one of several series says late counts beside the others from now on.
        lifted_us = np.maximum(samples.at_us, newest_us)
        at_us = np.where(slots.is_joint[slot], lifted_us, samples.at_us)
        samples = replace(samples, at_us=at_us)
    in_time = samples.at_us >= newest_us
    fit = samples.take(sound & in_time).by_slot_and_time()
    if plan.has_fed:
        fit = _feed(plan, state, fit)
    return fit, samples.take(sound & ~in_time)


def _feed(plan: Plan, state: State, samples: Samples) -> Samples:
    """Shut the door behind samples that must be taken in order, each once."""
    is_fed = plan.slots.is_fed[samples.slot]
    if not is_fed.any():
        return samples
    again = is_fed & _is_again(samples)
    samples, is_fed = samples.take(~again), is_fed[~again]
    # The last of a slot is its newest. Where samples are held, none of its time follow.
    slot = samples.slot[is_fed]
    state.door_us[slot] = samples.at_us[is_fed] + (plan.slots.lane[slot] > 0)
    return samples


def _is_again(samples: Samples) -> NDArray[np.bool_]:
    """Tell which samples say the same as the one before them."""
    columns: list[NDArray[np.generic]] = [samples.slot, samples.at_us, samples.value]
    if samples.fixes is not None:
        fixes, row = samples.fixes, samples.row
        columns += [fixes.lon_e7[row], fixes.lat_e7[row]]
    if samples.readings is not None:
        columns.append(samples.readings.series_id[samples.row])
    again = np.zeros(len(samples), np.bool_)
    again[1:] = np.all([column[1:] == column[:-1] for column in columns], axis=0)
    return again


def measured(plan: Plan, state: State, seen: Seen, samples: Samples) -> Samples:
    """Return samples with the numbers that are judged; the unknown are left out.

    A measure takes no notice of samples that a side condition does not let be judged;
    they get no number.

    Args:
        plan: What to judge by.
        state: Its memories are changed in place.
        seen: What the entry tells of watched series.
        samples: As `admit` gives them.
    """
    number = plan.slots.measure[samples.slot]
    if not plan.has_fed or not number.any():
        return samples
    value, known = samples.value.copy(), np.ones(len(samples), np.bool_)
    about = np.full(len(samples), -1, np.intp)
    made = np.flatnonzero(number != VALUE)
    is_let, moot = judge_sides(plan.sides, state, seen, samples.take(made))
    is_let &= ~moot
    value[made[~is_let]] = np.nan
    made = made[is_let]
    for of in np.flatnonzero(np.bincount(number[made])):
        asked = made[number[made] == of]
        part, place = samples.take(asked), int(of) - 1
        sign = plan.slots.sign[part.slot]
        found, known[asked], *what = MEASURES[place].measure(
            plan.measures[place],
            state.memories[place],
            replace(part, value=part.value * sign),
        )
        value[asked] = found * sign
        if what:
            about[asked] = what[0]
    return replace(samples, value=value, about=about).take(known)
