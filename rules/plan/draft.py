"""One rule on one device, before all of them become columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rules.files.rule import Hears, Rule, Side, Whose
from rules.measures.measure import Settings
from rules.plan.subject import Subject

GAP_INTERVALS = 3
"""Largest gap of a rule that names none, in expected intervals of the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideDraft:
    """One side condition, its series found.

    Attributes:
        side: As the rule says it.
        series_id: The series it looks at.
        gap_s: How far away in time its reading may lie.
    """

    side: Side
    series_id: int
    gap_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One rule on one device.

    Attributes:
        rule: The rule.
        subject: The device.
        limits: One per grade, mildest first.
        releases: The limits with the deadband, one per grade.
        is_above: Whether too much is bad.
        gap_s: Largest gap.
        series_id: The series that is judged; None if none is.
        further: More series that feed it, if its measure takes several.
        is_positional: Whether the device's positions are judged.
        measure: What makes the number that is judged out of the samples; None if it is
            the reading itself, or the speed of a fix.
        hears: The clock of its silence; None if something else is judged.
        reports: How many of the intervals that it is learned to have its silence is; 0
            if that is not learned.
        most: How many times its limit that may come to.
        sides: Side conditions.
    """

    rule: Rule
    subject: Subject
    limits: tuple[float, ...]
    releases: tuple[float, ...]
    is_above: bool = True
    gap_s: float
    series_id: int | None = None
    further: tuple[int, ...] = ()
    is_positional: bool = False
    measure: Settings | None = None
    hears: Hears | None = None
    reports: float = 0.0
    most: float = 1.0
    sides: tuple[SideDraft, ...] = ()

    @property
    def feeding(self) -> tuple[int, ...]:
        """All series whose samples it is judged by."""
        return (
            self.further if self.series_id is None else (self.series_id, *self.further)
        )

    @property
    def lateness_s(self) -> float:
        """How long its samples are held, so that late ones come in their place."""
        said = self.rule.allowed_lateness_s
        return self.subject.allowed_lateness_s if said is None else said


def gap_s(rule: Rule, interval_s: float) -> float:
    """Return the largest gap of a rule on a device that reports so often."""
    return rule.largest_gap_s or GAP_INTERVALS * interval_s


def draft_sides(
    rule: Rule, sides: Sequence[Side], subject: Subject, by_id: Mapping[int, Subject]
) -> tuple[SideDraft, ...] | None:
    """Return side conditions with their series; None if the device lacks one."""
    found = [(side, _draft_side(rule, side, subject, by_id)) for side in sides]
    if any(drafted is None and not side.is_optional for side, drafted in found):
        return None
    return tuple(drafted for _, drafted in found if drafted is not None)


def _draft_side(
    rule: Rule, side: Side, subject: Subject, by_id: Mapping[int, Subject]
) -> SideDraft | None:
    upstream = None if subject.upstream_id is None else by_id.get(subject.upstream_id)
    watched = subject if side.of is Whose.SELF else upstream
    series_id = None if watched is None else watched.series.get(side.quantity)
    if watched is None or series_id is None:
        return None
    slower_s = max(subject.interval_s, watched.interval_s)
    return SideDraft(side=side, series_id=series_id, gap_s=gap_s(rule, slower_s))
