"""Make the bundle of an alarm from the journal, while that lasts.

It begins with a short stretch before the decision and takes longer ones until the
engine comes to the same decision again: so it holds what is needed and little more.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from devices.registry.snapshot import load_snapshot
from rules.bundle.entries import cut
from rules.bundle.part import part_of
from rules.bundle.replay import Bundle, Decided, Replayed, decided_of, replay
from rules.conditions.fence_keys import geofences_of
from rules.engine.entry import learned_from
from rules.engine.learned import Learned
from rules.files.rule_file import parse_rule
from rules.plan.plan_source import PlanSource, RuleText
from rules.worker.present import current_source
from store.backtest_read import Kept, journal_kept, seq_before
from store.connection import Connection
from store.explain_read import AlarmFacts
from store.journal import read
from store.rule_read import version_of
from vocabulary.times import us_from_datetime

BEFORE = (
    timedelta(minutes=15),
    timedelta(hours=2),
    timedelta(hours=12),
    timedelta(hours=48),
)
"""Stretches before the decision that are tried, one after the other."""

LONGEST_H = 48.0
"""The longest of them, in hours."""

AFTER = timedelta(minutes=5)
"""How far after the decision a bundle reaches."""

MOST_ENTRIES = 250_000
"""Most entries that are read for one bundle."""

READ_ENTRIES = 1000
"""Entries read at once."""


class NoBundleError(LookupError):
    """There is nothing left to make a bundle of."""


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle and what deciding on it again came to."""

    bundle: Bundle
    replayed: Replayed


async def make_bundle(
    connection: Connection,
    alarm: AlarmFacts,
    *,
    time_zone: str,
    longest_h: float = LONGEST_H,
    shard: int = 0,
) -> Made:
    """Return the bundle of an alarm.

    Args:
        connection: Any.
        alarm: Which; one of a rule, not of a group or storm.
        time_zone: The city's IANA zone.
        longest_h: Hours before the decision that may be read.
        shard: The journal that it was decided on.

    Raises:
        NoBundleError: If the rule's text or the journal's entries are gone.
    """
    kept = await journal_kept(connection, shard=shard)
    if kept is None or kept.oldest_seq > alarm.raised_seq:
        raise NoBundleError("the journal's entries of that time are not kept any more")
    source = await _source(connection, alarm, time_zone)
    made: Made | None = None
    for before in (each for each in BEFORE if each <= timedelta(hours=longest_h)):
        begun = alarm.raised_at - before
        entries = await _entries(
            connection, kept, source, alarm, begun=begun, shard=shard
        )
        bundle = Bundle(_decided(alarm), source, entries)
        made = Made(bundle, await asyncio.to_thread(replay, bundle))
        if made.replayed.is_same or begun < kept.oldest_at:
            break
        if len(entries) >= MOST_ENTRIES:
            break
    if made is None:
        raise AssertionError("no stretch was tried")
    return _named(made)


def _decided(alarm: AlarmFacts) -> Decided:
    return Decided(
        rule=alarm.rule,
        rule_version=alarm.rule_version,
        device_id=alarm.device_id,
        raised_seq=alarm.raised_seq,
        measured_us=us_from_datetime(alarm.measured_at),
        severity=None,
        value=alarm.value,
        threshold=alarm.threshold,
    )


def _named(made: Made) -> Made:
    """Return a bundle that also says how severe the alarm was when it was raised."""
    raised = made.replayed.raised
    if not made.replayed.is_same or raised is None:
        return made
    decided = msgspec.structs.replace(
        made.bundle.decided, severity=decided_of(raised).severity
    )
    bundle = Bundle(decided, made.bundle.source, made.bundle.entries)
    return Made(bundle, made.replayed)


async def _source(
    connection: Connection, alarm: AlarmFacts, time_zone: str
) -> PlanSource:
    """Return the part of the plan an alarm needs, with its own version of the rule."""
    found = await version_of(connection, alarm.rule, alarm.rule_version)
    if found is None:
        raise NoBundleError(f"no rule {alarm.rule}@{alarm.rule_version} is stored")
    snapshot = await load_snapshot(connection)
    source = await current_source(
        connection, snapshot, at=alarm.raised_at, time_zone=time_zone
    )
    rule = parse_rule(found.source, version=found.version)
    whole = msgspec.structs.replace(
        source,
        rules=(RuleText(found.code, found.version, found.source),),
        geofences=geofences_of([rule], snapshot.geofences.values()),
    )
    return part_of(
        whole,
        rule=alarm.rule,
        version=alarm.rule_version,
        device_id=alarm.device_id,
    )


async def _entries(
    connection: Connection,
    kept: Kept,
    source: PlanSource,
    alarm: AlarmFacts,
    *,
    begun: datetime,
    shard: int,
) -> list[Learned]:
    series = {i for s in source.subjects for i in s.series.values()}
    devices = {subject.device_id for subject in source.subjects}
    after = await seq_before(connection, kept, begun, shard=shard)
    until = alarm.raised_at + AFTER
    found: list[Learned] = []
    while len(found) < MOST_ENTRIES:
        read_now = await read(connection, after=after, limit=READ_ENTRIES, shard=shard)
        known = [
            learned_from(entry)
            for entry in read_now
            if entry.received_at <= until or entry.seq <= alarm.raised_seq
        ]
        found += cut(known, series=series, devices=devices)
        if not known or len(known) < len(read_now):
            break
        after = known[-1].seq
    return found
