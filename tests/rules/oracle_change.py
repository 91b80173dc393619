"""What of a plan's rules and devices there is to judge, and what outlasts a change."""

from dataclasses import fields

from rules.conditions.silence import Silence
from rules.files.rule_file import parse_rule
from rules.plan.plan_source import PlanSource
from rules.plan.town import Town
from tests.rules.oracle_meters import meter_of
from tests.rules.oracle_slot import Meter, Slot
from tests.rules.oracle_yard import Yard

REMEMBERED = (
    "meter",
    "states",
    "held",
    "floor",
    "began",
    "turned",
    "newest",
    "last",
)
"""What of a slot outlasts a change of rules or devices."""


def slots_of(source: PlanSource, yard: Yard) -> list[Slot]:
    """Return what each rule judges on each device, all of it new."""
    rules = [parse_rule(t.source, version=t.version) for t in source.rules]
    subjects = {s.device_id: s for s in source.subjects}
    town = Town(subjects, source.geofences, source.time_zone)
    drafts = [
        draft
        for rule in rules
        for subject in source.subjects
        if subject.kind == rule.kind
        and (draft := rule.condition.draft(rule, subject, town)) is not None
    ]
    return [Slot.of(draft, meter_of(draft, town, yard)) for draft in drafts]


def learning_of(slots: list[Slot]) -> set[int]:
    """Return the devices whose habit counts for a rule."""
    return {
        slot.subject.device_id
        for slot in slots
        if isinstance(slot.rule.condition, Silence) and slot.rule.condition.learn > 1
    }


def asked_of(meter: Meter) -> dict[str, object]:
    """Return what a meter is asked, to be asked of another."""
    names = {field.name for field in fields(meter)} & {"asked", "first_series"}  # type: ignore[arg-type] # all are dataclasses
    return {name: getattr(meter, name) for name in names}
