"""What makes the number that is judged, the plain way: one loop for each measure."""

from collections.abc import Callable
from dataclasses import dataclass, field

from rules.conditions.crossing import Crossing
from rules.conditions.geofence import Geofence
from rules.conditions.late import Late
from rules.conditions.speed_inside import SpeedInside
from rules.conditions.stop import Stop
from rules.measures.count import CountSettings
from rules.measures.deviation import DeviationSettings
from rules.measures.measure import Settings
from rules.measures.rate import RateSettings
from rules.measures.spread import SpreadSettings
from rules.measures.stuck import StuckSettings
from rules.plan.draft import Draft
from rules.plan.town import Town
from tests.rules import oracle_fences, oracle_measures
from tests.rules.oracle_fences import Told, Yard
from tests.rules.oracle_slot import Meter, Sample

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


@dataclass
class AllSoFar:
    """A loop that goes over everything again at each sample."""

    loop: Callable[..., list[float | None]]
    asked: Settings
    samples: list[tuple[int, float]] = field(default_factory=list)

    def take(self, sample: Sample) -> Told:
        self.samples.append((sample.at, sample.value))
        return self.loop(self.samples, self.asked)[-1], ""


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
    if draft.measure is None:
        return None
    return AllSoFar(LOOPS[type(draft.measure)], draft.measure)
