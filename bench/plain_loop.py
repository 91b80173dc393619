"""What the engine does, as a plain loop over one reading at a time.

It is the oracle of the tests with dictionaries by series in place of its searches: a
loop that somebody might really run. It knows limits with grades, deadband and delays,
side conditions, silence and overspeed.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Self

from rules.conditions.overspeed import Overspeed
from rules.conditions.silence import Silence
from rules.conditions.threshold import Threshold
from rules.engine.learned import Learned
from rules.files.rule import Rule, Whose
from rules.plan.plan_source import PlanSource
from tests.rules.oracle import Oracle, Row
from tests.rules.oracle_slot import Said, Sample, Slot
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US

KNOWN = (Threshold, Silence, Overspeed)
"""Conditions that it judges."""


def knows(rule: Rule) -> bool:
    """Tell whether the loop judges a rule."""
    return isinstance(rule.condition, KNOWN) and rule.when is None


@dataclass
class PlainLoop(Oracle):
    """The oracle with indexes.

    Attributes:
        of_series: Slots that a series is judged by.
        of_vehicle: Slots that a vehicle's fixes are judged by.
        quiet: Slots that watch for silence.
        device_of: Device of each series.
        watched: Series that side conditions look at.
        beside: What may count for side conditions, by series, oldest first.
        audible_us: For how long anybody could have been heard.
        heard_us: What that was when each device was last heard.
    """

    of_series: dict[int, list[Slot]] = field(default_factory=dict)
    of_vehicle: dict[int, list[Slot]] = field(default_factory=dict)
    quiet: list[Slot] = field(default_factory=list)
    device_of: dict[int, int] = field(default_factory=dict)
    watched: set[int] = field(default_factory=set)
    beside: dict[int, list[Row]] = field(default_factory=dict)
    audible_us: int = 0
    heard_us: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, source: PlanSource) -> Self:
        """Return the loop for some rules and devices."""
        loop = cls(**vars(Oracle.of(source)))
        of_series, of_vehicle = defaultdict(list), defaultdict(list)
        for slot in loop.slots:
            if isinstance(slot.rule.condition, Silence):
                loop.quiet.append(slot)
            elif isinstance(slot.rule.condition, Overspeed):
                of_vehicle[slot.subject.device_id].append(slot)
            else:
                of_series[slot.feeding[0]].append(slot)
                loop._watch(slot)
        loop.of_series, loop.of_vehicle = dict(of_series), dict(of_vehicle)
        for subject in source.subjects:
            for series_id in subject.series.values():
                loop.device_of[series_id] = subject.device_id
        return loop

    def _watch(self, slot: Slot) -> None:
        """Note what a slot's side conditions look at."""
        own = slot.subject
        for side in slot.sides:
            of_self = side.of is Whose.SELF
            whose = own if of_self else self.subjects[own.upstream_id or 0]
            self.watched.add(whose.series[side.quantity])

    def step(self, entry: Learned) -> list[Said]:
        """Return what comes of one entry."""
        if entry.at_us - self.at <= 5 * SECOND_US:
            self.audible_us += entry.at_us - self.at
        self.at = entry.at_us
        found: list[Said] = []
        content = entry.content
        if isinstance(content, Readings):
            found = self._readings(content, entry.seq)
        elif isinstance(content, Positions):
            found = self._fixes(content, entry.seq)
        for slot in self.quiet:
            heard_us = self.heard_us.get(slot.subject.device_id)
            silent = 0 if heard_us is None else (self.audible_us - heard_us) / SECOND_US
            if (silent >= slot.limits[0][0]) != (slot.level() > 0):
                sample = Sample(entry.at_us, silent, 0)
                found += self._judge(slot, sample, self.beside, entry.seq, "")
        return found

    def _readings(self, content: Readings, seq: int) -> list[Said]:
        rows = [
            (series_id, Sample(at, value, quality))
            for series_id, at, value, quality in zip(
                content.series_id.tolist(),
                content.measured_us.tolist(),
                content.value.tolist(),
                content.quality.tolist(),
                strict=True,
            )
        ]
        touched = [
            Row(sample.at, i, 0, sample.value, sample.quality, None)
            for i, sample in rows
            if i in self.watched
        ]
        for row in touched:
            self.beside.setdefault(row.series, []).append(row)
        found: list[Said] = []
        for series_id, sample in rows:
            self.heard_us[self.device_of[series_id]] = self.audible_us
            for slot in self.of_series.get(series_id, ()):
                found += self._one(slot, sample, seq)
        for row in touched:
            self.beside[row.series] = [row]
        return found

    def _fixes(self, content: Positions, seq: int) -> list[Said]:
        found: list[Said] = []
        for device_id, at, speed, quality in zip(
            content.device_id.tolist(),
            content.fixed_us.tolist(),
            content.speed_kmh.tolist(),
            content.quality.tolist(),
            strict=True,
        ):
            self.heard_us[device_id] = self.audible_us
            for slot in self.of_vehicle.get(device_id, ()):
                sample = Sample(at, speed, quality)
                found += self._one(slot, sample, seq)
        return found

    def _one(self, slot: Slot, sample: Sample, seq: int) -> list[Said]:
        """Judge one sample; none of these rules has a schedule or a measure."""
        if not self._admits(slot, sample):
            return []
        return self._judge(slot, sample, self.beside, seq, "")
