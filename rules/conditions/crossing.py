"""`crossing`: a vehicle whose way from one fix to the next leads through a fence."""

import math
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.fence_keys import FenceKeys, read_fence_keys
from rules.files.located import Section
from rules.files.rule import Rule
from rules.measures.crossing import CrossingSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town

LEAST_CROSSED_M = math.nextafter(0, 1)
"""A way that touches a fence crosses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A vehicle that drives through a fence, also where no fix lies in it.

    Attributes:
        keys: Which fences; a fix nearer to the one before than the band is drift.
        severity: How bad it is.
    """

    keys: FenceKeys
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
            limits=(LEAST_CROSSED_M,),
            releases=(LEAST_CROSSED_M,),
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
            measure=CrossingSettings(ask),
        )


def read(top: Section, section: Section) -> Crossing:
    """Return the condition that a rule file says."""
    return Crossing(
        keys=read_fence_keys(top, section, band_m=None),
        severity=section.word("severity", Severity),
    )
