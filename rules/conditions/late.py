"""`late`: a vehicle that was not in a fence by some local time."""

import re
from dataclasses import dataclass

from cases.request import Severity
from rules.conditions.fence_keys import FenceKeys, read_fence_keys
from rules.conditions.geofence import LEAST_OUTSIDE_M, least_outside_m
from rules.files.located import Section
from rules.files.rule import Rule
from rules.measures.late import LateSettings
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject
from rules.plan.town import Town

TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]"
"""A local time as rule files write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A vehicle that was in no fence of the set from one local time to another.

    Attributes:
        keys: Which fences; further than the band outside them is not there.
        since_min: Minute of the local day from which on being there counts.
        by_min: Minute by which it must have been there.
        severity: How bad it is.
    """

    keys: FenceKeys
    since_min: int
    by_min: int
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
        limit_m = least_outside_m(self.keys)
        return Draft(
            rule=rule,
            subject=subject,
            limits=(limit_m,),
            releases=(LEAST_OUTSIDE_M,),
            gap_s=gap_s(rule, subject.interval_s),
            is_positional=True,
            measure=LateSettings(
                ask, limit_m, self.since_min, self.by_min, by_id.time_zone
            ),
        )


def read(top: Section, section: Section) -> Late:
    """Return the condition that a rule file says."""
    since, by = section.text("since", like=TIME), section.text("by", like=TIME)
    if since == by:
        section.fault("by", "is the same as since")
    return Late(
        keys=read_fence_keys(top, section),
        since_min=_minute(since),
        by_min=_minute(by),
        severity=section.word("severity", Severity),
    )


def _minute(time: str) -> int:
    if not re.fullmatch(TIME, time):
        return 0  # the fault has been noted
    hours, minutes = time.split(":")
    return int(hours) * 60 + int(minutes)
