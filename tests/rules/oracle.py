"""The engine as a plain loop over one sample at a time: slow, and easy to believe."""

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cases.request import Hit, Severity
from rules.conditions.geofence import Geofence
from rules.conditions.overspeed import Overspeed
from rules.conditions.silence import Silence
from rules.conditions.threshold import Threshold
from rules.engine.learned import EdgeWord, Learned
from rules.engine.transition import Transition
from rules.files.rule import Hears, Rule, Side, Whose
from rules.files.rule_file import parse_rule
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.schedules import OnClose, When
from rules.schedules.local import LocalAsk
from tests.rules.town import EAST_M, LON
from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings

S = 1_000_000
REFUSED_BESIDE = Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.SENSOR_FAULT


class Said(NamedTuple):
    """What the oracle and the engine are compared by."""

    rule: str
    device_id: int
    kind: Hit
    seq: int
    measured_us: int
    value: float
    threshold: float
    severity: Severity


def said(transition: Transition) -> Said:
    return Said(
        transition.rule.code,
        transition.device_id,
        transition.kind,
        transition.seq,
        transition.measured_us,
        round(transition.value, 3),
        transition.threshold,
        transition.severity,
    )


@dataclass
class Slot:
    rule: Rule
    subject: Subject
    states: list[str]
    held: list[int]
    last: int | None = None
    newest: "Sample | None" = None  # of a rule with a schedule: judged or not
    turned: int | None = None  # up to when its turns have been taken

    def level(self) -> int:
        return sum(state in "AC" for state in self.states)


class Sample(NamedTuple):
    at: int
    value: float
    quality: int


