"""`overspeed`: a vehicle at or above its speed limit and a margin."""

from collections.abc import Mapping
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.vehicles import vehicles_only
from rules.files.located import Section
from rules.files.rule import Rule
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Overspeed:
    """A vehicle at or above its speed limit and a margin.

    Attributes:
        default_kmh: The limit of a vehicle that has none of its own.
        margin_kmh: Added to the limit.
        deadband: Slower than the sum by this much counts as back, km/h.
        severity: How bad it is.
    """

    default_kmh: float
    margin_kmh: float
    deadband: float
    severity: Severity

    @property
    def quantity(self) -> None:
        """It judges positions."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad it is."""
        return (self.severity,)

    def draft(
        self,
        rule: Rule,
        subject: Subject,
        by_id: Mapping[int, Subject],  # noqa: ARG002 not all conditions look upstream
    ) -> Draft:
        """Return what it judges on a device, see `rule.Condition`."""
        limit = (subject.speed_limit_kmh or self.default_kmh) + self.margin_kmh
        return Draft(
            rule=rule,
            subject=subject,
            limits=(limit,),
            releases=(limit - self.deadband,),
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
        )


def read(top: Section, section: Section) -> Overspeed:
    """Return the condition that a rule file says."""
    vehicles_only(top, section)
    return Overspeed(
        default_kmh=section.number("above", above=0),
        margin_kmh=section.number("margin_kmh", low=0, default=0),
        deadband=section.number("deadband", low=0, default=0),
        severity=section.word("severity", Severity),
    )
