"""`dimming`: a lamp that draws another power than it should at its level."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.dimming import DimmingSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from vocabulary.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimming:
    """A lamp that draws another power than it should at its level.

    Attributes:
        ladder: The limits, in per cent of the power it should draw.
        sides: All must be true; see `side_condition`.
    """

    ladder: Ladder
    sides: tuple[Side, ...] = ()

    @property
    def quantity(self) -> Quantity:
        """Its power is judged, by the level it was told."""
        return Quantity.POWER_W

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        return self.ladder.severities

    def draft(
        self, rule: Rule, subject: Subject, by_id: Mapping[int, Subject]
    ) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        level_series = subject.series.get(Quantity.DIMMING_PCT)
        if level_series is None or subject.rated_w is None:
            return None
        found = draft_of_series(
            rule,
            subject,
            by_id,
            quantity=self.quantity,
            ladder=self.ladder,
            sides=self.sides,
            measure=DimmingSettings(
                rated_w=subject.rated_w,
                level_series=level_series,
                gap_s=gap_s(rule, subject.interval_s),
            ),
        )
        return None if found is None else replace(found, further=(level_series,))


def read(top: Section, section: Section) -> Dimming:  # noqa: ARG001 as all readers
    """Return the condition that a rule file says."""
    return Dimming(ladder=read_ladder(section), sides=read_sides(section))
