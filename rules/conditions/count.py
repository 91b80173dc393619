"""`count`: how many times in a window a reading goes beyond a limit."""

import math
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import Ladder, draft_of_series, read_ladder, read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.count import CountSettings
from rules.plan.draft import Draft
from rules.plan.subject import Subject
from rules.plan.town import Town
from vocabulary.quantity import Quantity

SPARE = 10
"""How far it counts beyond the highest limit."""

MOST_TIMES = 500
"""Highest limit: the time of each is remembered, for each device."""


@dataclass(frozen=True, slots=True)
class Each:
    """What is counted.

    Attributes:
        limit: At or beyond it counts.
        release: The limit with the deadband.
        is_above: Whether beyond is above.
    """

    limit: float
    release: float
    is_above: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A reading that goes beyond a limit too often.

    Attributes:
        quantity: What is judged.
        each: The limit.
        window_s: In how much time.
        ladder: How many times.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    each: Each
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
            measure=CountSettings(
                limit=self.each.limit,
                release=self.each.release,
                is_above=self.each.is_above,
                window_s=self.window_s,
                capacity=math.ceil(max(map(abs, self.ladder.limits))) + SPARE,
            ),
        )


def read(top: Section, section: Section) -> Count:
    """Return the condition that a rule file says."""
    return Count(
        quantity=top.word("quantity", Quantity),
        each=_each(section.section("each")),
        window_s=section.number("window_s", above=0),
        ladder=_bounded(section, read_ladder(section)),
        sides=read_sides(section),
    )


def _bounded(section: Section, ladder: Ladder) -> Ladder:
    """Return a ladder, and note limits that no slot could remember so much for."""
    if any(abs(limit) > MOST_TIMES for limit in ladder.limits):
        key = next(k for k in ("above", "below", "grades") if section.has(k))
        section.fault(key, f"counts no further than {MOST_TIMES}")
    return ladder


def _each(section: Section) -> Each:
    if section.has("above") == section.has("below"):
        section.fault("above", "needs exactly one of above and below")
    is_above = not section.has("below")
    key = "above" if is_above else "below"
    limit = section.number(key) if section.has(key) else math.nan
    deadband = section.number("deadband", low=0, default=0)
    section.done()
    return Each(limit, limit - deadband if is_above else limit + deadband, is_above)
