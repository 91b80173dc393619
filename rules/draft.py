"""One rule on one device, before all of them become columns."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rules.rule import Hears, Outside, Overspeed, Rule, Side, Silence, Threshold, Whose
from rules.subject import Subject
from vocabulary.registry_facts import GeofenceFacts

GAP_INTERVALS = 3
"""Largest gap of a rule that names none, in expected intervals of the device."""

LEAST_OUTSIDE_M = math.nextafter(0, 1)
"""The shortest distance that is outside: an area's border is still inside."""


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
        is_positional: Whether the device's positions are judged.
        area: The area they are judged by; None where it is the speed.
        hears: The clock of its silence; None if something else is judged.
        sides: Side conditions.
    """

    rule: Rule
    subject: Subject
    limits: tuple[float, ...]
    releases: tuple[float, ...]
    is_above: bool = True
    gap_s: float
    series_id: int | None = None
    is_positional: bool = False
    area: GeofenceFacts | None = None
    hears: Hears | None = None
    sides: tuple[SideDraft, ...] = ()


def draft(rule: Rule, subject: Subject, by_id: Mapping[int, Subject]) -> Draft | None:
    """Return what a rule judges on a device; None if there is nothing to judge.

    A device without the series, the upstream or the area that a rule speaks of is not
    judged by it.

    Args:
        rule: Of the device's kind.
        subject: The device.
        by_id: All devices, to find the upstream.
    """
    match rule.condition:
        case Threshold() as condition:
            return _threshold(rule, condition, subject, by_id)
        case Overspeed() as condition:
            return _overspeed(rule, condition, subject)
        case Outside() as condition:
            return _outside(rule, condition, subject)
        case Silence() as condition:
            return _silence(rule, condition, subject)


def _threshold(
    rule: Rule, condition: Threshold, subject: Subject, by_id: Mapping[int, Subject]
) -> Draft | None:
    series_id = subject.series.get(condition.quantity)
    sides = [_side(rule, side, subject, by_id) for side in condition.sides]
    found = tuple(side for side in sides if side is not None)
    if series_id is None or len(found) < len(sides):
        return None
    limits = tuple(grade.at for grade in condition.grades)
    back = condition.deadband if condition.is_above else -condition.deadband
    return Draft(
        rule=rule,
        subject=subject,
        limits=limits,
        releases=tuple(limit - back for limit in limits),
        is_above=condition.is_above,
        gap_s=_gap_s(rule, subject.interval_s),
        series_id=series_id,
        sides=found,
    )


def _side(
    rule: Rule, side: Side, subject: Subject, by_id: Mapping[int, Subject]
) -> SideDraft | None:
    upstream = None if subject.upstream_id is None else by_id.get(subject.upstream_id)
    watched = subject if side.of is Whose.SELF else upstream
    series_id = None if watched is None else watched.series.get(side.quantity)
    if watched is None or series_id is None:
        return None
    slower_s = max(subject.interval_s, watched.interval_s)
    return SideDraft(side=side, series_id=series_id, gap_s=_gap_s(rule, slower_s))


def _overspeed(rule: Rule, condition: Overspeed, subject: Subject) -> Draft:
    own_kmh = subject.speed_limit_kmh or condition.default_kmh
    limit = own_kmh + condition.margin_kmh
    return Draft(
        rule=rule,
        subject=subject,
        limits=(limit,),
        releases=(limit - condition.deadband,),
        gap_s=_gap_s(rule, subject.interval_s),
        is_positional=True,
    )


def _outside(rule: Rule, condition: Outside, subject: Subject) -> Draft | None:
    if subject.area is None:
        return None
    return Draft(
        rule=rule,
        subject=subject,
        limits=(max(condition.band_m, LEAST_OUTSIDE_M),),
        releases=(LEAST_OUTSIDE_M,),
        gap_s=_gap_s(rule, subject.interval_s),
        is_positional=True,
        area=subject.area,
    )


def _silence(rule: Rule, condition: Silence, subject: Subject) -> Draft:
    reports = condition.missed_reports or math.inf
    limit = condition.silence_s or reports * subject.interval_s
    return Draft(
        rule=rule,
        subject=subject,
        limits=(limit,),
        releases=(limit,),
        gap_s=_gap_s(rule, subject.interval_s),
        hears=condition.hears,
    )


def _gap_s(rule: Rule, interval_s: float) -> float:
    return rule.largest_gap_s or GAP_INTERVALS * interval_s
