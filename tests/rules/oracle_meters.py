"""What makes the number that is judged, the plain way: one loop for each measure."""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field

from rules.conditions.crossing import Crossing
from rules.conditions.from_rest import NO_SERIES
from rules.conditions.geofence import Geofence
from rules.conditions.late import Late
from rules.conditions.speed_inside import SpeedInside
from rules.conditions.stop import Stop
from rules.measures.bits import BitsSettings
from rules.measures.count import CountSettings
from rules.measures.deviation import DeviationSettings
from rules.measures.dimming import DimmingSettings
from rules.measures.doubt import DoubtSettings
from rules.measures.expression import ExpressionSettings
from rules.measures.from_rest import FromRestSettings
from rules.measures.measure import Settings
from rules.measures.rate import RateSettings
from rules.measures.spread import SpreadSettings
from rules.measures.stuck import StuckSettings
from rules.plan.draft import Draft
from rules.plan.town import Town
from tests.lifecycle.test_expression_rules import told
from tests.rules import oracle_fences, oracle_measures
from tests.rules.oracle_slot import Meter, S, Sample
from tests.rules.oracle_yard import Told, Yard
from tests.scenarios.test_plain_loops import Said as Heard
from tests.scenarios.test_plain_loops import bits, doubt, from_rest

FENCED = (Crossing, Geofence, Late, SpeedInside, Stop)
"""Conditions on geofences."""

LOOPS: dict[type[Settings], Callable[..., list[float | None]]] = {
    RateSettings: oracle_measures.rate,
    SpreadSettings: oracle_measures.spread,
    StuckSettings: oracle_measures.stuck,
    CountSettings: oracle_measures.count,
    DeviationSettings: oracle_measures.deviation,
}
"""Loops over all samples so far, each a time and a value; the last number counts."""

LEAST_PCT, LIT_W = 20, 5
"""Told to be darker, and drawing less: a lamp that has no share."""


@dataclass
class AllSoFar:
    """A loop that goes over everything again at each sample."""

    loop: Callable[..., list[float | None]]
    asked: Settings
    first_series: int = NO_SERIES
    samples: list[tuple[int, float]] = field(default_factory=list)

    def take(self, sample: Sample) -> Told:
        self.samples.append((sample.at, sample.value))
        return self.loop(self.samples, self.asked)[-1], ""


@dataclass
class AllOfSeries:
    """The same where it matters of which series a sample is."""

    loop: Callable[..., list[float | None]]
    asked: Settings
    first_series: int
    samples: list[Heard] = field(default_factory=list)

    def take(self, sample: Sample) -> Told:
        heard = Heard(sample.at, sample.series, sample.value, sample.quality)
        self.samples.append(heard)
        return self.loop(self.samples, self.asked)[-1], ""


@dataclass
class Share:
    """What a lamp draws, in per cent of what it should at the level it was told."""

    asked: DimmingSettings
    first_series: int
    level: Sample | None = None

    def take(self, sample: Sample) -> Told:
        if sample.series == self.asked.level_series:
            self.level = sample
            return None, ""
        level, power_w = self.level, sample.value
        if level is None or sample.at - level.at > self.asked.gap_s * S:
            return None, ""
        if level.value < LEAST_PCT or power_w < LIT_W:
            return None, ""
        return 100 * power_w / (self.asked.rated_w * level.value / 100), ""


@dataclass
class Truth:
    """1 where an expression is true of what its series last said, 0 where it is not."""

    asked: ExpressionSettings
    first_series: int = NO_SERIES
    newest: dict[int, Sample] = field(default_factory=dict)

    def is_news(self, sample: Sample) -> bool:
        """Tell whether a sample is no older than what its series said."""
        known = self.newest.get(sample.series)
        return known is None or sample.own >= known.own

    def take(self, sample: Sample) -> Told:
        self.newest[sample.series] = sample
        values: dict[str, float | None] = {}
        operands = zip(self.asked.expression.operands, self.asked.fed, strict=True)
        for operand, fed in operands:
            known = self.newest.get(fed.series_id)
            name = f"{'upstream.' if operand.is_upstream else ''}{operand.quantity}"
            is_fresh = known is not None and sample.at - known.own <= fed.gap_s * S
            values[name] = known.value if known is not None and is_fresh else None
        found = told(ast.parse(self.asked.expression.text, mode="eval").body, values)
        return None if found is None else float(found), ""


def meter_of(draft: Draft, town: Town, yard: Yard) -> Meter | None:
    """Return what makes the number of one slot; None if it is the sample itself."""
    condition = draft.rule.condition
    if isinstance(condition, FENCED):
        fences = town.named(condition.keys.fences)
        if condition.keys.fences == "own" and draft.subject.area is not None:
            fences = (draft.subject.area,)
        lots = [yard.lot(fence) for fence in sorted(fences, key=lambda f: f.id)]
        return oracle_fences.meter_of(
            condition, lots, gap_s=draft.gap_s, zone=town.time_zone
        )
    return None if draft.measure is None else meter_for(draft.measure)


def meter_for(asked: Settings) -> Meter:
    """Return the loop of a measure on readings; the reading that has a say is first."""
    match asked:
        case ExpressionSettings():
            return Truth(asked)
        case DimmingSettings():
            return Share(asked, asked.level_series)
        case FromRestSettings():
            return AllOfSeries(from_rest, asked, asked.gate)
        case DoubtSettings():
            return AllOfSeries(doubt, asked, asked.rain_series)
        case BitsSettings():
            return AllOfSeries(bits, asked, NO_SERIES)
        case _:
            return AllSoFar(LOOPS[type(asked)], asked)
