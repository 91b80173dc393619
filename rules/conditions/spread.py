"""`spread`: how far a reading goes up and down in a window."""

from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.ring import capacity
from rules.measures.spread import SpreadSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town
from vocabulary.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A reading that moves too much, or too little, within a window.

    Attributes:
        quantity: What is judged.
        window_s: Over how much time.
        ladder: The limits, in the quantity's unit.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    window_s: float
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
            measure=SpreadSettings(
                window_s=self.window_s,
                gap_s=gap_s(rule, subject.interval_s),
                whole=not self.ladder.is_above,
                capacity=capacity(self.window_s, subject.interval_s),
            ),
        )


def read(top: Section, section: Section) -> Spread:
    """Return the condition that a rule file says."""
    return Spread(
        quantity=top.word("quantity", Quantity),
        window_s=section.number("window_s", above=0),
        ladder=read_ladder(section),
        sides=read_sides(section),
    )
