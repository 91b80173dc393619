"""The plan that was in force when an alarm was raised."""

from dataclasses import dataclass
from functools import lru_cache

import msgspec

from devices.registry.snapshot import load_snapshot
from rules.conditions.fence_keys import geofences_of
from rules.files.rule_file import parse_rule
from rules.plan.plan_source import (
    LIVE,
    SHADOW,
    PlanSource,
    PlanSourceError,
    RuleText,
    source_from,
    source_written,
)
from rules.triage.desk import Handling
from rules.triage.layout import Layout, layout_from
from rules.worker.past_plans import past_source
from rules.worker.present import current_source
from store.alarms.explained import AlarmFacts
from store.connection import Connection
from store.rules.plan_sources import sources_between
from store.rules.read import version_of


@dataclass(frozen=True, slots=True)
class Then:
    """What the plan was made of when an alarm was raised.

    Attributes:
        source: That.
        from_seq: The first entry that it judged; 0 where nobody wrote it down: then it
            is the present one.
        until_seq: The last one of a stretch that it judged.
    """

    source: PlanSource
    from_seq: int
    until_seq: int


async def plan_then(
    connection: Connection,
    alarm: AlarmFacts,
    *,
    until_seq: int,
    time_zone: str,
    shard: int,
) -> Then | None:
    """Return what the plan was made of when an alarm was raised.

    Where that was not written down it is the present one, with the alarm's own version
    of its rule.

    Args:
        connection: Any.
        alarm: The alarm.
        until_seq: The last entry of interest.
        time_zone: The city's IANA zone.
        shard: The journal that it was decided on.

    Returns:
        None if the rule's text is gone.
    """
    try:
        source = await past_source(connection, alarm.raised_seq, shard=shard)
    except PlanSourceError:
        source = None
    if source is None:
        source = await _present(connection, alarm, time_zone)
        return None if source is None else Then(source, 0, until_seq)
    # The list begins with what judged the entry itself.
    marks = await sources_between(
        connection, alarm.raised_seq - 1, until_seq, shard=shard
    )
    later = [mark.from_seq for mark in marks if mark.from_seq > alarm.raised_seq]
    return Then(source, marks[0].from_seq, min([until_seq, *(s - 1 for s in later)]))


async def _present(
    connection: Connection, alarm: AlarmFacts, time_zone: str
) -> PlanSource | None:
    snapshot = await load_snapshot(connection)
    source = await current_source(
        connection, snapshot, at=alarm.raised_at, time_zone=time_zone
    )
    if alarm.is_of_many:
        return source
    found = await version_of(connection, alarm.rule, alarm.rule_version)
    if found is None:
        return None
    stage = SHADOW if alarm.handling == Handling.SHADOW else LIVE
    own = RuleText(found.code, found.version, found.source, stage)
    rule = parse_rule(own.source, version=own.version)
    others = [text for text in source.rules if text.code != own.code]
    fences = {fence.id: fence for fence in source.geofences}
    fences |= {f.id: f for f in geofences_of([rule], snapshot.geofences.values())}
    return msgspec.structs.replace(
        source,
        rules=tuple(sorted([*others, own], key=lambda text: (text.code, text.version))),
        geofences=tuple(fence for _, fence in sorted(fences.items())),
    )


def layout_then(source: PlanSource) -> Layout:
    """Return what triage went by under a plan."""
    return _layout(source_written(source))


@lru_cache(maxsize=2)
def _layout(octets: bytes) -> Layout:
    """Return the layout of a written source; kept, since alarms come in numbers."""
    source = source_from(octets)
    rules = [
        parse_rule(text.source, version=text.version, name=text.code)
        for text in source.rules
    ]
    return layout_from(source, rules)
