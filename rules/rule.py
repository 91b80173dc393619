"""One rule as its file says it: what it watches, when it holds, what it files."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from cases.request import SEVERITIES, Problem, Severity
from vocabulary.device import DeviceKind
from vocabulary.quality import Quality
from vocabulary.quantity import Quantity


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
    """

    of: Whose
    quantity: Quantity
    limit: float
    is_above: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A reading at or beyond a limit.

    Attributes:
        quantity: What is judged.
        is_above: True if too much is bad, False if too little is.
        grades: The ladder, mildest first.
        deadband: How far back within the limit a reading must come to count as back.
        sides: All must be true; see `side_condition`.
    """

    quantity: Quantity
    is_above: bool
    grades: tuple[Grade, ...]
    deadband: float
    sides: tuple[Side, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A device not heard for a while in which we could have heard it.

    Attributes:
        silence_s: For how long; None if `missed_reports` says it.
        missed_reports: The same as a number of the device's expected intervals.
        hears: Which of our ears must be open for time to count.
        severity: How bad it is.
    """

    silence_s: float | None
    missed_reports: float | None
    hears: Hears
    severity: Severity


Condition: TypeAlias = Threshold | Overspeed | Outside | Silence
"""What a rule asks of its samples."""


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
    safety: bool
    refuse: Quality
    files: Problem | None
    reason: Words
    source: str
    safety_from: Severity = Severity.MINOR

    @property
    def quantity(self) -> Quantity | None:
        """What it judges; None for positions and silence."""
        return (
            self.condition.quantity if isinstance(self.condition, Threshold) else None
        )

    def is_safety(self, severity: Severity) -> bool:
        """Tell whether an alarm of this severity may never be held back."""
        return self.safety and (
            SEVERITIES.index(severity) >= SEVERITIES.index(self.safety_from)
        )

    @property
    def severities(self) -> tuple[Severity, ...]:
        """How bad each grade is, mildest first."""
        if isinstance(self.condition, Threshold):
            return tuple(grade.severity for grade in self.condition.grades)
        return (self.condition.severity,)
