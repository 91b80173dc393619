"""Make the bundle of an alarm from the journal, while that lasts.

It begins with a short stretch before the decision and takes longer ones until the
engine comes to the same decision again: so it holds what is needed and little more.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from rules.bundle.bundle import Bundle, Decided, Gone
from rules.bundle.entries import cut
from rules.bundle.gather import (
    first_seq,
    gathered,
    told_only,
)
from rules.bundle.part import looked_at, part_with
from rules.bundle.reach import (
    AFTER,
    BEFORE,
    GONE,
    LONGEST_H,
    MOST_ENTRIES,
    MOST_RECORDS,
    MOST_ROWS,
)
from rules.bundle.replay import Replayed, decided_of, replay
from rules.bundle.then import Then, layout_then, plan_then
from rules.engine.entry import learned_from
from rules.engine.learned import Learned
from rules.files.rule_file import RuleFileError
from rules.triage.record import Record, RecordFormatError, record_from
from rules.triage.settings import TriageFileError
from rules.triage.turn import AlarmKey
from rules.worker.resume import CONSUMER
from store.alarms.explained import AlarmFacts
from store.connection import Connection
from store.journal.cursor import cursor_of
from store.journal.entries import read
from store.journal.kept import Kept, journal_kept, seq_before
from store.rules.triage_records import records_between
from vocabulary.position import Positions
from vocabulary.reading import Readings
from vocabulary.times import us_from_datetime

READ_ENTRIES = 1000
"""Entries read at once."""


class NoBundleError(LookupError):
    """There is nothing left to make a bundle of."""


@dataclass(frozen=True, slots=True)
class Made:
    """A bundle and what deciding on it again came to."""

    bundle: Bundle
    replayed: Replayed


@dataclass(frozen=True, slots=True)
class _Ground:
    """Where the entries of a bundle come from.

    Attributes:
        connection: Any.
        kept: What is left of the journal.
        shard: Which journal.
        until_seq: The last entry of the bundle.
        series: Whose readings it holds.
        devices: Whose fixes it holds.
    """

    connection: Connection
    kept: Kept
    shard: int
    until_seq: int
    series: frozenset[int]
    devices: frozenset[int]


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
        alarm: Which.
        time_zone: The city's IANA zone.
        longest_h: Hours before the decision that may be read.
        shard: The journal that it was decided on.

    Raises:
        NoBundleError: If the rule's text or the journal's entries are gone, or this
            release cannot read the rules of then.
        BundleError: If the plan does not judge the device any more.
    """
    kept = await journal_kept(connection, shard=shard)
    if kept is None or kept.oldest_seq > alarm.raised_seq:
        raise NoBundleError(GONE)
    until_seq = await _until_seq(connection, kept, alarm, shard)
    try:
        then = await plan_then(
            connection, alarm, until_seq=until_seq, time_zone=time_zone, shard=shard
        )
        if then is None:
            raise NoBundleError(f"no rule {alarm.rule}@{alarm.rule_version} is stored")
        bundle = _begun(then, alarm, await _records(connection, alarm, then, shard))
    except (RuleFileError, TriageFileError) as error:
        raise NoBundleError(str(error)) from error
    ground = _ground(connection, kept, then, bundle, shard)
    begun_at = await _time_of(connection, bundle.gone, alarm, shard)
    return await _tried(ground, bundle, begun_at, longest_h)


def _begun(then: Then, alarm: AlarmFacts, records: Sequence[Record]) -> Bundle:
    """Return a bundle that has no entries yet."""
    source, decided = then.source, decided_in(alarm)
    layout = layout_then(source)
    gone = gathered(layout, decided, records, until_seq=then.until_seq)
    if decided.is_of_many and gone.why_not:
        raise NoBundleError(gone.why_not)
    part = part_with(source, layout, _looked_for(decided, gone), gone)
    return Bundle(decided, part, gone, ())


def _looked_for(decided: Decided, gone: Gone) -> set[AlarmKey]:
    """Return the alarms whose own samples belong in."""
    return {*gone.judged, *(() if decided.is_of_many else (decided.key,))}


def _ground(
    connection: Connection, kept: Kept, then: Then, bundle: Bundle, shard: int
) -> _Ground:
    seen = looked_at(then.source, _looked_for(bundle.decided, bundle.gone))
    subjects = [s for s in then.source.subjects if s.device_id in seen]
    return _Ground(
        connection=connection,
        kept=kept,
        shard=shard,
        until_seq=then.until_seq,
        series=frozenset(i for s in subjects for i in s.series.values()),
        devices=frozenset(seen),
    )


