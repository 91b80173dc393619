"""The storm budget: what a rule may file in one area and minute.

Above it one storm case has all as members, and the worst few go alone as well. Matters
of safety are exempt.
"""

from dataclasses import replace

from cases.request import SEVERITIES
from rules.engine.transition import Transition
from rules.triage.bundling import join, opened
from rules.triage.desk import NEVER_DUE, Budget, BudgetKey, Bundle, BundleKey, Handling
from rules.triage.turn import AlarmKey, Turn, key_of
from rules.triage.work import Work, is_safety, us
from vocabulary.times import SECOND_US

MINUTE_US = 60 * SECOND_US
"""What a budget is for."""

REMEMBERED_US = 10 * MINUTE_US
"""How long a minute's budget is kept after it was last touched."""


def is_too_much(work: Work, transition: Transition) -> bool:
    """Count what would be filed; put it into a storm where it is above the budget."""
    limits, rule = work.layout.settings.storm, transition.rule
    if limits is None or is_safety(rule, transition):
        return False
    key = key_of(transition)
    area = work.layout.area_of(key.device_id)
    storm = BundleKey(f"storm:{rule.code}", area)
    bundle = work.bundles.get(storm)
    if bundle is not None and bundle.takes:
        join(work, storm, key)
        return True
    minute = BudgetKey(rule.code, area, transition.measured_us // MINUTE_US)
    filed = work.budgets.get(minute, Budget((), 0)).alarms
    if len(filed) < limits.budget:
        work.budgets[minute] = Budget((*filed, key), work.at_us)
        return False
    _break_out(work, storm, transition, filed)
    return True


def calm(work: Work) -> None:
    """File the worst of storms, end those that have gone quiet, forget old minutes."""
    for key, bundle in sorted(work.bundles.items()):
        if bundle.is_storm:
            work.bundles[key] = _calmed(work, bundle)
    for minute, budget in list(work.budgets.items()):
        if budget.touched_us <= work.at_us - REMEMBERED_US:
            del work.budgets[minute]


def _break_out(
    work: Work, storm: BundleKey, transition: Transition, filed: tuple[AlarmKey, ...]
) -> None:
    limits = work.layout.settings.storm
    if limits is None:
        raise AssertionError("asked only where there is a budget")
    key = key_of(transition)
    if storm not in work.bundles:
        opened(
            work,
            storm,
            lead=AlarmKey(storm.code, key.version, key.device_id),
            first=work.held[key].turn,
        )
    work.bundles[storm] = replace(
        work.bundles[storm],
        takes=True,
        worst_due_us=work.at_us + us(limits.worst_after_s),
    )
    for other in filed:
        held = work.held.get(other)
        # It may have cleared, and been raised again under a window or as unstable.
        if held and held.handling is Handling.FILED and held.bundle is None:
            join(work, storm, other)
    join(work, storm, key)


def _calmed(work: Work, bundle: Bundle) -> Bundle:
    limits = work.layout.settings.storm
    quiet_us = 0 if limits is None else us(limits.quiet_s)
    if work.at_us >= bundle.worst_due_us:
        bundle = replace(bundle, worst_due_us=NEVER_DUE)
        for turn in _worst(work, bundle, 0 if limits is None else limits.worst):
            work.file(turn.key, work.raised_now(turn))
    if bundle.takes and work.at_us >= bundle.joined_us + quiet_us:
        bundle = replace(bundle, takes=False)
    if limits is not None and work.at_us >= bundle.joined_us + 2 * quiet_us:
        _file_rest(work, bundle, limits.budget)
    return bundle


def _file_rest(work: Work, bundle: Bundle, budget: int) -> None:
    """File alone what outlasts a storm, once that is no more than a minute's budget.

    The storm is over and its case still lists them; but each of the few that are left
    is somebody's work now.
    """
    rest = _worst(work, bundle, budget + 1)
    if len(rest) <= budget:
        for turn in rest:
            work.file(turn.key, work.raised_now(turn))


def _worst(work: Work, bundle: Bundle, most: int) -> list[Turn]:
    members = [work.held[key] for key in work.members(bundle.key).standing]
    turns = [held.turn for held in members if held.handling is Handling.STORM]
    turns.sort(
        key=lambda turn: (
            -SEVERITIES.index(turn.severity),
            -abs(turn.value - turn.threshold),
            turn.key,
        )
    )
    return turns[:most]
