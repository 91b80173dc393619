"""`speed_inside`: a vehicle too fast within a fence."""

from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.fence_keys import FenceKeys, read_fence_keys
from rules.files.located import Section
from rules.files.rule import Rule
from rules.measures.speed_inside import SpeedInsideSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedInside:
    """A vehicle at or above a speed while it is in a fence.

    Attributes:
        keys: Which fences, and how deep it must be in them.
        limit_kmh: The speed.
        deadband: Slower than that by this much counts as back, km/h.
        severity: How bad it is.
    """

    keys: FenceKeys
    limit_kmh: float
    deadband: float
    severity: Severity

    @property
    def quantity(self) -> None:
        """It judges positions."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad it is."""
        return (self.severity,)

    def draft(self, rule: Rule, subject: Subject, by_id: Town) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        ask = self.keys.ask(rule, subject, by_id)
        if ask is None:
            return None
        return Draft(
            rule=rule,
            subject=subject,
            limits=(self.limit_kmh,),
            releases=(self.limit_kmh - self.deadband,),
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
            measure=SpeedInsideSettings(ask),
        )


def read(top: Section, section: Section) -> SpeedInside:
    """Return the condition that a rule file says."""
    return SpeedInside(
        keys=read_fence_keys(top, section),
        limit_kmh=section.number("above", above=0),
        deadband=section.number("deadband", low=0, default=0),
        severity=section.word("severity", Severity),
    )
