"""`command`: a device that does not answer an order, or answers and does not obey."""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.ladder import read_sides
from rules.files.located import Section
from rules.files.rule import Rule, Side
from rules.measures.command import QUANTITIES, CommandSettings
from rules.measures.unanswered import UnansweredSettings
from rules.plan.draft import Draft, draft_sides, gap_s
from rules.plan.subject import Subject
from vocabulary.command_effect import SHOWN_ORDERS, quantities_showing

EVERY_ORDER = (*SHOWN_ORDERS, "programme", "interval", "locate", "text", "native")
"""Whatever a device may be told, see `vocabulary.command.turn_of`."""

EFFECT, ANSWER = "no_effect_after_s", "no_answer_after_s"
"""Keys that say which half of obeying is judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEffect:
    """A device that answered an order and was not seen to do it for some time.

    Attributes:
        orders: Kinds of orders that are judged.
        after_s: How long after its answer it may take.
        severity: How bad it is.
        sides: All must be true; see `side_condition`.
    """

    orders: frozenset[str]
    after_s: float
    severity: Severity
    sides: tuple[Side, ...] = ()

    @property
    def quantity(self) -> None:
        """It judges whichever reading shows an order."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad it is."""
        return (self.severity,)

    def draft(
        self, rule: Rule, subject: Subject, by_id: Mapping[int, Subject]
    ) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        sides = draft_sides(rule, self.sides, subject, by_id)
        told = quantities_showing(self.orders, frozenset(subject.series))
        series = tuple(subject.series[q] if q in told else -1 for q in QUANTITIES)
        fed = tuple(series_id for series_id in series if series_id >= 0)
        if sides is None or not fed:
            return None
        gap = gap_s(rule, subject.interval_s)
        return Draft(
            rule=rule,
            subject=subject,
            limits=(self.after_s,),
            releases=(self.after_s,),
            gap_s=gap,
            series_id=fed[0],
            further=fed[1:],
            measure=CommandSettings(
                subject.device_id, self.orders, series, self.after_s, gap
            ),
            sides=sides,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """A device that is heard and has not answered an order for some time.

    Attributes:
        orders: Kinds of orders that are judged.
        after_s: How long it may take, of the time in which it is heard.
        severity: How bad it is.
        sides: All must be true; see `side_condition`.
    """

    orders: frozenset[str]
    after_s: float
    severity: Severity
    sides: tuple[Side, ...] = ()

    @property
    def quantity(self) -> None:
        """It judges by any reading that the device is heard."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad it is."""
        return (self.severity,)

    def draft(
        self, rule: Rule, subject: Subject, by_id: Mapping[int, Subject]
    ) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        sides = draft_sides(rule, self.sides, subject, by_id)
        # Where it can be, what other rules on orders read anyhow.
        shown = [q for q in QUANTITIES if q in subject.series]
        fed = sorted(subject.series[q] for q in shown or subject.series)
        if sides is None or not fed:
            return None
        gap = gap_s(rule, subject.interval_s)
        return Draft(
            rule=rule,
            subject=subject,
            limits=(self.after_s,),
            releases=(self.after_s,),
            gap_s=gap,
            series_id=fed[0],
            further=tuple(fed[1:]),
            measure=UnansweredSettings(
                subject.device_id, self.orders, self.after_s, gap
            ),
            sides=sides,
        )


def read(top: Section, section: Section) -> NoEffect | NoAnswer:  # noqa: ARG001 as all readers
    """Return the condition that a rule file says."""
    if section.has(EFFECT) == section.has(ANSWER):
        section.fault("type", f"needs exactly one of {EFFECT} and {ANSWER}")
    orders = section.word_list("orders", EVERY_ORDER)
    if not orders:
        section.fault("orders", f"must be some of {', '.join(EVERY_ORDER)}")
    severity, sides = section.word("severity", Severity), read_sides(section)
    if section.has(ANSWER):
        return NoAnswer(
            orders=frozenset(orders),
            after_s=section.number(ANSWER, above=0),
            severity=severity,
            sides=sides,
        )
    if not set(orders) <= set(SHOWN_ORDERS):
        words = ", ".join(SHOWN_ORDERS)
        section.fault("orders", f"readings show only {words} to be done")
    return NoEffect(
        orders=frozenset(orders),
        after_s=section.number(EFFECT, above=0),
        severity=severity,
        sides=sides,
    )
