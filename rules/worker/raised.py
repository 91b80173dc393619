"""Which alarms decisions are about, and which of them are raised by these. Pure."""

from collections.abc import Iterable

from cases.request import Hit
from rules.plan.plan import Plan
from rules.triage.decision import (
    Close,
    Decision,
    File,
    Join,
    Leave,
    Note,
    Open,
    Quiet,
    Unheard,
    Unstable,
)
from rules.worker.bundle_words import bundle_alarm
from rules.worker.filing_words import new_alarm
from store.alarms.raised import AlarmKey, AlarmMoment, NewAlarm


def alarm_keys(decisions: Iterable[Decision]) -> set[AlarmKey]:
    """Return every alarm that the decisions are about."""
    keys: set[AlarmKey] = set()
    for decision in decisions:
        if not isinstance(decision, Open | Close | Unheard):
            keys.add(decision.alarm.key)
        if isinstance(decision, Open | Close | Unheard | Join | Leave):
            keys.add(decision.bundle.lead)
    return keys


def new_alarms(plan: Plan, decisions: Iterable[Decision]) -> list[NewAlarm]:
    """Return the alarms that are raised, each moment once.

    An alarm that is raised, cleared and raised again by fixes of one instant stays the
    same alarm.
    """
    found: dict[AlarmMoment, NewAlarm] = {}
    for decision in decisions:
        alarm = _new(plan, decision)
        if alarm is not None:
            found.setdefault(alarm.moment, alarm)
    return list(found.values())


def _new(plan: Plan, decision: Decision) -> NewAlarm | None:
    match decision:
        case Open(bundle=bundle):
            return bundle_alarm(plan, bundle)
        case (
            File(alarm=alarm, transition=transition)
            | Note(alarm=alarm, transition=transition)
            | Unstable(alarm=alarm, transition=transition)
            | Quiet(alarm=alarm, transition=transition)
            | Join(alarm=alarm, transition=transition)
        ):
            is_own = transition.kind is Hit.RAISED and transition.seq == alarm.seq
            return new_alarm(plan, alarm, transition) if is_own else None
        case _:
            return None
