"""`geofence`: a vehicle outside the area that it works in."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.vehicles import vehicles_only
from rules.draft import Draft, gap_s
from rules.located import Section
from rules.measures.outside import OutsideSettings
from rules.rule import Rule
from rules.subject import Subject

LEAST_OUTSIDE_M = math.nextafter(0, 1)
"""The shortest distance that is outside: an area's border is still inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """A vehicle outside the geofence it works in.

    Attributes:
        band_m: Metres outside the border at which it counts as outside; it is back
            once it is inside the border itself.
        severity: How bad it is.
    """

    band_m: float
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
    ) -> Draft | None:
        """Return what it judges on a device, see `rule.Condition`."""
        if subject.area is None:
            return None
        return Draft(
            rule=rule,
            subject=subject,
            limits=(max(self.band_m, LEAST_OUTSIDE_M),),
            releases=(LEAST_OUTSIDE_M,),
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
            measure=OutsideSettings(subject.area),
        )


def read(top: Section, section: Section) -> Outside:
    """Return the condition that a rule file says."""
    vehicles_only(top, section)
    return Outside(
        band_m=section.number("band_m", low=0),
        severity=section.word("severity", Severity),
    )
