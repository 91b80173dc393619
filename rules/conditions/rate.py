"""`rate`: how much a reading changes per minute."""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.rate import RateSettings
from rules.measures.ring import capacity
from rules.plan.draft import Draft
from rules.plan.subject import Subject
from vocabulary.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A reading that rises or falls too fast.

    Attributes:
        quantity: What is judged.
        window_s: Over how much time the change is taken.
        ladder: The limits, in the quantity's unit per minute; a fall is negative.
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

    def draft(
        self, rule: Rule, subject: Subject, by_id: Mapping[int, Subject]
    ) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        return draft_of_series(
            rule,
            subject,
            by_id,
            quantity=self.quantity,
            ladder=self.ladder,
            sides=self.sides,
            measure=RateSettings(
                window_s=self.window_s,
                capacity=capacity(self.window_s, subject.interval_s),
            ),
        )


def read(top: Section, section: Section) -> Rate:
    """Return the condition that a rule file says."""
    return Rate(
        quantity=top.word("quantity", Quantity),
        window_s=section.number("window_s", above=0),
        ladder=read_ladder(section),
        sides=read_sides(section),
    )
