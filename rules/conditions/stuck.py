"""`stuck`: a reading that does not move, or a counter that does not count."""

from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.stuck import StuckSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town
from vocabulary.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """A reading that has not moved for too long.

    Attributes:
        quantity: What is judged.
        tolerance: The largest change that is none, in the quantity's unit.
        ladder: For how long, seconds.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    tolerance: float
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
            measure=StuckSettings(
                tolerance=self.tolerance, gap_s=gap_s(rule, subject.interval_s)
            ),
        )


def read(top: Section, section: Section) -> Stuck:
    """Return the condition that a rule file says."""
    return Stuck(
        quantity=top.word("quantity", Quantity),
        tolerance=section.number("tolerance", low=0, default=0),
        ladder=read_ladder(section),
        sides=read_sides(section),
    )
