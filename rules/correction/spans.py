"""Alarms as spans of samples' own time, and how two readings of the past differ. Pure.

The past is judged twice, with the late samples and without them. Where both come to
the same nothing is said; where they differ it is because of the late samples alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cases.request import SEVERITIES, Hit, Severity
from rules.engine.transition import Transition

OPEN_US = 1 << 62
"""When what stands at the end of a stretch ends."""


class Kind(StrEnum):
    """What a correction says; stored in `correction.kind`."""

    WOULD_HAVE_RAISED = "would_have_raised"
    WOULD_NOT_HAVE_RAISED = "would_not_have_raised"
    OTHER_SEVERITY = "other_severity"
    OTHER_TIME = "other_time"
    CANNOT_JUDGE = "cannot_judge"  # the samples around it are not kept any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One alarm.

    Attributes:
        raised_us: Time of the sample that raised it.
        cleared_us: Time of the sample that cleared it; `OPEN_US` if none did.
        severity: The worst.
        value: Of the sample that raised it.
    """

    raised_us: int
    cleared_us: int
    severity: Severity
    value: float


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that late samples change.

    Attributes:
        kind: What.
        now: The alarm with them; None if there is none.
        before: The alarm without them; None if there is none.
    """

    kind: Kind
    now: Span | None
    before: Span | None


def spans_of(transitions: Iterable[Transition]) -> list[Span]:
    """Return the alarms of one slot, in their order."""
    found: list[Span] = []
    open_: Span | None = None
    for turn in transitions:
        if turn.kind is Hit.RAISED:
            open_ = Span(
                raised_us=turn.measured_us,
                cleared_us=OPEN_US,
                severity=turn.severity,
                value=turn.value,
            )
        elif open_ is not None:
            is_over = turn.kind is Hit.CLEARED
            open_ = Span(
                raised_us=open_.raised_us,
                cleared_us=turn.measured_us if is_over else OPEN_US,
                severity=max(open_.severity, turn.severity, key=SEVERITIES.index),
                value=open_.value,
            )
            if is_over:
                found.append(open_)
                open_ = None
    return [*found, open_] if open_ is not None else found


def differences(now: Sequence[Span], before: Sequence[Span]) -> list[Difference]:
    """Return what the late samples change.

    Args:
        now: Alarms with them.
        before: Alarms without them.
    """
    found: list[Difference] = []
    met: set[int] = set()
    for span in now:
        place = _overlapping(span, before, met)
        if place is None:
            found.append(Difference(Kind.WOULD_HAVE_RAISED, span, None))
            continue
        met.add(place)
        kind = _kind(span, before[place])
        if kind is not None:
            found.append(Difference(kind, span, before[place]))
    found += [
        Difference(Kind.WOULD_NOT_HAVE_RAISED, None, span)
        for place, span in enumerate(before)
        if place not in met
    ]
    return found


def _overlapping(span: Span, others: Sequence[Span], met: set[int]) -> int | None:
    for place, other in enumerate(others):
        is_over = (
            other.raised_us <= span.cleared_us and span.raised_us <= other.cleared_us
        )
        if is_over and place not in met:
            return place
    return None


def _kind(now: Span, before: Span) -> Kind | None:
    if now.severity != before.severity:
        return Kind.OTHER_SEVERITY
    if (now.raised_us, now.cleared_us) != (before.raised_us, before.cleared_us):
        return Kind.OTHER_TIME
    return None