async def _tried(
    ground: _Ground, bundle: Bundle, begun_at: datetime, longest_h: float
) -> Made:
    """Return the bundle with as long a stretch of the journal as it takes."""
    made: Made | None = None
    for before in (each for each in BEFORE if each <= timedelta(hours=longest_h)):
        begun = begun_at - before
        entries = await _entries(ground, begun)
        if made is not None and _is_too_much(entries):
            break
        made = await _made(bundle, entries)
        is_whole = made.replayed.is_same and not made.replayed.triaged.strays
        if is_whole or begun < ground.kept.oldest_at or _is_too_much(entries):
            break
    if made is None:
        raise AssertionError("no stretch was tried")
    return await _without_strays(made)


async def _without_strays(made: Made) -> Made:
    """Return a bundle in which those others are taken as told that come out otherwise.

    Their own history reaches back further than the bundle.
    """
    others = set(made.replayed.triaged.strays) - {made.bundle.decided.key}
    if not others:
        return _named(made)
    bundle = made.bundle
    gone = told_only(bundle.gone, others)
    again = Bundle(bundle.decided, bundle.source, gone, bundle.entries)
    return _named(await _made(again, list(bundle.entries)))


async def _made(bundle: Bundle, entries: list[Learned]) -> Made:
    tried = Bundle(bundle.decided, bundle.source, bundle.gone, entries)
    return Made(tried, await asyncio.to_thread(replay, tried))


def _named(made: Made) -> Made:
    """Return a bundle that also says how severe the alarm was when it was raised."""
    raised, bundle = made.replayed.raised, made.bundle
    if not made.replayed.is_raised or raised is None:
        return made
    decided = msgspec.structs.replace(
        bundle.decided, severity=decided_of(raised).severity
    )
    return Made(
        Bundle(decided, bundle.source, bundle.gone, bundle.entries), made.replayed
    )


def decided_in(alarm: AlarmFacts) -> Decided:
    """Return what an alarm's row tells of the decision."""
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


async def _until_seq(
    connection: Connection, kept: Kept, alarm: AlarmFacts, shard: int
) -> int:
    """Return the last entry that belongs to a bundle."""
    until = alarm.raised_at + AFTER
    found = await seq_before(connection, kept, until, shard=shard)
    # What the worker has not come to yet nobody has decided on.
    cursor = await cursor_of(connection, CONSUMER, shard=shard)
    return max(min(found, cursor), alarm.raised_seq)


async def _records(
    connection: Connection, alarm: AlarmFacts, then: Then, shard: int
) -> list[Record]:
    """Return what triage did from the alarm, or its first member, on.

    Under another plan it went by other rules: there it begins with its memory.
    """
    decided = decided_in(alarm)
    raising = await _read_records(
        connection, alarm.raised_seq, alarm.raised_seq, shard=shard
    )
    if not raising:
        return []
    first = max(first_seq(decided, raising[0]), then.from_seq)
    found = await _read_records(connection, first, then.until_seq, shard=shard)
    return [] if len(found) >= MOST_RECORDS else found


async def _read_records(
    connection: Connection, first_seq: int, last_seq: int, *, shard: int
) -> list[Record]:
    written = await records_between(
        connection,
        first_seq=first_seq,
        last_seq=last_seq,
        limit=MOST_RECORDS,
        shard=shard,
    )
    try:
        return list(map(record_from, written))
    except RecordFormatError:
        return []


async def _time_of(
    connection: Connection, gone: Gone, alarm: AlarmFacts, shard: int
) -> datetime:
    """Return the time from which on triage is decided again."""
    if not gone.turns:
        return alarm.raised_at
    read_now = await read(connection, after=gone.after_seq, limit=1, shard=shard)
    return min([alarm.raised_at, *(entry.received_at for entry in read_now)])


async def _entries(ground: _Ground, begun: datetime) -> list[Learned]:
    connection, shard = ground.connection, ground.shard
    after = await seq_before(connection, ground.kept, begun, shard=shard)
    found: list[Learned] = []
    while len(found) < MOST_ENTRIES:
        read_now = await read(connection, after=after, limit=READ_ENTRIES, shard=shard)
        known = [learned_from(e) for e in read_now if e.seq <= ground.until_seq]
        found += cut(known, series=ground.series, devices=ground.devices)
        if not known or len(known) < len(read_now):
            break
        after = known[-1].seq
    return found


def _is_too_much(entries: list[Learned]) -> bool:
    rows = sum(0 if e.content is None else _rows(e) for e in entries)
    return rows > MOST_ROWS or len(entries) >= MOST_ENTRIES


def _rows(entry: Learned) -> int:
    content = entry.content
    return len(content) if isinstance(content, Readings | Positions) else 1
