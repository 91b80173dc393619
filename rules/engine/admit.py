"""Which samples of an entry are judged, in which order, and which come too late."""

from collections.abc import Iterator
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
    if samples.quality.any():
        sound &= (samples.quality & slots.refuse.take(slot)) == 0
    newest_us = state.last_us.take(slot)
    if plan.has_fed:
        newest_us = np.maximum(newest_us, state.door_us.take(slot))
        # What one of several series says late counts beside the others from now on.
        lifted_us = np.maximum(samples.at_us, newest_us)
        at_us = np.where(slots.is_joint.take(slot), lifted_us, samples.at_us)
        samples = replace(samples, at_us=at_us)
    in_time = samples.at_us >= newest_us
    fit = samples.take(sound & in_time).by_slot_and_time()
    if plan.has_fed:
        fit = _feed(plan, state, fit)
    return fit, samples.take(sound & ~in_time)


def _feed(plan: Plan, state: State, samples: Samples) -> Samples:
    """Shut the door behind samples that must be taken in order, each once."""
    is_fed = plan.slots.is_fed.take(samples.slot)
    if not is_fed.any():
        return samples
    again = _says_again(samples)
    again = again[is_fed.take(again)]
    if len(again):
        kept = np.ones(len(samples), np.bool_)
        kept[again] = False
        samples, is_fed = samples.take(kept), is_fed[kept]
    # The last of a slot is its newest. Where samples are held, none of its time follow.
    fed = np.flatnonzero(is_fed)
    slot = samples.slot.take(fed)
    state.door_us[slot] = samples.at_us.take(fed) + (plan.slots.lane.take(slot) > 0)
    return samples


def _says_again(samples: Samples) -> NDArray[np.intp]:
    """Return the rows of samples that say the same as the one before them."""
    slot, at_us = samples.slot, samples.at_us
    rows = np.flatnonzero((slot[1:] == slot[:-1]) & (at_us[1:] == at_us[:-1])) + 1
    columns: list[NDArray[np.generic]] = [samples.value.take(rows)]
    before: list[NDArray[np.generic]] = [samples.value.take(rows - 1)]
    of, of_before = samples.row.take(rows), samples.row.take(rows - 1)
    if samples.fixes is not None:
        for column in (samples.fixes.lon_e7, samples.fixes.lat_e7):
            columns.append(column.take(of))
            before.append(column.take(of_before))
    if samples.readings is not None:
        columns.append(samples.readings.series_id.take(of))
        before.append(samples.readings.series_id.take(of_before))
    same = [one == other for one, other in zip(columns, before, strict=True)]
    return rows[np.logical_and.reduce(same)]


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
    number = plan.slots.measure.take(samples.slot)
    made = np.flatnonzero(number != VALUE)
    if not len(made):
        return samples
    value, known = samples.value.copy(), np.ones(len(samples), np.bool_)
    about = np.full(len(samples), -1, np.intp)
    is_let = _are_let(plan, state, seen, samples, made)
    value[made[~is_let]] = np.nan
    # Those of one measure together, so that each gets a stretch of them.
    made = made[is_let]
    made = made[np.argsort(number[made], kind="stable")]
    sign = plan.slots.sign.take(samples.slot.take(made))
    asked = samples.take(made)
    asked = replace(asked, value=asked.value * sign)
    for place, part in _parts(number[made]):
        found, known[made[part]], *what = MEASURES[place].measure(
            plan.measures[place], state.memories[place], asked.part(part)
        )
        value[made[part]] = found * sign[part]
        if what:
            about[made[part]] = what[0]
    return replace(samples, value=value, about=about).take(known)


def _are_let(
    plan: Plan, state: State, seen: Seen, samples: Samples, made: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which of some samples all their side conditions let be judged."""
    is_let = np.ones(len(made), np.bool_)
    sided = np.flatnonzero(plan.sides.by_slot.leads(samples.slot.take(made)))
    if len(sided):
        is_known, moot = judge_sides(plan.sides, state, seen, samples.take(made[sided]))
        is_let[sided] = is_known & ~moot
    return is_let


def _parts(number: NDArray[np.int8]) -> Iterator[tuple[int, slice]]:
    """Yield each measure in a sorted column, by its place, and the rows it has."""
    begin = 0
    for measure, count in enumerate(np.bincount(number).tolist()):
        if count:
            yield measure - VALUE - 1, slice(begin, begin + count)
        begin += count
