"""What a group or a storm is made of, and why it is one, as plain records. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rules.bundle.bundle import Bundle
from rules.bundle.replay import Replayed
from rules.bundle.resolved import Resolved
from rules.files.rule import Rule, Words
from rules.plan.plan import Plan
from rules.triage.desk import BundleKey
from rules.triage.layout import Node, is_silence
from rules.triage.record import Said, Told
from rules.triage.turn import AlarmKey
from vocabulary.times import SECOND_US, datetime_from_us


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberShown:
    """One alarm of a group or storm.

    Attributes:
        device: Code of the device.
        rule: Code of the rule.
        rule_zh: Its name, 中文.
        rule_en: Its name.
        felt_at: The deciding sample's own time, the rule's delay taken off.
        joined_at: Journal time at which it became a member.
        value: Of the deciding sample; None for silence, or if it was raised before.
        threshold: The limit it reached; None likewise.
        unit: Of these two; empty where they have none.
        is_unknown: Whether it says that nothing is known of the device.
        was_filed: Whether it had been filed on its own.
        is_judged: Whether its own samples are here, and were judged again.
    """

    device: str
    rule: str
    rule_zh: str
    rule_en: str
    felt_at: datetime
    joined_at: datetime
    value: float | None
    threshold: float | None
    unit: str
    is_unknown: bool
    was_filed: bool
    is_judged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BurstShown:
    """The pipe that explains a burst best.

    Attributes:
        pipe: Its code.
        start: The node that metres are counted from.
        metres: How far along it.
        certainty: How clearly it is before the runner-up, 0 to 1.
        runner_up: The next best pipe elsewhere; empty if there is none.
        slack_s: How wide the choice of the moment is; below 0, times do not agree.
    """

    pipe: str
    start: str
    metres: int
    certainty: float
    runner_up: str
    slack_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What a group or storm is made of.

    Attributes:
        kind: group, burst or storm.
        name_zh: Its name, 中文.
        name_en: Its name.
        upstream: Code of what the members hang from; empty for a storm.
        children: How many could be members; None for a storm.
        needed: How many it takes.
        within_s: In this time.
        members: As they joined; those that did so together, as they felt it.
        unheard: Codes of devices that no alarm speaks for.
        burst: Where on the mains it is.
    """

    kind: str
    name_zh: str
    name_en: str
    upstream: str
    children: int | None
    needed: int
    within_s: float
    members: Sequence[MemberShown]
    unheard: Sequence[str]
    burst: BurstShown | None


def gathered_of(bundle: Bundle, replayed: Replayed) -> Gathered | None:
    """Return what a group or storm is made of; None for the alarm of a rule."""
    said = bundle.said
    if not bundle.decided.is_of_many or not said or said[0].of is None:
        return None
    plan, key = replayed.plan, said[0].of
    node, burst = plan.layout.nodes.get(key), said[0].burst
    names, needed, within_s = limits_of(plan, key, node)
    unheard = [device for each in said for device in each.unheard]
    return Gathered(
        kind="storm" if node is None else "group" if burst is None else "burst",
        name_zh=names.zh,
        name_en=names.en,
        upstream="" if node is None else node.name,
        children=None if node is None else len(node.children),
        needed=needed,
        within_s=within_s,
        members=_members(bundle, replayed),
        unheard=[plan.device_codes[device] for device in unheard],
        burst=None
        if burst is None
        else BurstShown(
            pipe=burst.pipe,
            start=burst.start,
            metres=burst.metres,
            certainty=burst.certainty,
            runner_up=burst.runner_up,
            slack_s=burst.slack_s,
        ),
    )


def limits_of(
    plan: Plan, key: BundleKey, node: Node | None
) -> tuple[Words, int, float]:
    """Return the name of a group or storm, how many it takes, and in what time."""
    if node is not None:
        group = node.group
        enough = math.ceil(group.share * len(node.children))
        return group.name, max(group.least, enough), group.within_s
    rule, storm = (
        plan.layout.rules[key.code.removeprefix("storm:")],
        plan.layout.settings.storm,
    )
    return rule.name, 0 if storm is None else storm.budget + 1, 60.0


def _members(bundle: Bundle, replayed: Replayed) -> list[MemberShown]:
    plan, gone = replayed.plan, bundle.gone
    times = {entry.seq: entry.at_us for entry in bundle.entries}
    raised = {(t.key, t.seq, t.measured_us): t for t in gone.turns}
    units = _units(replayed)
    shown = [
        _member(
            plan,
            said,
            raised.get(said.alarm),
            joined_us=times[said.seq],
            unit=units.get(said.alarm.key, ""),
            is_judged=said.alarm.key in gone.judged,
        )
        for said in bundle.said
        if said.what == "join"
    ]
    # What joins later is no part of how it began.
    return sorted(
        shown, key=lambda one: (one.joined_at, one.felt_at, one.device, one.rule)
    )


def _units(replayed: Replayed) -> dict[AlarmKey, str]:
    """Return the unit of what each rule holds against its limits on each device."""
    plan = replayed.plan
    resolved = (Resolved(replayed, slot) for slot in range(len(plan.slots)))
    return {
        AlarmKey(one.rule.code, one.rule.version, one.subject.device_id): one.unit
        for one in resolved
    }


def _member(
    plan: Plan,
    said: Said,
    told: Told | None,
    *,
    joined_us: int,
    unit: str,
    is_judged: bool,
) -> MemberShown:
    key = said.alarm.key
    rule = _rule(plan, key)
    delay_us = round(rule.on_delay_s * SECOND_US)
    is_unknown = is_silence(rule)
    is_told = told is not None and not is_unknown
    return MemberShown(
        device=plan.device_codes[key.device_id],
        rule=rule.code,
        rule_zh=rule.name.zh,
        rule_en=rule.name.en,
        felt_at=datetime_from_us(said.alarm.measured_us - delay_us),
        joined_at=datetime_from_us(joined_us),
        value=told.value if told is not None and is_told else None,
        threshold=told.threshold if told is not None and is_told else None,
        unit=unit,
        is_unknown=is_unknown,
        was_filed=said.keeps_own,
        is_judged=is_judged,
    )


def _rule(plan: Plan, key: AlarmKey) -> Rule:
    return next(r for r in plan.rules if (r.code, r.version) == key[:2])
