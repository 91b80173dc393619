"""What would have been filed of alarms that only stood: triage over again. Pure.

The alarms of a version on trial are known, each with its beginning and its end. Here
they go through triage and a docket as if the version had been live, together with the
alarms of rules that may be in a group with it. How severe an alarm was before its last
change is not kept: it is taken to have been so from its beginning.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count, groupby

from cases.request import Hit, Severity
from rules.backtest.docket import Docket
from rules.backtest.filing import file_all
from rules.engine.transition import Transition
from rules.plan.plan import Plan
from rules.triage.desk import Desk
from rules.triage.settings import Settings
from rules.triage.triage import triage
from store.rules.backtest_read import FiledAlarm
from vocabulary.times import datetime_from_us, us_from_datetime


def kin_of(code: str, settings: Settings) -> set[str]:
    """Return the rules whose alarms may be in a group with those of a rule."""
    found = {code}
    for group in settings.groups:
        named = {*group.of, *group.unknown, *group.cause, *group.joins}
        if code in named:
            found |= named
    return found


def would_file(
    plan: Plan, alarms: Iterable[FiledAlarm], docket: Docket, *, until_us: int
) -> None:
    """Let a docket file what alarms would have come to.

    Args:
        plan: In which the version on trial is live.
        alarms: Its own and those of its kin, in their order.
        docket: Empty; keeps all of them.
        until_us: What has not ended by then stands.
    """
    desk, last_seq = Desk(), 0
    found = _transitions(plan, alarms, until_us)
    for seq, some in groupby(found, key=lambda each: each.seq):
        now = list(some)
        between = range(last_seq + 1, seq)
        desk = _wait(plan, desk, docket, between, until_us=now[0].at_us)
        desk = _step(plan, desk, docket, now, seq=seq, at_us=now[0].at_us)
        last_seq = seq
    _wait(plan, desk, docket, count(last_seq + 1), until_us=until_us)
    docket.go_to(last_seq, datetime_from_us(until_us))


def _wait(
    plan: Plan, desk: Desk, docket: Docket, seqs: Iterable[int], *, until_us: int
) -> Desk:
    """Let time pass up to a moment, as far as that moves anything.

    Each step has an entry of its own: one that raised alarms has raised them already.
    """
    before_us = -1
    for seq in seqs:
        if not before_us < desk.wake_us < until_us:
            break
        before_us = desk.wake_us
        desk = _step(plan, desk, docket, (), seq=seq, at_us=before_us)
    return desk


def _step(
    plan: Plan,
    desk: Desk,
    docket: Docket,
    transitions: Sequence[Transition],
    *,
    seq: int,
    at_us: int,
) -> Desk:
    desk, decisions = triage(plan, desk, transitions, seq=seq, at_us=at_us)
    file_all(docket, docket.book(plan, decisions))
    return desk


def _transitions(
    plan: Plan, alarms: Iterable[FiledAlarm], until_us: int
) -> list[Transition]:
    """Return how alarms began and ended, in journal order."""
    turns: list[tuple[tuple[int, int, int], Transition]] = []
    for place, alarm in enumerate(_each_once(plan, alarms)):
        raised, cleared = _ends(plan, alarm)
        turns.append(((raised.seq, 1, place), raised))
        if cleared is not None and cleared.at_us <= until_us:
            # What ends where others begin ended before them.
            phase = 1 if cleared.seq == raised.seq else 0
            turns.append(((cleared.seq, phase, place), cleared))
    turns.sort(key=lambda turn: turn[0])
    return [transition for _, transition in turns]


def _each_once(plan: Plan, alarms: Iterable[FiledAlarm]) -> Iterator[FiledAlarm]:
    """Yield the alarms that the plan can place, of one rule and device one at a time.

    Versions of another rule that followed each other count as the one in the plan.
    """
    ends: dict[tuple[str, int], int | None] = {}
    for alarm in alarms:
        key = alarm.rule, alarm.device_id
        if (
            alarm.rule not in plan.layout.rules
            or alarm.device_id not in plan.device_codes
        ):
            continue
        last = ends.get(key, 0)
        if last is not None and last <= alarm.raised_seq:
            ends[key] = alarm.cleared_seq
            yield alarm


def _ends(plan: Plan, alarm: FiledAlarm) -> tuple[Transition, Transition | None]:
    threshold = alarm.threshold or 0.0
    raised = Transition(
        rule=plan.layout.rules[alarm.rule],
        device_id=alarm.device_id,
        kind=Hit.RAISED,
        seq=alarm.raised_seq,
        at_us=us_from_datetime(alarm.raised_at),
        measured_us=us_from_datetime(alarm.measured_at),
        value=threshold if alarm.value is None else alarm.value,
        threshold=threshold,
        severity=Severity(alarm.severity),
        lon=None,
        lat=None,
    )
    if alarm.cleared_seq is None or alarm.cleared_at is None:
        return raised, None
    cleared_us = us_from_datetime(alarm.cleared_at)
    cleared = Transition(
        rule=raised.rule,
        device_id=raised.device_id,
        kind=Hit.CLEARED,
        seq=alarm.cleared_seq,
        at_us=cleared_us,
        measured_us=cleared_us,
        value=raised.value,
        threshold=threshold,
        severity=raised.severity,
        lon=None,
        lat=None,
    )
    return raised, cleared
