"""`ponding`: a depth of water, with the rain near by as a witness.

grades: [...]              # or above: as of a threshold
judges: believed           # or doubted: what is there without rain and unlike water
rain: {quantity: rain_mm, at_least: 0.2, within_km: 2}
floor: 50                  # nothing to doubt up to here
step_share: 0.8            # a rise is sudden if one step is such a share of it
rough: 30                  # and noise if it bends by so much from sample to sample
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from cases.request import Severity
from rules.conditions.ladder import Ladder, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.doubt import DoubtSettings
from rules.plan.draft import GAP_INTERVALS, Draft, draft_sides, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town
from vocabulary.quantity import Quantity

NO_SERIES = -1
"""Where no rain gauge is near."""


class Judges(StrEnum):
    """Which depths a rule judges."""

    BELIEVED = "believed"
    DOUBTED = "doubted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ponding:
    """Water that is too deep, or a gauge that says so without reason.

    Attributes:
        quantity: The depth.
        judges: Which depths.
        ladder: The limits.
        rain: The quantity that tells of rain.
        rain_from: From here on it rains.
        within_km: How far a rain gauge may be.
        floor: See `measures.doubt.DoubtSettings`, as the next two.
        step_share: A rise is sudden if one step is such a share of it.
        rough: How much noise bends from sample to sample.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    judges: Judges
    ladder: Ladder
    rain: Quantity
    rain_from: float
    within_km: float
    floor: float
    step_share: float
    rough: float
    sides: tuple[Side, ...] = ()

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        return self.ladder.severities

    def draft(self, rule: Rule, subject: Subject, by_id: Town) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        series_id = subject.series.get(self.quantity)
        sides = draft_sides(rule, self.sides, subject, by_id)
        if series_id is None or sides is None:
            return None
        gauge = by_id.nearest(subject, self.rain, within_m=1000 * self.within_km)
        rain = NO_SERIES if gauge is None else gauge.series[self.rain]
        return Draft(
            rule=rule,
            subject=subject,
            limits=self.ladder.limits,
            releases=self.ladder.releases,
            is_above=self.ladder.is_above,
            gap_s=gap_s(rule, subject.interval_s),
            series_id=series_id,
            further=() if gauge is None else (rain,),
            measure=DoubtSettings(
                rain_series=rain,
                rain_gap_s=0 if gauge is None else GAP_INTERVALS * gauge.interval_s,
                rain_from=self.rain_from,
                floor=self.floor,
                step_share=self.step_share,
                rough=self.rough,
                wants_doubtful=self.judges is Judges.DOUBTED,
            ),
            sides=sides,
        )


def read(top: Section, section: Section) -> Ponding:
    """Return the condition that a rule file says."""
    rain = section.section("rain")
    ladder = read_ladder(section)
    if not ladder.is_above:
        section.fault("type", "water that is too shallow is not judged")
    found = Ponding(
        quantity=top.word("quantity", Quantity),
        judges=section.word("judges", Judges, default=Judges.BELIEVED),
        ladder=ladder,
        rain=rain.word("quantity", Quantity),
        rain_from=rain.number("at_least", above=0),
        within_km=rain.number("within_km", low=0),
        floor=section.number("floor", low=0),
        step_share=section.number("step_share", above=0, default=0.8),
        rough=section.number("rough", above=0, default=math.inf),
        sides=read_sides(section),
    )
    rain.done()
    return found
