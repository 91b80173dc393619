"""From transitions to alarm rows and to what the cases are asked to file. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cases.request import FilingRequest, Hit
from rules.conditions.silence import Silence
from rules.plan import Plan
from rules.reason import fill, relief
from rules.transition import Transition
from store.alarms import AlarmChange, AlarmKey, AlarmMoment, NewAlarm
from vocabulary.times import datetime_from_us


@dataclass(frozen=True, slots=True)
class Booked:
    """What some transitions come to.

    Attributes:
        changes: How each alarm that changed stands now.
        requests: What the cases are asked, in the order of the transitions.
        strays: Transitions of alarms that do not stand; there should be none.
    """

    changes: list[AlarmChange]
    requests: list[FilingRequest]
    strays: list[Transition]


def alarm_key(transition: Transition) -> AlarmKey:
    """Return which alarm a transition is about."""
    return transition.rule.code, transition.rule.version, transition.device_id


def new_alarms(plan: Plan, transitions: Iterable[Transition]) -> list[NewAlarm]:
    """Return the alarms that the transitions raise, each moment once.

    An alarm that is raised, cleared and raised again by fixes of one instant stays the
    same alarm.
    """
    raised = [_new(plan, t) for t in transitions if t.kind is Hit.RAISED]
    return list({alarm.moment: alarm for alarm in reversed(raised)}.values())[::-1]


def book(
    plan: Plan,
    transitions: Sequence[Transition],
    *,
    standing: Mapping[AlarmKey, int],
    raised: Mapping[AlarmMoment, int],
) -> Booked:
    """Find the alarm of each transition, and what becomes of it.

    Args:
        plan: What decided.
        transitions: In journal order.
        standing: Ids of the alarms that stood before.
        raised: Ids of `new_alarms`, by their moments.
    """
    ids = dict(standing)
    changes: dict[int, AlarmChange] = {}
    booked = Booked([], [], [])
    for transition in transitions:
        key = alarm_key(transition)
        if transition.kind is Hit.RAISED:
            ids[key] = raised[_new(plan, transition).moment]
        alarm_id = ids.get(key)
        if alarm_id is None:
            booked.strays.append(transition)
            continue
        changes[alarm_id] = _change(alarm_id, transition)
        booked.requests.extend(_request(plan, transition, alarm_id))
        if transition.kind is Hit.CLEARED:
            del ids[key]
    booked.changes.extend(changes.values())
    return booked


def _new(plan: Plan, transition: Transition) -> NewAlarm:
    reason_zh, reason_en = _reasons(plan, transition)
    return NewAlarm(
        rule=transition.rule.code,
        rule_version=transition.rule.version,
        device_id=transition.device_id,
        severity=transition.severity,
        raised_seq=transition.seq,
        raised_at=datetime_from_us(transition.at_us),
        measured_at=datetime_from_us(transition.measured_us),
        value=_sample_value(transition),
        threshold=transition.threshold,
        reason_zh=reason_zh,
        reason_en=reason_en,
    )


def _change(alarm_id: int, transition: Transition) -> AlarmChange:
    cleared = transition.kind is Hit.CLEARED
    return AlarmChange(
        id=alarm_id,
        severity=transition.severity,
        cleared_seq=transition.seq if cleared else None,
        cleared_at=datetime_from_us(transition.at_us) if cleared else None,
    )


def _request(
    plan: Plan, transition: Transition, alarm_id: int
) -> Iterable[FilingRequest]:
    """Yield what the cases are asked; nothing if the rule files nothing."""
    rule = transition.rule
    if rule.files is None:
        return
    reason_zh, reason_en = _reasons(plan, transition)
    yield FilingRequest(
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
    )


def _sample_value(transition: Transition) -> float | None:
    """Return the deciding sample's value; silence has no sample."""
    is_silence = isinstance(transition.rule.condition, Silence)
    return None if is_silence else transition.value


def _reasons(plan: Plan, transition: Transition) -> tuple[str, str]:
    rule = transition.rule
    is_silence = isinstance(rule.condition, Silence)
    words = relief(transition.kind, is_silence=is_silence) or rule.reason
    zh, en = (
        fill(
            text,
            device=plan.device_codes[transition.device_id],
            value=transition.value,
            threshold=transition.threshold,
        )
        for text in (words.zh, words.en)
    )
    return zh, en
