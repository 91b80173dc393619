"""The engine as a plain loop over one sample at a time: slow, and easy to believe."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import NamedTuple

from rules.conditions.overspeed import Overspeed
from rules.conditions.silence import Silence
from rules.engine.learned import Learned
from rules.files.rule import ALWAYS_REFUSED, Side, Whose
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.schedules import OnClose
from rules.schedules.lamp import LampAsk
from rules.schedules.local import LocalAsk
from tests.rules.oracle_change import REMEMBERED, asked_of, learning_of, slots_of
from tests.rules.oracle_hearing import Hearing
from tests.rules.oracle_lamps import is_lamp_open, programme_of
from tests.rules.oracle_meters import Truth
from tests.rules.oracle_slot import (
    Meter,
    Said,
    Sample,
    Slot,
    judged,
    open_at,
    said,
    same,
)
from tests.rules.oracle_yard import Spot, Yard
from vocabulary.lighting import LampProgramme
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings

__all__ = ["Oracle", "Said", "said", "same"]

S = 1_000_000
NAN = math.nan
REFUSED_BESIDE = Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.SENSOR_FAULT


class Row(NamedTuple):
    """A reading of a series, or a fix of a device (then `series` is 0)."""

    at: int
    series: int
    device: int
    value: float
    quality: int
    spot: Spot | None


@dataclass
class Oracle:
    """All slots, and what is known besides."""

    subjects: dict[int, Subject]
    slots: list[Slot]
    yard: Yard
    zone: str
    programmes: dict[str, LampProgramme]
    hearing: Hearing
    at: int = 0
    newest: dict[tuple[int, int], Row] = field(default_factory=dict)
    waiting: dict[int, list[Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: PlanSource) -> "Oracle":
        subjects = {s.device_id: s for s in source.subjects}
        yard = Yard.around(
            *source.geofences, *(s.area for s in source.subjects if s.area)
        )
        slots = slots_of(source, yard)
        hearing = Hearing(subjects, learning_of(slots))
        programmes = {one.code: one for one in source.programmes}
        return cls(subjects, slots, yard, source.time_zone, programmes, hearing)

    def turn_over(self, source: PlanSource) -> list[tuple[str, int, int]]:
        """Go on under other rules and devices; return the alarms that nobody judges.

        The same version of the same rule on the same device goes on, wherever that has
        been moved to; all else begins anew.
        """
        before = {slot.key: slot for slot in self.slots}
        watched = {(s.late_us, i) for s in self.slots for i in self._watched(s)}
        slots = slots_of(source, self.yard)
        after = {slot.key for slot in slots}
        gone = [key for key, slot in before.items() if key not in after]
        withdrawn = [key for key in gone if before[key].level()]
        self.subjects = {s.device_id: s for s in source.subjects}
        self.programmes = {one.code: one for one in source.programmes}
        for slot in slots:
            if slot.key in before:
                self._go_on(before[slot.key], slot)
        self.slots = slots
        # Where nobody waits for what is late, nothing is kept for who will.
        late = {slot.late_us for slot in slots}
        self.waiting = {of: rows for of, rows in self.waiting.items() if of in late}
        watched &= {(s.late_us, i) for s in self.slots for i in self._watched(s)}
        self.newest = {key: self.newest[key] for key in watched & self.newest.keys()}
        self.hearing.turn_over(self.subjects, learning_of(slots))
        return withdrawn

    def _go_on(self, before: Slot, slot: Slot) -> None:
        """Let a slot remember what it knew before; what waited for it still does."""
        for name in REMEMBERED:
            setattr(slot, name, getattr(before, name))
        if slot.meter is not None and before.meter is not None:
            slot.meter = replace(before.meter, **asked_of(slot.meter))  # type: ignore[type-var] # all are dataclasses
        if slot.late_us != before.late_us:
            for_it = [
                row
                for row in self.waiting.get(before.late_us, [])
                if self._asks(before, row)
            ]
            known = self.waiting.setdefault(slot.late_us, [])
            known += [row for row in for_it if row not in known]
        if slot.rule.when is not None and slot.began is not None:
            done = (slot.floor or 0) - (before.late_us > 0)
            slot.turned = max(self.at - before.late_us, done)

    def _watched(self, slot: Slot) -> list[int]:
        """Return the series that a slot's side conditions look at."""
        own = slot.subject
        of = {Whose.SELF: own, Whose.UPSTREAM: self.subjects.get(own.upstream_id or 0)}
        found = [(of[side.of], side.quantity) for side in slot.sides]
        return [one.series[name] for one, name in found if one is not None]

    def _asks(self, slot: Slot, row: Row) -> bool:
        if row.spot is not None:
            return not slot.feeding and row.device == slot.subject.device_id
        return row.series in slot.feeding or row.series in self._watched(slot)

    def step(self, entry: Learned) -> list[Said]:
        self.hearing.listen(entry)
        self.at = entry.at_us
        found: list[tuple[int, int, Said]] = []
        for late_us in sorted({slot.late_us for slot in self.slots}):
            due = self._due(entry, late_us)
            beside = self._beside(due, late_us)
            for place, slot in enumerate(self.slots):
                if slot.late_us == late_us:
                    told = self._judge_all(slot, entry, due, beside)
                    found += [(one.measured_us, place, one) for one in told]
            for series_id, rows in beside.items():
                self.newest[late_us, series_id] = rows[-1]
        return [item for _, _, item in sorted(found, key=lambda f: f[:2])]

    def _judge_all(
        self, slot: Slot, entry: Learned, due: list[Row], beside: dict[int, list[Row]]
    ) -> list[Said]:
        found: list[Said] = []
        before = slot.floor
        for moment in moments(slot, self._samples(slot, entry, due)):
            found += self._take(slot, moment, beside, entry.seq)
        if slot.late_us and slot.floor is not None and slot.floor != before:
            slot.floor += 1  # whoever could come at this time has come
        until = entry.at_us - slot.late_us
        return found + self._turn(slot, until, beside, entry.seq)

    def _due(self, entry: Learned, late_us: int) -> list[Row]:
        """Return what is to be judged at an entry, in order where it had to wait."""
        rows = [r for r in self._rows(entry) if not r.quality & ALWAYS_REFUSED]
        if late_us == 0 and not self.waiting.get(0):
            return rows
        lane = [slot for slot in self.slots if slot.late_us == late_us]
        rows = [row for row in rows if any(self._asks(slot, row) for slot in lane)]
        waiting = [*self.waiting.get(late_us, []), *rows]
        until = entry.at_us - late_us
        self.waiting[late_us] = [row for row in waiting if row.at > until]
        return sorted(
            (row for row in waiting if row.at <= until),
            key=lambda r: (r.at, r.series, r.device, r.spot or (), r.value, r.quality),
        )

    def _rows(self, entry: Learned) -> Iterator[Row]:
        content = entry.content
        if isinstance(content, Readings):
            for row in range(len(content)):
                yield Row(
                    int(content.measured_us[row]),
                    int(content.series_id[row]),
                    0,
                    float(content.value[row]),
                    int(content.quality[row]),
                    None,
                )
        if isinstance(content, Positions):
            for row in range(len(content)):
                spot = self.yard.spot(content, row)
                yield Row(
                    spot.at,
                    0,
                    int(content.device_id[row]),
                    spot.speed_kmh,
                    spot.quality,
                    spot,
                )

    def _beside(self, due: list[Row], late_us: int) -> dict[int, list[Row]]:
        """Return what may count for side conditions, kept readings first."""
        beside = {
            i: [kept] for (late, i), kept in self.newest.items() if late == late_us
        }
        for row in sorted(due, key=lambda row: row.at):
            if row.quality & REFUSED_BESIDE or not math.isfinite(row.value):
                continue
            kept = self.newest.get((late_us, row.series))
            if row.spot is None and (kept is None or row.at >= kept.at):
                beside.setdefault(row.series, []).append(row)
        return beside

    def _samples(self, slot: Slot, entry: Learned, due: list[Row]) -> list[Sample]:
        """Return what a slot is to judge, oldest first."""
        condition = slot.rule.condition
        if isinstance(condition, Silence):
            device_id = slot.subject.device_id
            silent = self.hearing.silent.get((device_id, condition.hears), 0)
            # What was learned counts, and the limit that is told is what was declared.
            limit_s = self.hearing.limit_s(condition, slot.told[0], device_id)
            slot.limits = [(limit_s, limit_s)]
            return [Sample(entry.at_us, silent / S, 0)]
        if slot.feeding:
            rows = [row for row in due if row.series in slot.feeding]
        else:
            rows = [row for row in due if row.device == slot.subject.device_id]
        floor = -1 if slot.floor is None or not slot.is_joint else slot.floor
        is_speed = isinstance(condition, Overspeed)
        found = [
            Sample(
                max(row.at, floor),
                row.value if row.spot is None or is_speed else 0.0,
                row.quality,
                row.series,
                row.at,
                row.spot,
            )
            for row in rows
        ]
        first = slot.meter.first_series if slot.meter is not None else 0
        return sorted(found, key=lambda one: (one.at, one.series != first))

    def _take(
        self,
        slot: Slot,
        moment: list[Sample],
        beside: dict[int, list[Row]],
        seq: int,
    ) -> list[Said]:
        """Judge what is judged together, and before it the turns of the schedule."""
        fit = [sample for sample in moment if self._admits(slot, sample)]
        if not fit:
            return []
        sample, is_told = fit[-1], True
        if slot.meter is not None:
            is_told = self._sides(slot, sample.at, beside) == "true"
            found = measured(slot.meter, fit) if is_told else sample._replace(value=NAN)
            if found is None:
                return []
            sample = found
        said = self._turn(slot, sample.at, beside, seq, met=True)
        slot.began = sample.at if slot.began is None else slot.began
        slot.newest = sample if is_told else slot.newest
        when, ruling = slot.rule.when, ""
        if when is not None and not self._is_open(slot, sample.at):
            is_silence = isinstance(slot.rule.condition, Silence)
            ends = is_silence and when.on_close is OnClose.CLEAR
            ruling = "ended" if ends else "moot"
        return said + self._judge(slot, sample, beside, seq, ruling)

    def _admits(self, slot: Slot, sample: Sample) -> bool:
        """Tell whether a sample may be judged, and shut the door behind it."""
        if sample.quality & slot.rule.refuse or not math.isfinite(sample.value):
            return False
        if slot.floor is not None and sample.at < slot.floor:
            return False
        if slot.is_in_order:
            slot.floor = sample.at
        return True

    def _turn(
        self,
        slot: Slot,
        until: int,
        beside: dict[int, list[Row]],
        seq: int,
        *,
        met: bool = False,
    ) -> list[Said]:
        """Take the turns of a schedule up to a time, at which there may be a sample."""
        when, newest = slot.rule.when, slot.newest
        is_silence = isinstance(slot.rule.condition, Silence)
        if when is None or slot.began is None or is_silence:
            return []
        found: list[Said] = []
        since = max(slot.began, slot.turned or 0)
        for at in range(since - since % S + S, until + 1, S):
            if self._is_open(slot, at) == self._is_open(slot, at - 1):
                continue
            slot.turned = at
            slot.floor = max(at, slot.floor or 0)
            if newest is None:
                continue
            again = newest._replace(at=at)
            if not self._is_open(slot, at):
                word = "ended" if when.on_close is OnClose.CLEAR else "moot"
                found += self._judge(slot, again, beside, seq, word)
                continue
            is_near = at - newest.at <= slot.gap_us
            if is_near and not (met and at == until):
                found += self._judge(slot, again, beside, seq, "")
        return found

    def _is_open(self, slot: Slot, at: int) -> bool:
        """Tell whether a slot's schedule is open."""
        when, subject = slot.rule.when, slot.subject
        if when is None or isinstance(when.ask, LocalAsk):
            return when is None or open_at(when, at, self.zone)
        assert isinstance(when.ask, LampAsk)
        programme = programme_of(subject, self.programmes)
        place = subject.lon or 0.0, subject.lat or 0.0
        return is_lamp_open(when.ask, programme, at // S, place, self.zone)

    def _judge(
        self,
        slot: Slot,
        sample: Sample,
        beside: dict[int, list[Row]],
        seq: int,
        ruling: str,
    ) -> list[Said]:
        told = self._sides(slot, sample.at, beside)
        if told == "unknown" and not ruling:
            return []
        if told == "moot" and not ruling:
            ruling = "moot"
        return judged(slot, sample, ruling, seq)

    def _sides(self, slot: Slot, at: int, beside: dict[int, list[Row]]) -> str:
        truths = [self._side(slot, side, at, beside) for side in slot.sides]
        if False in truths:
            return "moot"
        return "unknown" if None in truths else "true"

    def _side(
        self, slot: Slot, side: Side, at: int, beside: dict[int, list[Row]]
    ) -> bool | None:
        own = slot.subject
        watched = own if side.of is Whose.SELF else self.subjects[own.upstream_id or 0]
        samples = beside.get(watched.series[side.quantity], [])
        sooner = [s for s in samples if s.at <= at]
        if not samples:
            return None
        counts = sooner[-1] if sooner else samples[0]
        slower_s = max(own.interval_s, watched.interval_s)
        if abs(counts.at - at) > (slot.rule.largest_gap_s or 3 * slower_s) * S:
            return None
        if side.is_above:
            return counts.value >= side.limit
        return counts.value <= side.limit


def moments(slot: Slot, samples: list[Sample]) -> Iterator[list[Sample]]:
    """Yield samples one by one, each once; or together where they say one thing."""
    last: tuple[object, ...] = ()
    once: list[Sample] = []
    for sample in samples:
        spot = sample.spot
        place = None if spot is None else (spot.east_m, spot.north_m)
        key = (sample.at, sample.value, sample.series, place)
        if key != last or not slot.is_in_order:
            once.append(sample)
        last = key
    if isinstance(slot.meter, Truth):
        for _, together in groupby(once, key=lambda sample: sample.at):
            yield list(together)
    else:
        yield from ([sample] for sample in once)


def measured(meter: Meter, moment: list[Sample]) -> Sample | None:
    """Return what is judged of a moment; None if that is unknown, or no news."""
    found: Sample | None = None
    for sample in moment:
        if isinstance(meter, Truth) and not meter.is_news(sample):
            continue
        value, fence = meter.take(sample)
        found = None if value is None else sample._replace(value=value, fence=fence)
    return found
