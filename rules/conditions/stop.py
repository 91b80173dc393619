"""`stop`: a vehicle that stands where it may not."""

import math
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.fence_keys import FenceKeys, read_fence_keys
from rules.files.located import Section
from rules.files.rule import Rule
from rules.measures.stop import StopSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town

LEAST_STOP_S = math.nextafter(0, 1)
"""It goes on standing while it stands at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A vehicle that has stood for some time outside the fences it may stand in.

    Attributes:
        keys: Which fences it may stand in, and how far beyond their borders.
        near_m: How far its fixes may drift while it stands.
        stop_s: For how long it must have stood.
        severity: How bad it is.
    """

    keys: FenceKeys
    near_m: float
    stop_s: float
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
            limits=(self.stop_s,),
            releases=(LEAST_STOP_S,),
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
            measure=StopSettings(ask, self.near_m),
        )


def read(top: Section, section: Section) -> Stop:
    """Return the condition that a rule file says."""
    return Stop(
        keys=read_fence_keys(top, section),
        near_m=section.number("near_m", above=0),
        stop_s=section.number("stop_s", above=0),
        severity=section.word("severity", Severity),
    )
