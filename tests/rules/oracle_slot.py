"""One rule on one device, the plain way: its limits, its states, and what changes."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from cases.request import Hit, Severity
from rules.conditions.overspeed import Overspeed
from rules.conditions.silence import Silence
from rules.conditions.threshold import Threshold
from rules.engine.transition import Transition
from rules.files.rule import Rule, Side
from rules.plan.draft import Draft
from rules.plan.subject import Subject
from rules.schedules import When
from rules.schedules.local import LocalAsk
from tests.rules.oracle_fences import OfFix
from tests.rules.oracle_yard import Spot, Told

S = 1_000_000


class Sample(NamedTuple):
    """One sample of one slot: its time as it counts, and what else is known of it."""

    at: int
    value: float
    quality: int
    series: int = 0
    own: int = 0
    spot: Spot | None = None
    fence: str = ""


class Meter(Protocol):
    """Makes the number that is judged out of the samples of one slot, one by one."""

    @property
    def first_series(self) -> int:
        """Of one instant a sample of this series counts before the others."""

    def take(self, sample: Sample) -> Told:
        """Return the number after one more sample, and the fence that it is about."""


@dataclass
class Slot:
    """What is remembered of one rule on one device.

    Attributes:
        limits: Limit and release of each grade.
        is_above: Whether too much is bad.
        feeding: Series that it is judged by.
        sides: Side conditions that the device has.
        late_us: How late its samples may come.
        gap_us: Largest gap between two samples.
        meter: What makes its number; None if that is the sample itself.
        floor: A sample older than this is too late.
        began: When it saw a sample first, if it has a schedule.
        turned: Up to when the turns of its schedule have been taken.
        newest: The newest sample with a number, judged or not.
        last: When it was judged last.
        told: The limit of each grade as it is told.
    """

    rule: Rule
    subject: Subject
    limits: list[tuple[float, float]]
    is_above: bool
    feeding: tuple[int, ...]
    sides: tuple[Side, ...]
    late_us: int
    gap_us: float
    meter: Meter | None
    states: list[str]
    held: list[int]
    floor: int | None = None
    began: int | None = None
    turned: int | None = None
    newest: Sample | None = None
    last: int | None = None
    told: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, draft: Draft, meter: Meter | None) -> "Slot":
        rule, n = draft.rule, len(draft.limits)
        is_silence = isinstance(rule.condition, Silence)
        return cls(
            rule=rule,
            subject=draft.subject,
            limits=limits(draft, meter),
            told=[limit for limit, _ in limits(draft, meter)],
            is_above=draft.is_above,
            feeding=draft.feeding,
            sides=tuple(each.side for each in draft.sides),
            late_us=0 if is_silence else round(draft.lateness_s * S),
            gap_us=draft.gap_s * S,
            meter=meter,
            states=["N"] * n,
            held=[0] * n,
        )

    @property
    def key(self) -> tuple[str, int, int]:
        return self.rule.code, self.rule.version, self.subject.device_id

    def level(self) -> int:
        return sum(state in "AC" for state in self.states)

    @property
    def is_in_order(self) -> bool:
        """Whether it must see each sample once, in order, whatever comes of it."""
        has_when = self.rule.when is not None
        return has_when or self.late_us > 0 or self.meter is not None

    @property
    def is_joint(self) -> bool:
        """Whether several series feed it, so that a late one counts beside the rest."""
        return len(self.feeding) > 1


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
    fence: str = ""


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
        transition.fence.en if transition.fence else "",
    )


NEAR_M = 0.5
"""So well a map and a flat yard agree on metres, within a kilometre."""


def same(found: list[Said], wanted: list[Said]) -> bool:
    """Tell whether both say the same; metres on a map are about those on a yard."""
    return len(found) == len(wanted) and all(
        one._replace(value=0) == _as_told(one, other)._replace(value=0)
        and abs(one.value - other.value) <= (NEAR_M if one.fence else 0.002)
        for one, other in zip(found, wanted, strict=True)
    )


def _as_told(one: Said, other: Said) -> Said:
    """Name the fence as the engine does where a schedule turns.

    That has no fix of its own: the engine names what is nearest to the newest, also
    where the loop knows that another is meant, which holds it too, or that none is.
    """
    is_turn = other.measured_us % (60 * S) == 0
    is_free = bool(other.fence and one.fence) or other.kind is Hit.CLEARED
    return other._replace(fence=one.fence) if is_turn and is_free else other


@lru_cache(maxsize=1 << 16)
def open_at(when: When, at: int, zone: str = "Asia/Shanghai") -> bool:
    """Tell whether local hours are open, which may go on over midnight."""
    assert isinstance(when.ask, LocalAsk)
    wall = datetime.fromtimestamp(at // S, ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    before = (wall.date() - timedelta(days=1)).weekday()
    return any(
        (wall.weekday() in when.ask.days and start <= minute < end)
        or (before in when.ask.days and minute + 1440 < end)
        for start, end in when.ask.hours
    )


def limits(draft: Draft, meter: Meter | None) -> list[tuple[float, float]]:
    """Return limit and release of each grade."""
    rule, subject = draft.rule, draft.subject
    if isinstance(meter, OfFix):
        return [(meter.limit, meter.release)]
    match rule.condition:
        case Threshold(ladder=ladder):
            band = ladder.deadband if ladder.is_above else -ladder.deadband
            return [(g.at, g.at - band) for g in ladder.grades]
        case Overspeed() as speed:
            limit = (subject.speed_limit_kmh or speed.default_kmh) + speed.margin_kmh
            return [(limit, limit - speed.deadband)]
        case Silence(silence_s=seconds, missed_reports=reports):
            limit = seconds or (reports or 0) * subject.interval_s
            return [(limit, limit)]
        case _:
            return list(zip(draft.limits, draft.releases, strict=True))


def judged(slot: Slot, sample: Sample, ruling: str, seq: int) -> list[Said]:
    """Judge a sample, or what was ruled of it, and return what changes."""
    known = slot.last is not None and sample.at - slot.last <= slot.gap_us
    step = sample.at - slot.last if known and slot.last is not None else 0
    slot.last = sample.at
    if not slot.is_in_order:
        slot.floor = sample.at
    before = slot.level()
    for grade, (limit, release) in enumerate(slot.limits):
        edge = release if slot.states[grade] == "A" else limit
        beyond = sample.value >= edge if slot.is_above else sample.value <= edge
        advance(slot, grade, ruling or ("beyond" if beyond else "within"), step)
    return changed(slot, before, sample, seq)


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
            0.0 if math.isnan(sample.value) else round(sample.value, 3),
            slot.told[max(after, 1) - 1],
            slot.rule.severities[(after or before) - 1],
            sample.fence,
        )
    ]
