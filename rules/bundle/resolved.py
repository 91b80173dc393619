"""What a rule comes to on one device, and where each figure is from. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rules.bundle.replay import Replayed
from rules.bundle.shown import FenceShown, Limit
from rules.bundle.tell_words import named_quantity
from rules.conditions.fence_keys import OnFences
from rules.conditions.overspeed import Overspeed
from rules.conditions.silence import Silence
from rules.engine.hearing import limit_s
from rules.files.rule import Rule, Words
from rules.measures import MEASURES, VALUE
from rules.measures.from_rest import FromRestColumns, FromRestMemory
from rules.plan.draft import GAP_INTERVALS
from rules.plan.subject import Subject
from rules.plan.town import OWN, Town
from vocabulary.registry_facts import GeofenceFacts
from vocabulary.times import SECOND_US

LEAST = 1e-9
"""What is nearer to nothing than this is shown as nothing."""

MOST_FENCES = 20
"""Geofences that are shown of an alarm whose rule names many."""

SPEED, SILENCE = "speed", "silence"
REST, EXPRESSION = "from_rest", "expression"
"""Words of what is judged that are asked for here."""

DIRECT = frozenset({"value", "speed", "speed_inside", "doubt"})
"""What is judged is the samples themselves: limits lie among them."""

_UNITS = {
    "speed": "km/h",
    "speed_inside": "km/h",
    "silence": "s",
    "inside": "s",
    "stop": "s",
    "stuck": "s",
    "command": "s",
    "outside": "m",
    "crossing": "m",
    "late": "m",
    "dimming": "%",
}
"""Units of numbers that are made of samples and have one of their own."""

_OF_THE_SAMPLES = frozenset({"value", "doubt", "spread", "from_rest"})
"""Numbers in the unit of the samples they are made of."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """One slot of a replayed bundle.

    Attributes:
        replayed: What came of deciding again.
        slot: Which.
    """

    replayed: Replayed
    slot: int

    @property
    def rule(self) -> Rule:
        """Its rule."""
        plan = self.replayed.plan
        return plan.rules[int(plan.slots.rule[self.slot])]

    @property
    def subject(self) -> Subject:
        """Its device."""
        plan = self.replayed.plan
        return plan.subjects[int(plan.slots.subject[self.slot])]

    @property
    def judged(self) -> str:
        """What is held against the limits, as one word."""
        number = int(self.replayed.plan.slots.measure[self.slot])
        if number != VALUE:
            return MEASURES[number - 1].word
        if isinstance(self.rule.condition, Silence):
            return SILENCE
        return SPEED if self.rule.quantity is None else "value"

    @property
    def unit(self) -> str:
        """The unit of that; empty where it has none."""
        if self.judged in _UNITS:
            return _UNITS[self.judged]
        own = named_quantity(self.rule.quantity or "").unit
        if self.judged == "rate":
            return f"{own}/min"
        return own if self.judged in _OF_THE_SAMPLES else ""

    @property
    def quantity(self) -> str:
        """Which samples that is, or is made of; empty where it is made of several."""
        if self.rule.quantity is not None:
            return self.rule.quantity
        if self.judged == SPEED or isinstance(self.rule.condition, OnFences):
            return "position"
        return ""

    @property
    def rest(self) -> float | None:
        """Where the device rests; None unless its reading is judged by that."""
        found = self._rest()
        if found is None:
            return None
        columns, memory = found
        rest = float(memory.rest[columns.place[self.slot]])
        return rest if math.isfinite(rest) else None

    @property
    def fences(self) -> tuple[GeofenceFacts, ...]:
        """The geofences that the alarm is about; all that it may be, if not known."""
        condition, raised = self.rule.condition, self.replayed.raised
        if not isinstance(condition, OnFences):
            return ()
        source = self.replayed.plan.source
        town = Town({}, source.geofences, source.time_zone)
        ask = condition.keys.ask(self.rule, self.subject, town)
        every = () if ask is None else tuple(ask.fences)
        if raised is None or raised.fence is None:
            return every
        named = (raised.fence.zh, raised.fence.en)
        return tuple(f for f in every if (f.name_zh, f.name_en) == named) or every

    def limits(self) -> Iterator[Limit]:
        """Yield the grades that hold for the device, mildest first."""
        slots, rest = self.replayed.plan.slots, self.rest
        sign = float(slots.sign[self.slot])
        for grade, severity in enumerate(self.rule.severities):
            at = float(slots.limit[self.slot, grade])
            if not np.isfinite(at):
                continue
            release = float(slots.release[self.slot, grade])
            if self.judged == SILENCE:
                at = release = self._silence_s(at)
            # Just inside the limit is as good as at it.
            release = 0.0 if abs(release) < LEAST else release
            at = 0.0 if abs(at) < LEAST else at
            yield Limit(
                severity=severity,
                at=sign * at,
                release=sign * release,
                drawn=self._drawn(sign * at, rest),
            )

    def origin(self) -> Words:
        """Return where its limits come from."""
        condition, subject = self.rule.condition, self.subject
        if isinstance(condition, Overspeed):
            return _speed_origin(condition, subject)
        if isinstance(condition, Silence) and condition.missed_reports:
            n, interval = condition.missed_reports, subject.interval_s
            if self._is_learned():
                return Words(
                    f"设备自身上报习惯（学习所得）的 {n:g} 倍",
                    f"{n:g} times what is usual of the device, as learned",
                )
            return Words(
                f"设备档案上报间隔 {interval:g} s 的 {n:g} 倍",
                f"{n:g} times the interval of {interval:g} s in the device's profile",
            )
        if len(self.rule.severities) > 1:
            return Words("规则的分级限值", "the rule's ladder of severities")
        return Words("规则", "the rule")

    def gap_origin(self) -> Words:
        """Return where its largest gap comes from."""
        if self.rule.largest_gap_s is not None:
            return Words("规则", "the rule")
        interval = self.subject.interval_s
        return Words(
            f"设备上报间隔 {interval:g} s 的 {GAP_INTERVALS} 倍",
            f"{GAP_INTERVALS} of the device's intervals of {interval:g} s",
        )

    def lateness_origin(self) -> Words:
        """Return where its allowed lateness comes from."""
        if self.rule.allowed_lateness_s is not None:
            return Words("规则", "the rule")
        return Words("设备档案", "the device's profile")

    def rest_origin(self) -> Words:
        """Return where its rest comes from."""
        found = self._rest()
        if found is None:
            raise AssertionError(f"{self.rule.code} is not about a rest")
        columns, memory = found
        row = columns.place[self.slot]
        if np.isfinite(columns.declared[row]):
            return Words("规则中登记", "declared in the rule")
        if memory.is_learned[row]:
            return Words("由数据学习所得", "learned from its samples")
        return Words("规则的假定值，尚未学到", "assumed by the rule until learned")

    def fence_origin(self) -> Words:
        """Return who says that it is these geofences."""
        condition = self.rule.condition
        is_own = isinstance(condition, OnFences) and condition.keys.fences == OWN
        if is_own and self.subject.area is not None:
            return Words("车辆自己的作业区", "the vehicle's own area")
        return Words("规则指定", "named by the rule")

    def _drawn(self, at: float, rest: float | None) -> Sequence[float]:
        if self.judged in DIRECT:
            return (at,)
        found = self._rest()
        if rest is None or found is None:
            return ()
        columns, _ = found
        is_signed = bool(columns.is_signed[columns.place[self.slot]])
        return (rest + at,) if is_signed else (rest - at, rest + at)

    def _rest(self) -> tuple[FromRestColumns, FromRestMemory] | None:
        number = int(self.replayed.plan.slots.measure[self.slot])
        if number == VALUE:
            return None
        columns = self.replayed.plan.measures[number - 1]
        memory = self.replayed.at.memories[number - 1]
        if isinstance(columns, FromRestColumns) and isinstance(memory, FromRestMemory):
            return columns, memory
        return None

    def _silence_s(self, declared_s: float) -> float:
        """Return for how long the device may be silent, by what was learned then."""
        ears, state = self.replayed.plan.ears, self.replayed.at
        places = np.flatnonzero(ears.slot == self.slot)
        return float(limit_s(ears, state, places, np.array([declared_s]))[0])

    def _is_learned(self) -> bool:
        slots = self.replayed.plan.slots
        declared_s = float(slots.limit[self.slot, 0])
        return self._silence_s(declared_s) > declared_s


def fences_shown(resolved: Resolved) -> list[FenceShown]:
    """Return the geofences that an alarm is about, the first of many."""
    return [
        FenceShown(
            code=fence.code,
            name_zh=fence.name_zh,
            name_en=fence.name_en,
            shape=str(fence.shape),
            geometry=fence.geometry,
            radius_m=fence.radius_m,
        )
        for fence in resolved.fences[:MOST_FENCES]
    ]


def seconds(column_us: int) -> float:
    """Return a delay of a plan in seconds."""
    return column_us / SECOND_US


def _speed_origin(condition: Overspeed, subject: Subject) -> Words:
    margin = condition.margin_kmh
    zh = f"，另加余量 {margin:g} km/h" if margin else ""
    en = f" and a margin of {margin:g} km/h" if margin else ""
    own = subject.speed_limit_kmh
    if own:
        return Words(
            f"车辆自己的限速 {own:g} km/h{zh}",
            f"the vehicle's own limit of {own:g} km/h{en}",
        )
    common = condition.default_kmh
    return Words(
        f"规则的限速 {common:g} km/h{zh}", f"the rule's limit of {common:g} km/h{en}"
    )
