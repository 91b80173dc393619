"""What the alarm of a group or a storm says, and what it asks of the cases. Pure."""

import math
from dataclasses import replace

from cases.request import FilingRequest, Hit, Problem, Severity, Shape
from cases.subject import SubjectKind
from rules.files.reason import NOTHING
from rules.files.rule import Words
from rules.plan.plan import Plan
from rules.triage.desk import Bundle
from rules.triage.layout import Node
from rules.triage.settings import Group
from store.alarms.raised import NewAlarm
from vocabulary.times import SECOND_US, datetime_from_us

_STORM = Words(
    "“{rule}”在同一片区一分钟内超过 {budget} 起，合并为一案，已含 {n} 处；"
    "最重的另行立案",
    "{rule}: more than {budget} in one area within a minute, filed as one case; {n} "
    "places so far, the worst are filed on their own as well",
)
"""Why a storm is one case."""


def bundle_alarm(plan: Plan, bundle: Bundle) -> NewAlarm:
    """Return the alarm that a group or storm raises on its own."""
    words = bundle_reason(plan, bundle)
    at = datetime_from_us(bundle.opened_us)
    return NewAlarm(
        rule=bundle.lead.rule,
        rule_version=bundle.lead.version,
        device_id=bundle.lead.device_id,
        severity=bundle_severity(plan, bundle),
        raised_seq=bundle.opened_seq,
        raised_at=at,
        measured_at=at,
        value=None,
        threshold=_threshold(plan, bundle),
        reason_zh=words.zh,
        reason_en=words.en,
    )


def bundle_request(
    plan: Plan, bundle: Bundle, alarm_id: int, *, seq: int, at_us: int, kind: Hit
) -> FilingRequest:
    """Return what the cases are asked for a group or storm as it now is."""
    words, triage = bundle_reason(plan, bundle), plan.source.triage
    return FilingRequest(
        rule=bundle.lead.rule,
        rule_version=bundle.lead.version,
        rule_source="" if triage is None else triage.source,
        alarm_id=alarm_id,
        safety=False,
        kind=kind,
        files=_files(plan, bundle),
        severity=bundle_severity(plan, bundle),
        device_id=bundle.lead.device_id,
        quantity=None,
        seq=seq,
        at=datetime_from_us(at_us),
        measured_at=datetime_from_us(bundle.last_us),
        value=float(bundle.bad + bundle.unknown),
        threshold=_threshold(plan, bundle),
        lon=None if bundle.burst is None else bundle.burst.lon,
        lat=None if bundle.burst is None else bundle.burst.lat,
        reason_zh=words.zh,
        reason_en=words.en,
        shape=Shape.STORM if bundle.is_storm else Shape.GROUP,
        subject=_subject(plan, bundle),
    )


def bundle_severity(plan: Plan, bundle: Bundle) -> Severity:
    """Return how bad a group or storm is by itself."""
    if bundle.is_storm:
        return plan.layout.rules[_rule_code(bundle)].severities[0]
    return _node(plan, bundle).group.severity


def bundle_reason(plan: Plan, bundle: Bundle) -> Words:
    """Return why it is one case."""
    if bundle.is_storm:
        rule, storm = plan.layout.rules[_rule_code(bundle)], plan.layout.settings.storm
        budget = 0 if storm is None else storm.budget
        n = bundle.bad + bundle.unknown
        return Words(
            _STORM.zh.format(rule=rule.name.zh, budget=budget, n=n),
            _STORM.en.format(rule=rule.name.en, budget=budget, n=n),
        )
    return _of_group(_node(plan, bundle), bundle)


def _of_group(node: Node, bundle: Bundle) -> Words:
    facts: dict[str, str | int] = {
        "upstream": node.name,
        "bad": bundle.bad,
        "unknown": bundle.unknown,
        "of": len(node.children),
        "within_s": max(1, math.ceil((bundle.last_us - bundle.first_us) / SECOND_US)),
    }
    if (burst := bundle.burst) is not None:
        facts |= {
            "metres": burst.metres,
            "start": burst.start,
            "certainty": f"{burst.certainty:.0%}",
            "runner_up": burst.runner_up or NOTHING,
        }
    reason = node.group.reason
    return Words(reason.zh.format_map(facts), reason.en.format_map(facts))


def _files(plan: Plan, bundle: Bundle) -> Problem:
    if not bundle.is_storm:
        return _node(plan, bundle).group.files
    files = plan.layout.rules[_rule_code(bundle)].files
    if files is None:
        raise AssertionError("a rule without a problem has no storms")
    return replace(
        files,
        title_zh=f"{files.title_zh}（成批）",
        title_en=f"{files.title_en} (many at once)",
    )


def _subject(plan: Plan, bundle: Bundle) -> tuple[str, int] | None:
    if bundle.is_storm:
        return SubjectKind.AREA, int(bundle.key.node.removeprefix("area:"))
    gateway_id = _node(plan, bundle).gateway_id
    return None if gateway_id is None else (SubjectKind.GATEWAY, gateway_id)


def _threshold(plan: Plan, bundle: Bundle) -> float:
    """Return how many it takes."""
    if bundle.is_storm:
        storm = plan.layout.settings.storm
        return 0.0 if storm is None else float(storm.budget)
    node = _node(plan, bundle)
    return float(_enough(node.group, len(node.children)))


def _enough(group: Group, children: int) -> int:
    return max(group.least, math.ceil(group.share * children))


def _node(plan: Plan, bundle: Bundle) -> Node:
    return plan.layout.nodes[bundle.key]


def _rule_code(bundle: Bundle) -> str:
    return bundle.key.code.removeprefix("storm:")
