"""Bundles without a database: the worker's transactions, and what it writes down."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from cases.request import Hit
from rules.bundle.bundle import Bundle, Decided
from rules.bundle.entries import cut
from rules.bundle.gather import first_seq, gathered
from rules.bundle.part import looked_at, part_with
from rules.engine.fold import fold
from rules.engine.learned import Learned
from rules.plan.compile import compile_plan
from rules.plan.plan import Plan
from rules.plan.plan_source import PlanSource
from rules.triage.desk import Desk
from rules.triage.record import Record, Told, record_from, record_of, record_written
from rules.triage.triage import triage_all

BATCH = 7
"""Entries in one transaction."""


def records_of(plan: Plan, entries: Sequence[Learned]) -> list[Record]:
    """Judge entries as the worker does, and return what it writes down."""
    state, desk, records = plan.fresh_state(), Desk(), []
    places = [*range(0, len(entries), BATCH), len(entries)]
    for begin, end in pairwise(places):
        part = entries[begin:end]
        folded = fold(plan, state, part)
        before, times = desk, [(entry.seq, entry.at_us) for entry in part]
        desk, decisions = triage_all(plan, desk, times, folded.transitions)
        if decisions:
            record = record_of(
                plan.layout,
                before,
                folded.transitions,
                decisions,
                seqs=(state.seq, part[-1].seq),
            )
            records.append(record_from(record_written(record)))
        state = folded.state
    return records


def bundles_of(source: PlanSource, entries: Sequence[Learned]) -> Iterator[Bundle]:
    """Yield the bundle of every alarm that is raised, those of many included."""
    plan = compile_plan(source)
    records = records_of(plan, entries)
    for decided in (each for record in records for each in _decided(record)):
        raising = next(r for r in records if r.until_seq >= decided.raised_seq)
        first = first_seq(decided, raising)
        yield bundle_of(
            plan, decided, [r for r in records if r.until_seq >= first], entries
        )


def bundle_of(
    plan: Plan, decided: Decided, records: Sequence[Record], entries: Sequence[Learned]
) -> Bundle:
    gone = gathered(plan.layout, decided, records, until_seq=entries[-1].seq)
    keys = {*gone.judged, *(() if decided.is_of_many else (decided.key,))}
    seen = looked_at(plan.source, keys)
    series = {
        i for s in plan.subjects if s.device_id in seen for i in s.series.values()
    }
    part = part_with(plan.source, plan.layout, keys, gone)
    return Bundle(decided, part, gone, list(cut(entries, series=series, devices=seen)))


def _decided(record: Record) -> Iterator[Decided]:
    for turn in record.turns:
        if turn.kind is Hit.RAISED:
            yield _of_turn(turn)
    for said in record.said:
        if said.what == "open":
            key, seq, measured_us = said.alarm
            yield Decided(
                rule=key.rule,
                rule_version=key.version,
                device_id=key.device_id,
                raised_seq=seq,
                measured_us=measured_us,
                severity=None,
                value=None,
                threshold=None,
            )


def _of_turn(turn: Told) -> Decided:
    return Decided(
        rule=turn.key.rule,
        rule_version=turn.key.version,
        device_id=turn.key.device_id,
        raised_seq=turn.seq,
        measured_us=turn.measured_us,
        severity=turn.severity,
        value=turn.value,
        threshold=turn.threshold,
    )
