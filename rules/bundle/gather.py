"""From what triage did to what is needed to decide it again for one alarm. Pure.

Alarms have to do with each other if they may belong to one thing: a node of a group, a
storm. Of all that were decided on around the alarm those are taken that hang together
with it so; nobody else can have changed what became of it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from cases.request import Hit
from rules.bundle.bundle import Decided, Gone
from rules.bundle.reach import (
    MOST_JUDGED,
    MOST_TURNS,
    TOO_LARGE,
    TOO_MANY,
    UNRECORDED,
)
from rules.triage.desk import BundleKey
from rules.triage.layout import Layout
from rules.triage.memory import merged, tags_of, tied
from rules.triage.record import Record, Said, Told
from rules.triage.turn import AlarmKey


def first_seq(decided: Decided, record: Record) -> int:
    """Return the entry from which on triage must be decided again.

    Args:
        decided: The alarm.
        record: Of the transaction that raised it.
    """
    if not decided.is_of_many:
        return decided.raised_seq
    joined = [
        said.alarm.seq
        for said in record.said
        if said.lead == decided.key
        and said.what == "join"
        and said.seq == decided.raised_seq
        and not said.keeps_own
    ]
    return min(joined, default=decided.raised_seq)


def gathered(
    layout: Layout, decided: Decided, records: Sequence[Record], *, until_seq: int
) -> Gone:
    """Return what triage went by when it decided on an alarm.

    Args:
        layout: What triage went by.
        decided: The alarm.
        records: From the one on that raised it, or its first member.
        until_seq: The last entry that belongs to the bundle.
    """
    every = [each for record in records for each in record.said]
    said = [each for each in every if each.seq <= until_seq]
    if not any(each.alarm == decided.ref for each in said):
        return Gone(why_not=UNRECORDED)
    befores = [record.before for record in records if record.before is not None]
    if len(befores) < len(records):
        return Gone(why_not=TOO_LARGE, said=decided.of(said))
    turns = [t for record in records for t in record.turns if t.seq <= until_seq]
    seeds = _seeds(decided, said)
    alarms, tags = _together(layout, seeds, _keys(turns, said))
    after_seq = records[0].after_seq
    turns = [turn for turn in turns if turn.key in alarms]
    if len(turns) > MOST_TURNS:
        return Gone(why_not=TOO_MANY, said=decided.of(said))
    return Gone(
        after_seq=after_seq,
        until_seq=until_seq,
        before=tied(merged(befores, after_seq=after_seq), tags, alarms),
        turns=tuple(turns),
        said=tuple(s for s in said if s.alarm.key in alarms or s.of in tags),
        judged=_judged(decided, seeds, turns),
    )


def told_only(gone: Gone, keys: Iterable[AlarmKey]) -> Gone:
    """Return what triage went by with some alarms taken as told."""
    left = set(keys)
    judged = tuple(key for key in gone.judged if key not in left)
    return msgspec.structs.replace(gone, judged=judged)


def _seeds(decided: Decided, said: Iterable[Said]) -> set[AlarmKey]:
    """Return the alarm itself; of a group or storm, its members."""
    if not decided.is_of_many:
        return {decided.key}
    return {each.alarm.key for each in decided.of(said) if each.what == "join"}


def _keys(turns: Iterable[Told], said: Iterable[Said]) -> set[AlarmKey]:
    return {turn.key for turn in turns} | {each.alarm.key for each in said}


def _together(
    layout: Layout, seeds: set[AlarmKey], keys: set[AlarmKey]
) -> tuple[set[AlarmKey], set[BundleKey]]:
    """Return the alarms that hang together with some, and by what."""
    tags_by_key = {key: tags_of(layout, key) for key in keys | seeds}
    by_tag: dict[BundleKey, list[AlarmKey]] = {}
    for key, tags in tags_by_key.items():
        for tag in tags:
            by_tag.setdefault(tag, []).append(key)
    found, seen, ahead = set(seeds), set[BundleKey](), list(seeds)
    while ahead:
        for tag in tags_by_key[ahead.pop()] - seen:
            seen.add(tag)
            ahead += [key for key in by_tag[tag] if key not in found]
            found |= set(by_tag[tag])
    return found, seen


def _judged(
    decided: Decided, seeds: set[AlarmKey], turns: Iterable[Told]
) -> tuple[AlarmKey, ...]:
    """Return whose samples are taken along: the alarm, its members, then others.

    Of what was raised before, the first turn here is another: that is taken as told.
    """
    first: dict[AlarmKey, Told] = {}
    for turn in turns:
        first.setdefault(turn.key, turn)
    raised = [key for key, turn in first.items() if turn.kind is Hit.RAISED]
    raised.sort(key=lambda key: (key != decided.key, key not in seeds))
    return tuple(raised[:MOST_JUDGED])
