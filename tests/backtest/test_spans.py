"""How two readings of the past differ."""

from dataclasses import replace

from cases.request import Hit, Severity
from rules.correction.spans import (
    OPEN_US,
    Difference,
    Kind,
    Span,
    differences,
    spans_of,
)
from rules.engine.transition import Transition
from tests.rules.town import us
from tests.triage.alarms import CABINET, Night, plan_of

NIGHT = Night(plan_of(texts=["circuit-off"]))


def span(
    raised_s: float, cleared_s: float, severity: Severity = Severity.MINOR
) -> Span:
    return Span(
        raised_us=us(raised_s), cleared_us=us(cleared_s), severity=severity, value=1.0
    )


def turn(at_s: float, kind: Hit, severity: Severity = Severity.MINOR) -> Transition:
    return NIGHT.turn("circuit-off", CABINET, at_s, kind, value=1.0, severity=severity)


def kinds(now: list[Span], before: list[Span]) -> list[Kind]:
    return [difference.kind for difference in differences(now, before)]


def test_a_span_has_its_worst_severity_wherever_in_it_that_was() -> None:
    found = spans_of(
        [
            turn(0, Hit.RAISED),
            turn(10, Hit.ESCALATED, Severity.CRITICAL),
            turn(20, Hit.EASED, Severity.MINOR),
            turn(30, Hit.CLEARED, Severity.MINOR),
        ]
    )
    assert found == [span(0, 30, Severity.CRITICAL)]


def test_what_still_stands_is_open_also_after_it_has_become_worse() -> None:
    raised, worse = turn(0, Hit.RAISED), turn(10, Hit.ESCALATED, Severity.MAJOR)
    still = replace(span(0, 0), cleared_us=OPEN_US)
    assert spans_of([raised]) == [still]
    assert spans_of([raised, worse]) == [replace(still, severity=Severity.MAJOR)]
    assert spans_of([turn(0, Hit.CLEARED), raised]) == [still]


def test_the_same_past_has_no_differences() -> None:
    past = [span(0, 10), span(20, 30)]
    assert differences(past, past) == []


def test_an_alarm_that_ends_earlier_is_at_another_time() -> None:
    now, before = span(0, 10), span(0, 20)
    assert differences([now], [before]) == [Difference(Kind.OTHER_TIME, now, before)]
    assert kinds([span(5, 20)], [before]) == [Kind.OTHER_TIME]


def test_an_alarm_that_is_worse_and_longer_is_told_as_worse() -> None:
    assert kinds([span(0, 20, Severity.MAJOR)], [span(0, 10)]) == [Kind.OTHER_SEVERITY]


def test_alarms_that_only_touch_are_one_at_another_time() -> None:
    assert kinds([span(10, 20)], [span(0, 10)]) == [Kind.OTHER_TIME]
    assert kinds([span(0, 10)], [span(10, 20)]) == [Kind.OTHER_TIME]
    assert kinds([span(10.000001, 20)], [span(0, 10)]) == [
        Kind.WOULD_HAVE_RAISED,
        Kind.WOULD_NOT_HAVE_RAISED,
    ]


def test_an_alarm_split_in_two_is_at_another_time_and_raised_once_more() -> None:
    now, before = [span(0, 10), span(20, 30)], [span(0, 30)]
    assert differences(now, before) == [
        Difference(Kind.OTHER_TIME, now[0], before[0]),
        Difference(Kind.WOULD_HAVE_RAISED, now[1], None),
    ]


def test_two_alarms_joined_are_one_at_another_time_and_one_less() -> None:
    now, before = [span(0, 30)], [span(0, 10), span(20, 30)]
    assert differences(now, before) == [
        Difference(Kind.OTHER_TIME, now[0], before[0]),
        Difference(Kind.WOULD_NOT_HAVE_RAISED, None, before[1]),
    ]
