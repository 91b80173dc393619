"""`expression`: what several readings say together.

expression: tilt_deg > 30 and water_under_cover > 0.5
all: [tilt_deg > 30, upstream.depth_mm >= 100]     # or any, or none: a list of them
missing: cover_open=1      # what counts of devices that have no such quantity
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cases.request import Severity
from rules.conditions.ladder import read_pairs, read_sides
from rules.files.expression import (
    Expression,
    ExpressionError,
    Operand,
    parse_expression,
)
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.expression import ExpressionSettings, Fed
from rules.plan.draft import Draft, draft_sides, gap_s
from rules.plan.subject import Subject
from vocabulary.quantity import Quantity

QUANTITIES = frozenset(Quantity)
"""What an expression may name."""

WAYS: Mapping[str, Callable[[list[str]], str]] = {
    "expression": " and ".join,
    "all": lambda parts: " and ".join(f"({part})" for part in parts),
    "any": lambda parts: " or ".join(f"({part})" for part in parts),
    "none": lambda parts: f"not ({' or '.join(f'({part})' for part in parts)})",
}
"""How the texts of each key become one expression."""

NEVER_TRUE = "0 > 1"
"""Stands in for an expression that is wrong; its faults have been noted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """An expression over readings of a device and of its upstream.

    Attributes:
        expression: Bad where it is true.
        sides: All must be true; see `side_condition`.
        severity: How bad it is.
        missing: What counts of quantities that a device does not have.
    """

    expression: Expression
    sides: tuple[Side, ...]
    severity: Severity
    missing: Mapping[str, float] = field(default_factory=dict)

    @property
    def quantity(self) -> None:
        """It judges several."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad it is."""
        return (self.severity,)

    def draft(
        self, rule: Rule, subject: Subject, by_id: Mapping[int, Subject]
    ) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        sides = draft_sides(rule, self.sides, subject, by_id)
        expression = _with(self.expression, self.missing, subject)
        found = [_fed(rule, o, subject, by_id) for o in expression.operands]
        fed = tuple(each for each in found if each is not None)
        if sides is None or not fed or len(fed) != len(found):
            return None
        series = tuple(each.series_id for each in fed)
        return Draft(
            rule=rule,
            subject=subject,
            limits=(1.0,),
            releases=(1.0,),
            gap_s=min(each.gap_s for each in fed),
            series_id=series[0],
            further=series[1:],
            measure=ExpressionSettings(expression, fed),
            sides=sides,
        )


def read(top: Section, section: Section) -> Compound:  # noqa: ARG001 as all readers
    """Return the condition that a rule file says."""
    ways = [way for way in WAYS if section.has(way)]
    if len(ways) != 1:
        section.fault("type", f"needs exactly one of {', '.join(WAYS)}")
    texts = _texts(section, ways[0]) if ways else [NEVER_TRUE]
    return Compound(
        expression=_expression(section, ways[0] if ways else "expression", texts),
        sides=read_sides(section),
        severity=section.word("severity", Severity),
        missing=read_pairs(section, "missing"),
    )


def _with(
    expression: Expression, missing: Mapping[str, float], subject: Subject
) -> Expression:
    """Return the expression with the numbers of what a device does not tell."""
    text = expression.text
    for quantity, number in missing.items():
        if quantity not in subject.series:
            text = re.sub(rf"(?<![\w.]){quantity}\b", f"{number:.15g}", text)
    return expression if text == expression.text else parse_expression(text, QUANTITIES)


def _texts(section: Section, way: str) -> list[str]:
    """Return the sound expressions of a key, and note what is wrong with the others."""
    if way == "expression":
        texts = [section.text(way)]
    else:
        texts = section.texts(way)
        if not texts:
            section.fault(way, "must be one or more expressions")
    sound = []
    for place, text in enumerate(texts):
        one_line = " ".join(text.split())
        try:
            parse_expression(one_line, QUANTITIES)
            sound.append(one_line)
        except ExpressionError as error:
            for slip in error.slips:
                section.fault_in(way, slip.column, slip.what, item=place)
    return sound or [NEVER_TRUE]


def _expression(section: Section, way: str, texts: list[str]) -> Expression:
    try:
        found = parse_expression(WAYS[way](texts), QUANTITIES)
    except ExpressionError as error:  # each is sound: together they are too long
        section.fault(way, str(error))
        return parse_expression(NEVER_TRUE, QUANTITIES)
    if not found.operands and texts != [NEVER_TRUE]:
        section.fault(way, "names no quantity")
    return found


def _fed(
    rule: Rule, operand: Operand, subject: Subject, by_id: Mapping[int, Subject]
) -> Fed | None:
    above = None if subject.upstream_id is None else by_id.get(subject.upstream_id)
    whose = above if operand.is_upstream else subject
    series_id = None if whose is None else whose.series.get(operand.quantity)
    if whose is None or series_id is None:
        return None
    slower_s = max(subject.interval_s, whose.interval_s)
    return Fed(series_id, gap_s(rule, slower_s))
