"""The part of a plan that one alarm needs: its rule, and the devices it looks at.

Those are its own, what that hangs from, and whose readings feed it or let it judge. So
the engine comes to the same decision. What triage makes of it depends on neighbours as
well, which a bundle has not: it is told, not decided again.
"""

import msgspec

from rules.files.rule_file import parse_rule
from rules.plan.plan_source import LIVE, PlanSource
from rules.plan.subject import Subject
from rules.plan.town import Town


def part_of(
    source: PlanSource, *, rule: str, version: int, device_id: int
) -> PlanSource:
    """Return the part of a plan's source that one alarm needs.

    Args:
        source: Of the plan in force.
        rule: Code of the rule.
        version: Its version.
        device_id: The device the alarm is on.

    Raises:
        RuleFileError: If the rule file is wrong.
    """
    texts = tuple(
        msgspec.structs.replace(text, stage=LIVE)
        for text in source.rules
        if (text.code, text.version) == (rule, version)
    )
    by_id = {subject.device_id: subject for subject in source.subjects}
    needed = _above(device_id, by_id)
    if texts and device_id in by_id:
        needed |= _looked_at(source, texts[0].source, by_id[device_id])
    return msgspec.structs.replace(
        source,
        rules=texts,
        subjects=tuple(s for s in source.subjects if s.device_id in needed),
        triage=None,
        windows=(),
        splits=(),
    )


def _looked_at(source: PlanSource, text: str, subject: Subject) -> set[int]:
    """Return the devices whose readings a rule asks for on one device."""
    rule = parse_rule(text, version=1)
    town = Town(
        {each.device_id: each for each in source.subjects},
        source.geofences,
        source.time_zone,
    )
    draft = rule.condition.draft(rule, subject, town)
    if draft is None:
        return set()
    series = {*draft.feeding, *(side.series_id for side in draft.sides)}
    return {
        each.device_id
        for each in source.subjects
        if not series.isdisjoint(each.series.values())
    }


def _above(device_id: int, by_id: dict[int, Subject]) -> set[int]:
    """Return a device and all that it hangs from."""
    found: set[int] = set()
    at: int | None = device_id
    while at is not None and at in by_id and at not in found:
        found.add(at)
        at = by_id[at].upstream_id
    return found
