"""What differs against what was decided: only that is said. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from rules.correction.spans import OPEN_US, Difference, Kind, Span
from rules.files.rule import Rule
from store.alarms.corrections import NewCorrection
from store.rules.backtest_read import FiledAlarm
from vocabulary.times import datetime_from_us, us_from_datetime


def corrections_of(
    differences: Iterable[Difference],
    alarms: Sequence[FiledAlarm],
    *,
    rule: Rule,
    device_id: int,
    late_at: Sequence[datetime],
    at: datetime,
) -> list[NewCorrection]:
    """Return what is to be said of a rule and device.

    Args:
        differences: What late samples change.
        alarms: The real ones of the rule on the device.
        rule: That was judged by.
        device_id: The device.
        late_at: Times of the late samples.
        at: Journal time.
    """
    found = []
    for difference in differences:
        told = _told(difference, alarms)
        if told is None:
            continue
        alarm, span = told
        is_over = span.cleared_us != OPEN_US
        found.append(
            NewCorrection(
                kind=difference.kind,
                rule=rule.code,
                rule_version=rule.version,
                device_id=device_id,
                alarm_id=None if alarm is None else alarm.id,
                case_id=None if alarm is None else alarm.case_id,
                measured_at=datetime_from_us(span.raised_us),
                cleared_at=datetime_from_us(span.cleared_us) if is_over else None,
                severity=span.severity,
                value=span.value,
                late_at=late_at,
                found_at=at,
            )
        )
    return found


def _told(
    difference: Difference, alarms: Sequence[FiledAlarm]
) -> tuple[FiledAlarm | None, Span] | None:
    """Return the alarm it is about and what is said of it; None for nothing at all."""
    span, kind = difference.now or difference.before, difference.kind
    if span is None:
        raise AssertionError("a difference between nothing and nothing")
    alarm = _alarm_of(difference.before or span, alarms)
    if alarm is None and kind is Kind.OTHER_TIME:
        alarm, span = _stood(span, difference.before, alarms)
    if kind is Kind.WOULD_HAVE_RAISED and alarm is not None:
        return None  # it was raised: the engine knew more than is stored
    if kind is not Kind.WOULD_HAVE_RAISED and alarm is None:
        return None  # it was not decided so
    return alarm, span


def _alarm_of(span: Span, alarms: Sequence[FiledAlarm]) -> FiledAlarm | None:
    """Return the real alarm that a sample raised."""
    at = datetime_from_us(span.raised_us)
    return next((alarm for alarm in alarms if alarm.measured_at == at), None)


def _stood(
    now: Span, before: Span | None, alarms: Sequence[FiledAlarm]
) -> tuple[FiledAlarm | None, Span]:
    """Return the real alarm that stood before we looked, and since when it would have.

    Judged again, it begins where the stretch does: with the late samples and without.
    """
    at = datetime_from_us(now.raised_us)
    if before is None or before.raised_us != now.raised_us:
        return None, now
    for alarm in alarms:
        if alarm.measured_at < at and (
            alarm.cleared_at is None or alarm.cleared_at > at
        ):
            raised_us = us_from_datetime(alarm.measured_at)
            value = now.value if alarm.value is None else alarm.value
            return alarm, replace(now, raised_us=raised_us, value=value)
    return None, now
