"""One transition as an alarm row and as what the cases are asked to file. Pure."""

from dataclasses import replace

from cases.request import FilingRequest, Mark
from rules.engine.transition import Transition
from rules.files.reason import NOTHING, fill, relief
from rules.files.rule import Words
from rules.plan.plan import Plan
from rules.triage.layout import is_silence
from rules.triage.turn import AlarmRef
from store.alarms.raised import NewAlarm
from vocabulary.times import datetime_from_us


def new_alarm(plan: Plan, alarm: AlarmRef, transition: Transition) -> NewAlarm:
    """Return the row of an alarm that a transition raises."""
    reason_zh, reason_en = _reasons(plan, transition)
    return NewAlarm(
        rule=transition.rule.code,
        rule_version=transition.rule.version,
        device_id=transition.device_id,
        severity=transition.severity,
        raised_seq=alarm.seq,
        raised_at=datetime_from_us(transition.at_us),
        measured_at=datetime_from_us(alarm.measured_us),
        value=_sample_value(transition),
        threshold=transition.threshold,
        reason_zh=reason_zh,
        reason_en=reason_en,
    )


def request_of(
    plan: Plan, transition: Transition, alarm_id: int
) -> FilingRequest | None:
    """Return what the cases are asked; None if the rule files nothing."""
    rule = transition.rule
    if rule.files is None:
        return None
    reason_zh, reason_en = _reasons(plan, transition)
    return FilingRequest(
        rule=rule.code,
        rule_version=rule.version,
        rule_source=plan.texts[rule.code],
        alarm_id=alarm_id,
        safety=rule.safety,
        kind=transition.kind,
        files=rule.files,
        severity=transition.severity,
        device_id=transition.device_id,
        quantity=rule.quantity,
        seq=transition.seq,
        at=datetime_from_us(transition.at_us),
        measured_at=datetime_from_us(transition.measured_us),
        value=_sample_value(transition),
        threshold=transition.threshold,
        lon=transition.lon,
        lat=transition.lat,
        reason_zh=reason_zh,
        reason_en=reason_en,
        command=transition.command,
    )


def unstable_words(
    request: FilingRequest, *, raises: int, within_s: float
) -> FilingRequest:
    """Return a hit that says that its alarm comes and goes."""
    return replace(
        request,
        mark=Mark.UNSTABLE,
        reason_zh=(
            f"{request.reason_zh}；{within_s:g} 秒内触发 {raises} 次，信号不稳定，"
            "稳定前只计数"
        ),
        reason_en=(
            f"{request.reason_en}; raised {raises} times within {within_s:g} s, "
            "unstable: only counted until it has settled"
        ),
    )


def _sample_value(transition: Transition) -> float | None:
    """Return the deciding sample's value; silence has no sample."""
    return None if is_silence(transition.rule) else transition.value


def _reasons(plan: Plan, transition: Transition) -> tuple[str, str]:
    rule = transition.rule
    words = relief(transition.kind, is_silence=is_silence(rule)) or rule.reason
    fence = transition.fence or Words(NOTHING, NOTHING)
    zh, en = (
        fill(
            text,
            device=plan.device_codes[transition.device_id],
            value=transition.value,
            threshold=transition.threshold,
            fence=of_fence,
        )
        for text, of_fence in ((words.zh, fence.zh), (words.en, fence.en))
    )
    return zh, en
