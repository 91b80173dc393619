"""`deviation`: how far a reading is from what it was at this hour on earlier days."""

from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.deviation import MOST_DAYS, DeviationSettings
from rules.plan.draft import Draft
from rules.plan.subject import Subject
from rules.plan.town import Town
from vocabulary.quantity import Quantity

DAYS = 14
"""How many days back a rule looks that does not say: two of each day of the week."""

LEAST_DAYS = 5
"""With how many of them it is known, if the rule does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A reading unlike those of the same hour on earlier days.

    Attributes:
        quantity: What is judged.
        days: How many days back it looks.
        least_days: With how many of them it is known.
        least_scatter: The least a scatter is, in the quantity's unit.
        ladder: The limits, in scatters; less than usual is negative.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    days: int
    least_days: int
    least_scatter: float
    ladder: Ladder
    sides: tuple[Side, ...] = ()

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        return self.ladder.severities

    def draft(self, rule: Rule, subject: Subject, by_id: Town) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        return draft_of_series(
            rule,
            subject,
            by_id,
            quantity=self.quantity,
            ladder=self.ladder,
            sides=self.sides,
            measure=DeviationSettings(
                days=self.days,
                least_days=self.least_days,
                least_scatter=self.least_scatter,
                time_zone=by_id.time_zone,
            ),
        )


def read(top: Section, section: Section) -> Deviation:
    """Return the condition that a rule file says."""
    days = _days(section, "days", DAYS, MOST_DAYS)
    least_days = _days(section, "least_days", min(LEAST_DAYS, days), days)
    return Deviation(
        quantity=top.word("quantity", Quantity),
        days=days,
        least_days=least_days,
        least_scatter=section.number("least_scatter", above=0),
        ladder=read_ladder(section),
        sides=read_sides(section),
    )


def _days(section: Section, key: str, default: int, most: int) -> int:
    days = float(section.number(key, low=1, default=default))
    if not days.is_integer() or days > most:
        section.fault(key, f"must be a whole number up to {most}, not {days:g}")
        return default
    return int(days)
