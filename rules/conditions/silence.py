"""`silence`: a device not heard for a while in which we could have heard it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cases.request import Severity
from rules.files.located import Section
from rules.files.rule import Hears, Rule
from rules.plan.draft import Draft, gap_s
from rules.plan.subject import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A device not heard for a while in which we could have heard it.

    Attributes:
        silence_s: For how long; None if `missed_reports` says it.
        missed_reports: The same as a number of the device's expected intervals.
        hears: Which of our ears must be open for time to count.
        severity: How bad it is.
        learn: How many times its declared limit the device's own habit may make of it;
            1 if habits do not count.
    """

    silence_s: float | None
    missed_reports: float | None
    hears: Hears
    severity: Severity
    learn: float = 1.0

    @property
    def quantity(self) -> None:
        """It judges the lack of any."""

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
        reports = self.missed_reports or math.inf
        limit = self.silence_s or reports * subject.interval_s
        return Draft(
            rule=rule,
            subject=subject,
            limits=(limit,),
            releases=(limit,),
            gap_s=gap_s(rule, subject.interval_s),
            hears=self.hears,
            reports=(self.missed_reports or 0.0) if self.learn > 1 else 0.0,
            most=self.learn,
        )


def read(top: Section, section: Section) -> Silence:
    """Return the condition that a rule file says."""
    if section.has("silence_s") == section.has("missed_reports"):
        section.fault("type", "needs exactly one of silence_s and missed_reports")
    for key in ("on_delay_s", "off_delay_s", "largest_gap_s", "allowed_lateness_s"):
        if top.has(key):
            top.fault(key, "silence has no delays: its own time is the delay")
    seconds, reports = (
        section.number(key, above=0) if section.has(key) else None
        for key in ("silence_s", "missed_reports")
    )
    learn = section.number("learn", low=1, default=1)
    if section.has("learn") and not section.has("missed_reports"):
        section.fault("learn", "needs missed_reports: what is learned is an interval")
    return Silence(
        silence_s=seconds,
        missed_reports=reports,
        hears=section.word("hears", Hears, default=Hears.LINK),
        severity=section.word("severity", Severity),
        learn=learn,
    )
