"""The part of a plan that one alarm needs: its rule, its device, what that hangs from.

Rules look at their own device, the one it hangs from, and the geofences; so the engine
comes to the same decision. What triage makes of it depends on the neighbours as well,
which a bundle has not: it is told, not decided again.
"""

import msgspec

from rules.plan_source import LIVE, PlanSource
from rules.subject import Subject


def part_of(
    source: PlanSource, *, rule: str, version: int, device_id: int
) -> PlanSource:
    """Return the part of a plan's source that one alarm needs.

    Args:
        source: Of the plan in force.
        rule: Code of the rule.
        version: Its version.
        device_id: The device the alarm is on.
    """
    texts = tuple(
        msgspec.structs.replace(text, stage=LIVE)
        for text in source.rules
        if (text.code, text.version) == (rule, version)
    )
    by_id = {subject.device_id: subject for subject in source.subjects}
    needed = _above(device_id, by_id)
    return msgspec.structs.replace(
        source,
        rules=texts,
        subjects=tuple(s for s in source.subjects if s.device_id in needed),
        windows=(),
    )


def _above(device_id: int, by_id: dict[int, Subject]) -> set[int]:
    """Return a device and all that it hangs from."""
    found: set[int] = set()
    at: int | None = device_id
    while at is not None and at in by_id and at not in found:
        found.add(at)
        at = by_id[at].upstream_id
    return found
