"""`geofence`: a vehicle outside the fences it is held to, or inside one it is not."""

import math
from dataclasses import dataclass
from enum import StrEnum

from cases.request import Severity
from rules.conditions.fence_keys import FenceKeys, read_fence_keys
from rules.files.located import Section
from rules.files.rule import Rule
from rules.measures.inside import InsideSettings
from rules.measures.outside import OutsideSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town

LEAST_OUTSIDE_M = math.nextafter(0, 1)
"""The shortest distance that is outside: an area's border is still inside."""

LEAST_BAND_M = 1.0
"""Least band of a rule that asks for one by accuracy: there must be room in it."""


def least_outside_m(keys: FenceKeys) -> float:
    """Return from how many metres outside on it is outside, however sure a fix is."""
    return max(keys.band_m, LEAST_BAND_M if keys.accuracies else LEAST_OUTSIDE_M)


class Where(StrEnum):
    """What is bad."""

    OUTSIDE = "outside"
    INSIDE = "inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geofence:
    """A vehicle on the wrong side of a border.

    Attributes:
        where: Which side is wrong.
        keys: Which fences, and the band beyond the border; it is back once it is on
            the right side of the border itself.
        dwell_s: How long it must have been in one fence, where inside is bad.
        severity: How bad it is.
    """

    where: Where
    keys: FenceKeys
    dwell_s: float
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
        is_outside = self.where is Where.OUTSIDE
        limit = least_outside_m(self.keys) if is_outside else self.dwell_s
        return Draft(
            rule=rule,
            subject=subject,
            limits=(limit,),
            releases=(LEAST_OUTSIDE_M if is_outside else 0.0,),
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
            measure=OutsideSettings(ask, limit) if is_outside else InsideSettings(ask),
        )


def read(top: Section, section: Section) -> Geofence:
    """Return the condition that a rule file says."""
    where = section.word("is", Where, default=Where.OUTSIDE)
    if where is Where.OUTSIDE and section.has("dwell_s"):
        section.fault("dwell_s", "is for `is: inside`; outside, use on_delay_s")
    return Geofence(
        where=where,
        keys=read_fence_keys(top, section, band_m=None),
        dwell_s=section.number("dwell_s", low=0, default=0),
        severity=section.word("severity", Severity),
    )