@dataclass
class Oracle:
    rules: list[Rule]
    subjects: dict[int, Subject]
    at: int | None = None
    platform_up: bool = True
    links: dict[tuple[str, str], bool] = field(default_factory=dict)
    silent: dict[tuple[int, Hears], int] = field(default_factory=dict)
    newest: dict[int, Sample] = field(default_factory=dict)
    slots: list[Slot] = field(default_factory=list)

    @classmethod
    def of(cls, source: PlanSource) -> "Oracle":
        rules = [parse_rule(t.source, version=t.version) for t in source.rules]
        oracle = cls(rules, {s.device_id: s for s in source.subjects})
        for rule in rules:
            for subject in source.subjects:
                if subject.kind == rule.kind:
                    n = len(rule.severities)
                    oracle.slots.append(Slot(rule, subject, ["N"] * n, [0] * n))
        return oracle

    def step(self, entry: Learned) -> list[Said]:
        self._listen(entry)
        found: list[tuple[int, int, Said]] = []
        beside = self._beside(entry)
        for place, slot in enumerate(self.slots):
            for sample in sorted(self._samples(slot, entry), key=lambda s: s.at):
                found += [
                    (c.measured_us, place, c)
                    for c in self._take(slot, sample, beside, entry.seq)
                ]
            turns = self._turn(slot, entry.at_us, beside, entry.seq)
            found += [(c.measured_us, place, c) for c in turns]
        for series_id, samples in beside.items():
            self.newest[series_id] = samples[-1]
        return [item for _, _, item in sorted(found, key=lambda f: f[:2])]

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

    def _beside(self, entry: Learned) -> dict[int, list[Sample]]:
        """Return what may count for side conditions, kept readings first."""
        beside = {series_id: [kept] for series_id, kept in self.newest.items()}
        if isinstance(entry.content, Readings):
            for series_id, sample in sorted(
                series_samples(entry.content), key=lambda found: found[1].at
            ):
                kept = self.newest.get(series_id)
                if sample.quality & REFUSED_BESIDE or not math.isfinite(sample.value):
                    continue
                if kept is None or sample.at >= kept.at:
                    beside.setdefault(series_id, []).append(sample)
        return beside

    def _samples(self, slot: Slot, entry: Learned) -> list[Sample]:
        condition, content = slot.rule.condition, entry.content
        if isinstance(condition, Silence):
            silent = self.silent.get((slot.subject.device_id, condition.hears), 0)
            return [Sample(entry.at_us, silent / S, 0)]
        if isinstance(condition, Threshold) and isinstance(content, Readings):
            wanted = slot.subject.series.get(condition.quantity)
            return [s for i, s in series_samples(content) if i == wanted]
        if isinstance(condition, Threshold) or not isinstance(content, Positions):
            return []
        return [
            Sample(
                int(content.fixed_us[row]),
                float(content.speed_kmh[row])
                if isinstance(condition, Overspeed)
                else max((content.lon_e7[row] / 1e7 - LON) * EAST_M, 0.0),
                int(content.quality[row]),
            )
            for row in range(len(content))
            if content.device_id[row] == slot.subject.device_id
        ]

    def _take(
        self, slot: Slot, sample: Sample, beside: dict[int, list[Sample]], seq: int
    ) -> list[Said]:
        """Judge a sample, and before it the turns of the schedule up to it."""
        if sample.quality & slot.rule.refuse or not math.isfinite(sample.value):
            return []
        newest = max(slot.last or 0, slot.turned or 0)
        if slot.rule.when is not None and slot.newest is not None:
            newest = max(newest, slot.newest.at)
        if sample.at < newest:
            return []
        found = self._turn(slot, sample.at, beside, seq, met=True)
        slot.newest = sample
        when, ruling = slot.rule.when, ""
        if when is not None and not open_at(when, sample.at):
            is_silence = isinstance(slot.rule.condition, Silence)
            ends = is_silence and when.on_close is OnClose.CLEAR
            ruling = "ended" if ends else "moot"
        return found + self._judge(slot, sample, beside, seq, ruling)

    def _turn(
        self,
        slot: Slot,
        until: int,
        beside: dict[int, list[Sample]],
        seq: int,
        *,
        met: bool = False,
    ) -> list[Said]:
        """Take the turns of a schedule up to a time, at which there may be a sample."""
        when, newest = slot.rule.when, slot.newest
        if when is None or newest is None or isinstance(slot.rule.condition, Silence):
            return []
        found: list[Said] = []
        since = max(newest.at, slot.turned or 0)
        for at in range(since - since % S + S, until + 1, S):
            if open_at(when, at) == open_at(when, at - 1):
                continue
            slot.turned = at
            again = Sample(at, newest.value, 0)
            if not open_at(when, at):
                word = "ended" if when.on_close is OnClose.CLEAR else "moot"
                found += self._judge(slot, again, beside, seq, word)
                continue
            is_near = at - newest.at <= gap_us(slot.rule, slot.subject.interval_s)
            if is_near and not (met and at == until):
                found += self._judge(slot, again, beside, seq, "")
        return found

    def _judge(
        self,
        slot: Slot,
        sample: Sample,
        beside: dict[int, list[Sample]],
        seq: int,
        ruling: str,
    ) -> list[Said]:
        rule = slot.rule
        truths = [self._side(slot, s, sample.at, beside) for s in sides(rule)]
        moot = False in truths
        if None in truths and not moot and not ruling:
            return []
        gap = gap_us(rule, slot.subject.interval_s)
        known = slot.last is not None and sample.at - slot.last <= gap
        step = sample.at - slot.last if known and slot.last is not None else 0
        slot.last = sample.at
        before = slot.level()
        for grade, (limit, release) in enumerate(limits(rule, slot.subject)):
            edge = release if slot.states[grade] == "A" else limit
            beyond = is_beyond(rule, sample.value, edge)
            word = ruling or ("moot" if moot else "beyond" if beyond else "within")
            advance(slot, grade, word, step)
        return changed(slot, before, sample, seq)

    def _side(
        self, slot: Slot, side: Side, at: int, beside: dict[int, list[Sample]]
    ) -> bool | None:
        own = slot.subject
        watched = own if side.of is Whose.SELF else self.subjects[own.upstream_id or 0]
        samples = beside.get(watched.series[side.quantity], [])
        sooner = [s for s in samples if s.at <= at]
        if not samples:
            return None
        counts = sooner[-1] if sooner else samples[0]
        slower_s = max(own.interval_s, watched.interval_s)
        if abs(counts.at - at) > gap_us(slot.rule, slower_s):
            return None
        if side.is_above:
            return counts.value >= side.limit
        return counts.value <= side.limit


