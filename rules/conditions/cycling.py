"""`cycling`: something that goes on and off too often."""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_sides
from rules.draft import Draft
from rules.located import Section
from rules.measures.cycles import CyclesSettings
from rules.rule import Grade, Rule, Side
from rules.subject import Subject
from vocabulary.quantity import Quantity

MOST_CYCLES = 64
"""More switchings than this in a window are not told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycling:
    """A reading that goes on and off too often.

    Attributes:
        quantity: What is judged.
        on_above: On from here up.
        off_below: Off from here down.
        window_s: Within how long.
        ladder: How often is too often.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    on_above: float
    off_below: float
    window_s: float
    ladder: Ladder
    sides: tuple[Side, ...] = ()

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad it is."""
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
            measure=CyclesSettings(
                on_above=self.on_above,
                off_below=self.off_below,
                window_s=self.window_s,
                most=MOST_CYCLES,
            ),
        )


def read(top: Section, section: Section) -> Cycling:
    """Return the condition that a rule file says."""
    on_above, off_below = section.number("on_above"), section.number("off_below")
    if off_below >= on_above:
        section.fault("off_below", "must be below on_above")
    times = section.number("times", low=2)
    if times > MOST_CYCLES:
        section.fault("times", f"must be at most {MOST_CYCLES}")
    fewer = section.number("deadband", low=0, default=times - 1)
    grade = Grade(times, section.word("severity", Severity))
    return Cycling(
        quantity=top.word("quantity", Quantity),
        on_above=on_above,
        off_below=off_below,
        window_s=section.number("window_s", above=0),
        ladder=Ladder(is_above=True, grades=(grade,), deadband=fewer),
        sides=read_sides(section),
    )
