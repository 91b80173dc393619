"""Taking the state over when rules or devices change.

A slot goes on if the same version of the same rule judges the same device; a changed
rule starts anew. An alarm that stood in a slot which is no more is withdrawn: nobody
judges it any longer, which is not the same as having seen it clear.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rules.engine.columns import carry_rows
from rules.engine.grades import level
from rules.engine.held import Held, more
from rules.engine.state import State
from rules.engine.times import NEVER
from rules.engine.workers import PLATFORM
from rules.plan.plan import Plan


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An alarm whose rule or device is no more."""

    rule: str
    rule_version: int
    device_id: int


def carry(old: Plan, state: State, new: Plan) -> tuple[State, list[Withdrawn]]:
    """Return a state under another plan, and the alarms that it can no longer hold.

    Args:
        old: The plan that `state` was folded under.
        state: Not changed.
        new: The plan to go on with.
    """
    fresh = new.fresh_state()
    old_keys, new_keys = slot_keys(old), slot_keys(new)
    was, now = _common(old_keys, new_keys)
    grades = min(state.state.shape[1], fresh.state.shape[1])
    fresh.state[now, :grades] = state.state[was, :grades]
    fresh.held_us[now, :grades] = state.held_us[was, :grades]
    fresh.last_us[now] = state.last_us[was]
    fresh.door_us[now] = state.door_us[was]
    _carry_memories(old, state, new, fresh, (was, now))
    _carry_watches(old, state, new, fresh)
    _carry_links(old, state, new, fresh)
    _carry_hearing(old, state, new, fresh)
    gone = np.setdiff1d(np.flatnonzero(level(state.state)), was)
    withdrawn = [Withdrawn(*old_keys[place]) for place in gone]
    held = _carried_lanes(old, state, new, (was, now))
    return replace(fresh, seq=state.seq, at_us=state.at_us, held=held), withdrawn


def slot_keys(plan: Plan) -> list[tuple[str, int, int]]:
    """Return rule, version and device of each slot."""
    rules = [plan.rules[place] for place in plan.slots.rule]
    subjects = [plan.subjects[place] for place in plan.slots.subject]
    return [
        (rule.code, rule.version, subject.device_id)
        for rule, subject in zip(rules, subjects, strict=True)
    ]


def _common(
    old: Sequence[object], new: Sequence[object]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where the keys that are in both stand in the one and in the other."""
    place = {key: at for at, key in enumerate(old)}
    pairs = [(place[key], at) for at, key in enumerate(new) if key in place]
    columns = np.array(pairs, np.intp).reshape(-1, 2)
    return columns[:, 0], columns[:, 1]


def _carry_memories(
    old: Plan,
    state: State,
    new: Plan,
    fresh: State,
    slots: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> None:
    """Keep what measures and schedules remember of the slots that go on."""
    for before, after, kept, memory in zip(
        old.measures, new.measures, state.memories, fresh.memories, strict=True
    ):
        was, now = before.place[slots[0]], after.place[slots[1]]
        both = (was >= 0) & (now >= 0)
        carry_rows(kept, memory, was[both], now[both])
    was, now = old.schedules.row[slots[0]], new.schedules.row[slots[1]]
    both = (was >= 0) & (now >= 0)
    carry_rows(state.schedule, fresh.schedule, was[both], now[both])
    _turn_anew(old, state, new, fresh, (slots[0][both], slots[1][both]))


def _turn_anew(
    old: Plan,
    state: State,
    new: Plan,
    fresh: State,
    slots: tuple[NDArray[np.intp], NDArray[np.intp]],
) -> None:
    """Ask schedules that go on for their next turn: a device may hang on another sun.

    What turned before is done with; what changes the schedule is no turn of it.
    """
    row = new.schedules.row[slots[1]]
    begun = fresh.schedule.turn_us[row] != NEVER
    row, was, now = row[begun], slots[0][begun], slots[1][begun]
    # How late its samples may come from now on makes no turn that was taken undone.
    late_us = _late_us(old)[was]
    # Where samples are held, none of the time before the door follow.
    done_us = fresh.door_us[now] - (late_us > 0)
    after_us = np.maximum(state.at_us - late_us, done_us)
    fresh.schedule.turn_us[row] = new.schedules.next_turn_us(row, after_us)


def _late_us(plan: Plan) -> NDArray[np.int64]:
    """Return how late samples may come, by slot."""
    late_us = np.array([lane.late_us for lane in plan.lanes], np.int64)
    return late_us[plan.slots.lane]


def _carried_lanes(
    old: Plan, state: State, new: Plan, slots: tuple[NDArray[np.intp], NDArray[np.intp]]
) -> tuple[Held, ...]:
    """Return what waits in the new lanes.

    A lane keeps what it held. Where a slot's lane is another now, as its device may be
    late by another time, what waited for it waits there.
    """
    kept = {
        lane.late_us: held for lane, held in zip(old.lanes, state.held, strict=True)
    }
    before = [old.lanes[lane].late_us for lane in old.slots.lane[slots[0]]]
    after = [new.lanes[lane].late_us for lane in new.slots.lane[slots[1]]]
    moves = {(a, b) for a, b in zip(before, after, strict=True) if a != b}
    held = []
    for lane in new.lanes:
        waiting = kept.get(lane.late_us, Held.nothing())
        for source in sorted(a for a, b in moves if b == lane.late_us):
            waiting = more(waiting, kept[source])
        held.append(waiting)
    return tuple(held)


def _carry_watches(old: Plan, state: State, new: Plan, fresh: State) -> None:
    was, now = _common(old.sides.watched, new.sides.watched)
    fresh.watch_us[now] = state.watch_us[was]
    fresh.watch_value[now] = state.watch_value[was]


def _carry_links(old: Plan, state: State, new: Plan, fresh: State) -> None:
    was, now = _common(old.ears.links, new.ears.links)
    for name in ("is_up", "was_said", "word", "audible_us"):
        getattr(fresh, name)[now] = getattr(state, name)[was]
    # Of a gateway that is new there is known what was said of its edge as a whole.
    place = {link: at for at, link in enumerate(old.ears.links)}
    for at, link in enumerate(new.ears.links):
        of_edge = place.get((link[0], ""))
        if of_edge is not None and link not in place:
            for name in ("is_up", "was_said", "word"):
                getattr(fresh, name)[at] = getattr(state, name)[of_edge]
    for name in ("worker", "worker_us"):
        getattr(fresh, name)[:] = getattr(state, name)


def _carry_hearing(old: Plan, state: State, new: Plan, fresh: State) -> None:
    """Keep how long each device has been silent, also when its link is another."""
    was, now = _common(
        [s.device_id for s in old.subjects], [s.device_id for s in new.subjects]
    )
    clocks = np.stack((old.ears.link[was], np.full(len(was), PLATFORM)), axis=1)
    silent_us = state.audible_us[clocks] - state.heard_us[was]
    clocks = np.stack((new.ears.link[now], np.full(len(now), PLATFORM)), axis=1)
    old_row, new_row = old.ears.learner[was], new.ears.learner[now]
    both = (old_row >= 0) & (new_row >= 0)
    for name in ("gap_us", "usual_us"):
        getattr(fresh, name)[new_row[both]] = getattr(state, name)[old_row[both]]
    never = state.heard_us[was] == NEVER
    fresh.heard_us[now] = np.where(never, NEVER, fresh.audible_us[clocks] - silent_us)
