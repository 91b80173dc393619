"""`threshold`: a reading at or beyond a limit."""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.plan.draft import Draft
from rules.plan.subject import Subject
from vocabulary.quantity import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A reading at or beyond a limit.

    Attributes:
        quantity: What is judged.
        ladder: The limits, in the quantity's unit.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
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
        )


def read(top: Section, section: Section) -> Threshold:
    """Return the condition that a rule file says."""
    return Threshold(
        quantity=top.word("quantity", Quantity),
        ladder=read_ladder(section),
        sides=read_sides(section),
    )
