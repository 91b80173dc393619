"""What several conditions share: limits with severities, a deadband, side conditions.

One limit (`above`, or `below` if too little is bad), or several, all rising or all
falling; and what must be true for a sample to be judged at all:

    above: 30
    severity: major
    deadband: 2
    while: {of: upstream, quantity: voltage_v, above: 150}

    grades:
      - {at: 150, severity: minor}
      - {at: 270, severity: major}
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from cases.request import Severity
from rules.files.located import Section
from rules.files.rule import Grade, Rule, Side, Whose
from rules.measures.measure import Settings
from rules.plan.draft import Draft, draft_sides, gap_s
from rules.plan.subject import Subject
from vocabulary.quantity import Quantity

_PAIR = re.compile(r"([^\s=,]+)=(-?\d+(?:\.\d+)?)")
_PAIRS = re.compile(rf"{_PAIR.pattern}(?:\s*,\s*{_PAIR.pattern})*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The limits that a number is compared with.

    Attributes:
        is_above: True if too much is bad, False if too little is.
        grades: Mildest first.
        deadband: How far back within the limit a value must come to count as back.
    """

    is_above: bool
    grades: tuple[Grade, ...]
    deadband: float

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        return tuple(grade.severity for grade in self.grades)

    @property
    def limits(self) -> tuple[float, ...]:
        """The limits, mildest first."""
        return tuple(grade.at for grade in self.grades)

    @property
    def releases(self) -> tuple[float, ...]:
        """The limits with the deadband."""
        back = self.deadband if self.is_above else -self.deadband
        return tuple(limit - back for limit in self.limits)


def read_ladder(section: Section) -> Ladder:
    """Return the limits that a condition's section gives."""
    grades, is_above = _grades(section)
    deadband = section.number("deadband", low=0, default=0)
    return Ladder(is_above=is_above, grades=grades, deadband=deadband)


def read_sides(section: Section) -> tuple[Side, ...]:
    """Return the side conditions that a condition's section gives."""
    return tuple(_side(side) for side in section.sections("while"))


def read_pairs(section: Section, key: str) -> dict[str, float]:
    """Return the numbers that a key gives as `NAME=NUMBER, NAME=NUMBER`."""
    if not section.has(key):
        return {}
    text = section.text(key)
    if not _PAIRS.fullmatch(text):
        section.fault(key, "must be NAME=NUMBER, with commas between them")
        return {}
    return {name: float(number) for name, number in _PAIR.findall(text)}


def draft_of_series(
    rule: Rule,
    subject: Subject,
    by_id: Mapping[int, Subject],
    *,
    quantity: Quantity,
    ladder: Ladder,
    sides: tuple[Side, ...],
    measure: Settings | None = None,
) -> Draft | None:
    """Return the draft of a condition on one series; None if the device lacks any.

    Args:
        rule: The rule.
        subject: The device.
        by_id: All devices, to find the upstream.
        quantity: Which series.
        ladder: The limits.
        sides: Side conditions.
        measure: What makes the judged number of the samples; None for the value.
    """
    series_id = subject.series.get(quantity)
    found = draft_sides(rule, sides, subject, by_id)
    if series_id is None or found is None:
        return None
    return Draft(
        rule=rule,
        subject=subject,
        limits=ladder.limits,
        releases=ladder.releases,
        is_above=ladder.is_above,
        gap_s=gap_s(rule, subject.interval_s),
        series_id=series_id,
        measure=measure,
        sides=found,
    )


def _grades(section: Section) -> tuple[tuple[Grade, ...], bool]:
    ways = [key for key in ("above", "below", "grades") if section.has(key)]
    if len(ways) != 1:
        section.fault("type", "needs exactly one of above, below and grades")
    if "grades" not in ways:
        limit = _limit(section)
        severity = section.word("severity", Severity)
        return (Grade(limit, severity),), section.has("above")
    grades = tuple(_grade(grade) for grade in section.sections("grades"))
    steps = [later.at - sooner.at for sooner, later in pairwise(grades)]
    is_above = all(step > 0 for step in steps)
    if not steps or not (is_above or all(step < 0 for step in steps)):
        section.fault("grades", "must be two or more, all rising or all falling")
    return grades, is_above


def _grade(section: Section) -> Grade:
    grade = Grade(section.number("at"), section.word("severity", Severity))
    section.done()
    return grade


def _limit(section: Section) -> float:
    """Return the one limit of `above` or `below`; the caller has checked for both."""
    key = "below" if section.has("below") else "above"
    return section.number(key) if section.has(key) else math.nan


def _side(section: Section) -> Side:
    if section.has("above") == section.has("below"):
        section.fault("quantity", "needs exactly one of above and below")
    side = Side(
        of=section.word("of", Whose),
        quantity=section.word("quantity", Quantity),
        limit=_limit(section),
        is_above=section.has("above"),
        is_optional=section.flag("optional"),
    )
    section.done()
    return side
