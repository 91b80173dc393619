"""One rule as its file says it: what it watches, when it holds, what it files."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from cases.request import SEVERITIES, Problem, Severity
from rules.plan.subject import Subject
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity

if TYPE_CHECKING:
    from rules.plan.draft import Draft
    from rules.plan.town import Town
    from rules.schedules import When

ALWAYS_REFUSED = Quality.FUTURE
"""A sample from the future is never judged, whatever a rule says."""

REFUSED_UNLESS_SAID = Quality.FUTURE | Quality.OUT_OF_RANGE | Quality.SENSOR_FAULT
"""What a rule without a list of its own refuses."""


class Whose(StrEnum):
    """Whose reading a side condition looks at."""

    SELF = "self"  # the judged device's own
    UPSTREAM = "upstream"  # that of the device it hangs from: a lamp's cabinet


class Hears(StrEnum):
    """Which of our ears must be open for time to count as silence."""

    LINK = "link"  # the platform and the device's own edge
    PLATFORM = "platform"  # the platform alone: a lost link is silence too


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Grade:
    """One step of a severity ladder.

    Attributes:
        at: The limit; a sample at it counts as beyond it.
        severity: How bad it is from there on.
    """

    at: float
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A side condition: the rule only judges while it is true.

    Attributes:
        of: Whose reading.
        quantity: Which.
        limit: In the quantity's unit.
        is_above: True if the reading must be at or above `limit`, else at or below.
        is_optional: Whether a device that has no such reading is judged without it.
    """

    of: Whose
    quantity: Quantity
    limit: float
    is_above: bool
    is_optional: bool = False


class Condition(Protocol):
    """What a rule asks of its samples; one module each in `rules.conditions`."""

    @property
    def quantity(self) -> Quantity | None:
        """What it judges; None for positions and silence."""

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""

    def draft(self, rule: "Rule", subject: Subject, by_id: "Town") -> "Draft | None":
        """Return what it judges on a device; None if there is nothing to judge.

        Args:
            rule: The rule it is of.
            subject: A device of the rule's kind.
            by_id: All devices, to find the upstream, and the geofences.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One version of one rule.

    Attributes:
        code: Its name.
        version: Counts up with each change of the file.
        name: Its name for people.
        kind: The devices it judges.
        condition: What is bad.
        on_delay_s: How long the condition must hold before the alarm is raised.
        off_delay_s: How long it must stay away before the alarm clears.
        largest_gap_s: Time between two samples counts towards a delay only if they
            are no further apart; None means three of the device's intervals.
        allowed_lateness_s: How late a sample may come and still be judged in its
            place; None means as the device's profile says.
        when: When it judges; None for always.
        safety: Whether it is a matter of safety, exempt from any suppression.
        refuse: Samples with any of these bits are not judged.
        files: The problem it files; None if its alarms stay out of the cases.
        reason: Why, with `{placeholders}`, see `reason`.
        source: Where its numbers come from.
        safety_from: The least severity that is a matter of safety, if any is.
    """

    code: str
    version: int
    name: Words
    kind: DeviceKind
    condition: Condition
    on_delay_s: float
    off_delay_s: float
    largest_gap_s: float | None
    allowed_lateness_s: float | None
    when: "When | None"
    safety: bool
    refuse: Quality
    files: Problem | None
    reason: Words
    source: str
    safety_from: Severity = Severity.MINOR

    @property
    def quantity(self) -> Quantity | None:
        """What it judges; None for positions and silence."""
        return self.condition.quantity

    def is_safety(self, severity: Severity) -> bool:
        """Tell whether an alarm of this severity may never be held back."""
        return self.safety and (
            SEVERITIES.index(severity) >= SEVERITIES.index(self.safety_from)
        )

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        return self.condition.severities