def open_at(when: When, at: int) -> bool:
    """Tell whether local hours, of which none goes over midnight, are open."""
    assert isinstance(when.ask, LocalAsk)
    wall = datetime.fromtimestamp(at // S, ZoneInfo("Asia/Shanghai"))
    minute = wall.hour * 60 + wall.minute
    return wall.weekday() in when.ask.days and any(
        start <= minute < end for start, end in when.ask.hours
    )


def series_samples(content: Readings) -> list[tuple[int, Sample]]:
    return [
        (int(i), Sample(int(at), float(value), int(quality)))
        for i, at, value, quality in zip(
            content.series_id,
            content.measured_us,
            content.value,
            content.quality,
            strict=True,
        )
    ]


def sides(rule: Rule) -> tuple[Side, ...]:
    return rule.condition.sides if isinstance(rule.condition, Threshold) else ()


def gap_us(rule: Rule, interval_s: float) -> float:
    return (rule.largest_gap_s or 3 * interval_s) * S


def limits(rule: Rule, subject: Subject) -> list[tuple[float, float]]:
    """Return limit and release of each grade."""
    match rule.condition:
        case Threshold(ladder=ladder):
            band = ladder.deadband if ladder.is_above else -ladder.deadband
            return [(g.at, g.at - band) for g in ladder.grades]
        case Overspeed() as speed:
            limit = (subject.speed_limit_kmh or speed.default_kmh) + speed.margin_kmh
            return [(limit, limit - speed.deadband)]
        case Geofence(keys=keys):
            return [(keys.band_m, math.nextafter(0, 1))]
        case Silence(silence_s=seconds, missed_reports=reports):
            limit = seconds or (reports or 0) * subject.interval_s
            return [(limit, limit)]
        case _:
            raise AssertionError


def is_beyond(rule: Rule, value: float, edge: float) -> bool:
    condition = rule.condition
    is_above = condition.ladder.is_above if isinstance(condition, Threshold) else True
    return value >= edge if is_above else value <= edge


def advance(slot: Slot, grade: int, word: str, step: int) -> None:
    state, held = slot.states[grade], slot.held[grade]
    match state, word:
        case _, "ended":
            state, held = "N", 0
        case ("P", "beyond") | ("C", "within"):
            held += step
        case "N", "beyond":
            state, held = "P", 0
        case "A", "within":
            state, held = "C", 0
        case "P", _:
            state, held = "N", 0
        case "C", _:
            state, held = "A", 0
        case _:
            pass
    if state == "P" and held >= slot.rule.on_delay_s * S:
        state = "A"
    if state == "C" and held >= slot.rule.off_delay_s * S:
        state = "N"
    slot.states[grade], slot.held[grade] = state, held


def changed(slot: Slot, before: int, sample: Sample, seq: int) -> list[Said]:
    after = slot.level()
    if before == after:
        return []
    if before == 0:
        kind = Hit.RAISED
    elif after == 0:
        kind = Hit.CLEARED
    else:
        kind = Hit.ESCALATED if after > before else Hit.EASED
    return [
        Said(
            slot.rule.code,
            slot.subject.device_id,
            kind,
            seq,
            sample.at,
            round(sample.value, 3),
            limits(slot.rule, slot.subject)[max(after, 1) - 1][0],
            slot.rule.severities[(after or before) - 1],
        )
    ]
