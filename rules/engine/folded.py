"""What comes of folding: the state after, the transitions, and what came too late."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from rules.engine.grades import hit
from rules.engine.judge import Turns
from rules.engine.learned import Learned
from rules.engine.samples import Samples
from rules.engine.state import State
from rules.engine.transition import Transition
from rules.fences.ground import NO_FENCE
from rules.files.rule import Words
from rules.measures import VALUE
from rules.measures.command import CommandColumns
from rules.measures.fence_ask import FenceColumns
from rules.measures.unanswered import UnansweredColumns
from rules.plan.plan import Plan
from vocabulary.position import DEGREES_E7


@dataclass(frozen=True, slots=True, kw_only=True)
class LateSample:
    """A sample fit to judge, but older than what its slot has judged.

    It is stored, and changes nothing here.

    Attributes:
        rule: Code of the rule that would have judged it.
        device_id: `device.id`.
        measured_us: Its own time, microseconds since 1970.
        seq: The journal entry that told of it.
        at_us: That entry's time.
    """

    rule: str
    device_id: int
    measured_us: int
    seq: int
    at_us: int


@dataclass(frozen=True, slots=True)
class Folded:
    """What comes of some entries.

    Attributes:
        state: After the last of them.
        transitions: By entry, sample time and slot.
        late: What came too late to be judged, by entry.
        early: How many held rows were judged before their time, see `held`.
        counts: How many samples each rule judged, refused, or was told too late, in the
            order of the plan's rules, shape (rules, 3); None if there were none.
    """

    state: State
    transitions: list[Transition]
    late: list[LateSample]
    early: int = 0
    counts: NDArray[np.int64] | None = field(default=None, compare=False)


@dataclass(slots=True)
class Findings:
    """What is found while entries are folded, in whatever order.

    Attributes:
        plan: What is judged by.
        state: As it is now.
        entries: All that are folded.
        turns: Transitions; each with the place of its entry, the sample time, the slot.
        late: Late samples, each with the place of its entry.
        early: How many held rows were judged before their time.
        counts: As in `Folded`.
    """

    plan: Plan
    state: State
    entries: Sequence[Learned]
    turns: list[tuple[int, int, int, Transition]] = field(default_factory=list)
    late: list[tuple[int, LateSample]] = field(default_factory=list)
    early: int = 0
    counts: NDArray[np.int64] | None = None

    def count(self, asked: Samples, fit: Samples, late: Samples) -> None:
        """Count what rules were asked to judge, and what of it they could."""
        if not len(asked):
            return
        of_slot, rules = self.plan.slots.rule, len(self.plan.rules)
        told = np.bincount(of_slot.take(asked.slot), minlength=rules)
        # Where none is missing, the same were judged as told, in whatever order.
        judged, too_late = (
            told
            if len(some) == len(asked)
            else np.bincount(of_slot.take(some.slot), minlength=rules)
            for some in (fit, late)
        )
        now = np.stack([judged, told - judged - too_late, too_late], axis=1)
        self.counts = now if self.counts is None else self.counts + now

    def turned(self, turns: Turns, places: NDArray[np.intp]) -> None:
        """Add what became of alarms, right when it did.

        Args:
            turns: Of the alarms.
            places: Of their entries, shape (n,).
        """
        slots = turns.samples.slot.tolist()
        for row, (place, slot) in enumerate(zip(places.tolist(), slots, strict=True)):
            found = _of_turn(self.plan, self.state, self.entries[place], turns, row)
            self.turns.append((place, found.measured_us, slot, found))

    def came_late(self, samples: Samples, places: NDArray[np.intp]) -> None:
        """Add samples that came too late.

        Args:
            samples: The samples.
            places: Of their entries, shape (n,).
        """
        told = zip(places.tolist(), samples.slot, samples.at_us, strict=True)
        for place, slot, measured_us in told:
            late = LateSample(
                rule=self.plan.rules[self.plan.slots.rule[slot]].code,
                device_id=self.plan.subjects[self.plan.slots.subject[slot]].device_id,
                measured_us=int(measured_us),
                seq=self.entries[place].seq,
                at_us=self.entries[place].at_us,
            )
            self.late.append((place, late))

    def folded(self, state: State) -> Folded:
        """Return all of it in its order.

        Args:
            state: After the last entry.
        """
        turns = sorted(self.turns, key=itemgetter(0, 1, 2))
        late = sorted(self.late, key=itemgetter(0))
        return Folded(
            state,
            [t[3] for t in turns],
            [one for _, one in late],
            self.early,
            self.counts,
        )


def _of_turn(
    plan: Plan, state: State, entry: Learned, turns: Turns, place: int
) -> Transition:
    samples, slot = turns.samples, int(turns.samples.slot[place])
    before, after = int(turns.before[place]), int(turns.after[place])
    rule = plan.rules[plan.slots.rule[slot]]
    sign = plan.slots.sign[slot]
    lon, lat = _where(plan, state, samples, place)
    return Transition(
        rule=rule,
        device_id=plan.subjects[plan.slots.subject[slot]].device_id,
        kind=hit(before, after),
        seq=entry.seq,
        at_us=entry.at_us,
        measured_us=int(samples.at_us[place]),
        value=float(sign * samples.value[place]),
        threshold=float(sign * plan.slots.limit[slot, max(after, 1) - 1]),
        severity=rule.severities[(after or before) - 1],
        lon=lon,
        lat=lat,
        fence=_fence(plan, samples, place, lon, lat),
        command=_command(plan, samples, place),
    )


def _where(
    plan: Plan, state: State, samples: Samples, place: int
) -> tuple[float | None, float | None]:
    """Return where the fix was, or where the device stands."""
    fixes, row = samples.fixes, int(samples.row[place])
    if fixes is not None and row >= 0:
        return int(fixes.lon_e7[row]) / DEGREES_E7, int(fixes.lat_e7[row]) / DEGREES_E7
    slot = samples.slot[place]
    at = plan.schedules.row[slot]
    if at >= 0 and not np.isnan(state.schedule.lon[at]):
        return float(state.schedule.lon[at]), float(state.schedule.lat[at])
    subject = plan.subjects[plan.slots.subject[slot]]
    return subject.lon, subject.lat


def _command(plan: Plan, samples: Samples, place: int) -> int | None:
    """Return the number of the command that a sample is about."""
    measure = plan.slots.measure[samples.slot[place]]
    if samples.about is None or measure == VALUE or samples.about[place] < 0:
        return None
    is_command = isinstance(
        plan.measures[measure - 1], CommandColumns | UnansweredColumns
    )
    return int(samples.about[place]) if is_command else None


def _fence(
    plan: Plan, samples: Samples, place: int, lon: float | None, lat: float | None
) -> Words | None:
    """Return the names of the geofence that a sample is about.

    A turn of a schedule has no sample of its own: what is nearest then is meant.
    """
    slot = int(samples.slot[place])
    columns = plan.measures[plan.slots.measure[slot] - 1]
    if plan.slots.measure[slot] == VALUE or not isinstance(columns, FenceColumns):
        return None
    about = NO_FENCE if samples.about is None else int(samples.about[place])
    if samples.row[place] < 0 and lon is not None and lat is not None:
        about = columns.nearest(slot, lon, lat)
    fence = columns.fence(about)
    return None if fence is None else Words(fence.name_zh, fence.name_en)
