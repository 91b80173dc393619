"""The engine as a plain loop over one sample at a time: slow, and easy to believe."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from rules.conditions.overspeed import Overspeed
from rules.conditions.silence import Silence
from rules.engine.learned import EdgeWord, Learned
from rules.files.rule import ALWAYS_REFUSED, Hears, Side, Whose
from rules.files.rule_file import parse_rule
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.plan.town import Town
from rules.schedules import OnClose
from tests.rules.oracle_meters import Truth, meter_of
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
    at: int | None = None
    platform_up: bool = True
    links: dict[tuple[str, str], bool] = field(default_factory=dict)
    silent: dict[tuple[int, Hears], int] = field(default_factory=dict)
    newest: dict[tuple[int, int], Row] = field(default_factory=dict)
    waiting: dict[int, list[Row]] = field(default_factory=dict)

    @classmethod
    def of(cls, source: PlanSource) -> "Oracle":
        rules = [parse_rule(t.source, version=t.version) for t in source.rules]
        subjects = {s.device_id: s for s in source.subjects}
        town = Town(subjects, source.geofences, source.time_zone)
        yard = Yard.around(
            *source.geofences, *(s.area for s in source.subjects if s.area)
        )
        drafts = [
            draft
            for rule in rules
            for subject in source.subjects
            if subject.kind == rule.kind
            and (draft := rule.condition.draft(rule, subject, town)) is not None
        ]
        slots = [Slot.of(draft, meter_of(draft, town, yard)) for draft in drafts]
        return cls(subjects, slots, yard, source.time_zone)

    def step(self, entry: Learned) -> list[Said]:
        self._listen(entry)
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
        if late_us == 0:
            return rows
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

    def _listen(self, entry: Learned) -> None:
        word = entry.content
        came_up = isinstance(word, EdgeWord) and word.edge == "ingest" and word.is_up
        if self.at is not None and entry.at_us - self.at <= 5 * S and not came_up:
            for (device_id, hears), so_far in self.silent.items():
                subject = self.subjects[device_id]
                link_up = self.links.get((subject.edge, subject.gateway), True)
                if self.platform_up and (link_up or hears is Hears.PLATFORM):
                    step = entry.at_us - self.at
                    self.silent[device_id, hears] = so_far + step
        self.at = entry.at_us
        if isinstance(word, EdgeWord) and word.edge == "ingest":
            self.platform_up = word.is_up
            self.links = dict.fromkeys(self.links, False)
        elif isinstance(word, EdgeWord):
            for subject in self.subjects.values():
                gateway_fits = word.gateway in ("", subject.gateway)
                if subject.edge == word.edge and gateway_fits:
                    self.links[subject.edge, subject.gateway] = word.is_up
        for device_id in self._heard(entry):
            for hears in Hears:
                self.silent[device_id, hears] = 0

    def _heard(self, entry: Learned) -> set[int]:
        if isinstance(entry.content, Readings):
            ids = set(entry.content.series_id.tolist())
            subjects = self.subjects.values()
            return {s.device_id for s in subjects if ids & set(s.series.values())}
        if isinstance(entry.content, Positions):
            return set(entry.content.device_id.tolist()) & set(self.subjects)
        return set()

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
            silent = self.silent.get((slot.subject.device_id, condition.hears), 0)
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
        if when is not None and not open_at(when, sample.at, self.zone):
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
            if open_at(when, at, self.zone) == open_at(when, at - 1, self.zone):
                continue
            slot.turned = at
            slot.floor = max(at, slot.floor or 0)
            if newest is None:
                continue
            again = newest._replace(at=at)
            if not open_at(when, at, self.zone):
                word = "ended" if when.on_close is OnClose.CLEAR else "moot"
                found += self._judge(slot, again, beside, seq, word)
                continue
            is_near = at - newest.at <= slot.gap_us
            if is_near and not (met and at == until):
                found += self._judge(slot, again, beside, seq, "")
        return found

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
