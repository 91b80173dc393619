"""Take entries of the journal: their alarms, cases and the cursor in one transaction.

What breaks a part of it is left out and written down; nothing else waits for it. What
is left out for good is left out once: the state is kept right behind it.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from cases.filing import collect_due
from devices.registry.snapshot import load_snapshot
from rules.correction.work import note
from rules.engine.carry import Withdrawn
from rules.engine.entry import BARRIERS, learned_from
from rules.engine.learned import Learned
from rules.engine.transition import Transition
from rules.worker.fixes import Fixes
from rules.worker.halting import (
    Break,
    BrokenPartError,
    Faults,
    alarm_key,
    break_at,
    halt,
    halt_at,
    part_of,
    uncompilable,
)
from rules.worker.judging import Judged, both, judge_all
from rules.worker.noting import note_triage
from rules.worker.present import current_source
from rules.worker.resume import CONSUMER, Position, reload, save
from rules.worker.storing import Town, file_requests, store_alarms
from store.alarms.raised import withdraw_alarms
from store.connection import Connection, make_impatient
from store.journal.cursor import move_cursor
from store.journal.entries import Entry
from store.rules.faults import FaultKind, next_try, note_faults, try_again
from store.rules.samples import SampleCount, add_samples
from vocabulary.times import SECOND_US, datetime_from_us

log = logging.getLogger(__name__)

CHECKPOINT_ENTRIES = 2000
"""Most entries between two checkpoints: as many are folded again after a restart."""

CHECKPOINT_US = 10 * SECOND_US
"""Longest journal time between two checkpoints."""


@dataclass(frozen=True, slots=True)
class Worker:
    """What one worker works with, and how far it has got.

    Attributes:
        connection: Holds the shard's lock.
        shard: Which journal.
        time_zone: The city's, for case numbers.
        position: After the last committed entry.
        saved_seq: The entry of the last checkpoint.
        saved_us: That entry's time.
        collected_us: Journal time when cases were last asked for what is due.
        retry_at: Journal time when a halted rule is tried again; None if none is.
        fixes: Where vehicles are, for hits that do not say.
        counts: What became of samples since the last checkpoint, see `Folded.counts`.
        early: Held rows judged before their time since then.
    """

    connection: Connection
    shard: int
    time_zone: str
    position: Position
    saved_seq: int
    saved_us: int
    collected_us: int
    retry_at: datetime | None
    fixes: Fixes
    counts: NDArray[np.int64] | None = None
    early: int = 0

    @property
    def now(self) -> datetime:
        """The journal's time after the last entry taken."""
        return datetime_from_us(max(self.position.state.at_us, 0))


async def take(worker: Worker, entries: Sequence[Entry]) -> Worker:
    """Take entries and return the worker after its commit.

    Args:
        worker: Before them.
        entries: In journal order, at least one; only the last may be a barrier.
    """
    learned = [learned_from(entry) for entry in entries]
    judged = _judge(worker, learned)
    if not _is_fold_broken(judged):
        worker.fixes.hear(learned)
        return await _write(worker, entries, judged)
    for entry, told in zip(entries, learned, strict=True):
        judged, broke = _judge(worker, [told]), None
        if _is_fold_broken(judged):
            broke = break_at(worker.position, told)
        if broke is not None:
            judged = _judge(replace(worker, position=broke.position), [told])
        worker.fixes.hear([told])
        worker = await _write(worker, [entry], judged, broke)
    return worker


def _judge(worker: Worker, learned: Sequence[Learned]) -> Judged:
    position = worker.position
    return judge_all(position.plan, position.state, position.desk, learned)


def _is_fold_broken(judged: Judged) -> bool:
    return any(wrong.is_fold for wrong in judged.wrongs)


async def _write(
    worker: Worker, entries: Sequence[Entry], judged: Judged, broke: Break | None = None
) -> Worker:
    connection, last = worker.connection, entries[-1]
    faults = Faults(last.seq, last.received_at)
    for wrong in judged.wrongs:
        faults.add(wrong.what, wrong.reason, seq=wrong.seq)
    gone: list[Withdrawn] = []
    async with connection.transaction():
        if broke is not None:
            worker = await _halt(worker, broke)
        after = await _collect(_folded(worker, judged), faults)
        position = after.position
        await note(connection, judged.folded.late)
        requests = await store_alarms(
            connection, position.plan, judged.decisions, faults
        )
        await note_triage(
            connection, worker.position, judged, faults, shard=worker.shard
        )
        is_reload = await _is_retry(after) or last.kind in BARRIERS
        if is_reload:
            after = await _count(after)  # by the rules of before
            after, gone = await _reload(after, faults)
        must_save = is_reload or broke is not None or bool(faults.found)
        after = await _move(after, must_save=must_save)
        # Last, for it ends with entries of its own, and all writers wait for those.
        if requests:
            await make_impatient(connection)
            town = Town(position.snapshot, worker.time_zone, worker.shard, worker.fixes)
            await file_requests(connection, requests, town, faults)
        await _withdraw(after, gone)
        await note_faults(connection, faults.found, shard=worker.shard)
    for transition in judged.folded.transitions:
        _tell(transition)
    return after


async def _halt(worker: Worker, broke: Break) -> Worker:
    """Go on without the rules that break on an entry, as that entry is taken."""
    worker = await _count(worker)  # by the rules of before
    connection = worker.connection
    await halt_at(connection, broke, worker.position.plan, shard=worker.shard)
    retry_at = await next_try(connection)
    return replace(worker, position=broke.position, retry_at=retry_at)


def _folded(worker: Worker, judged: Judged) -> Worker:
    """Return the worker after entries that are judged."""
    folded = judged.folded
    return replace(
        worker,
        position=replace(worker.position, state=folded.state, desk=judged.desk),
        counts=both(worker.counts, folded.counts),
        early=worker.early + folded.early,
    )


async def _collect(worker: Worker, faults: Faults) -> Worker:
    """Let cases copy the samples that have come since, once a second of the journal."""
    at_us = worker.position.state.at_us
    if at_us - worker.collected_us < SECOND_US:
        return worker
    try:
        async with part_of(worker.connection):
            await collect_due(worker.connection, now=datetime_from_us(at_us))
    except BrokenPartError as broken:
        faults.add(FaultKind.CASE, broken.reason)
    return replace(worker, collected_us=at_us)


async def _is_retry(worker: Worker) -> bool:
    """Let halted rules judge again whose time has come; tell whether there are any."""
    if worker.retry_at is None or worker.now < worker.retry_at:
        return False
    return await try_again(worker.connection, worker.now) > 0


async def _reload(worker: Worker, faults: Faults) -> tuple[Worker, list[Withdrawn]]:
    """Go on under the rules and devices of now; if they make no plan, as before.

    Alarms that nobody judges any more are returned, for `_withdraw`.
    """
    try:
        after, gone = await _reloaded(worker)
    except BrokenPartError as broken:
        try:
            await _halt_uncompilable(worker)
            after, gone = await _reloaded(worker)
        except BrokenPartError:
            faults.add(FaultKind.PLAN, broken.reason)
            return worker, []
    return replace(after, retry_at=await next_try(worker.connection)), gone


async def _reloaded(worker: Worker) -> tuple[Worker, list[Withdrawn]]:
    async with part_of(worker.connection):
        position, withdrawn = await reload(
            worker.connection,
            worker.position,
            time_zone=worker.time_zone,
            shard=worker.shard,
        )
    if position.plan.key != worker.position.plan.key:
        log.info("rules: %d rules now", len(position.plan.rules))
    return replace(worker, position=position), withdrawn


async def _withdraw(worker: Worker, gone: Sequence[Withdrawn]) -> None:
    """Clear alarms that nobody judges any more.

    After the hits of the entries before are filed, which find the alarms standing.
    """
    if gone:
        await withdraw_alarms(
            worker.connection,
            map(alarm_key, gone),
            seq=worker.position.state.seq,
            at=worker.now,
        )


async def _halt_uncompilable(worker: Worker) -> None:
    connection, seq = worker.connection, worker.position.state.seq
    async with part_of(connection):
        snapshot = await load_snapshot(connection)
        source = await current_source(
            connection, snapshot, at=worker.now, time_zone=worker.time_zone
        )
        found = uncompilable(source, seq=seq, at=worker.now)
        await halt(connection, found, worker.shard)


async def _move(worker: Worker, *, must_save: bool) -> Worker:
    """Move the cursor, and keep the state where it is due."""
    connection, shard = worker.connection, worker.shard
    position, state = worker.position, worker.position.state
    await move_cursor(connection, CONSUMER, state.seq, shard=shard)
    is_due = (
        state.seq - worker.saved_seq >= CHECKPOINT_ENTRIES
        or state.at_us - worker.saved_us >= CHECKPOINT_US
    )
    if not is_due and not must_save:
        return worker
    worker = await _count(worker)
    await save(connection, position, shard=shard, with_plan=must_save)
    return replace(worker, saved_seq=state.seq, saved_us=state.at_us)


async def _count(worker: Worker) -> Worker:
    """Keep what became of samples; say it at most so often, and of what was lost."""
    if worker.early:
        log.warning("rules: %d samples judged early: a lane was full", worker.early)
    if worker.counts is None:
        return replace(worker, early=0)
    rules = worker.position.plan.rules
    found = [
        SampleCount(
            code=rule.code, version=rule.version, judged=judged, refused=no, late=late
        )
        for rule, (judged, no, late) in zip(rules, worker.counts.tolist(), strict=True)
        if judged or no or late
    ]
    await add_samples(worker.connection, found, at=worker.now, shard=worker.shard)
    if too_late := [f"{each.code} {each.late}" for each in found if each.late]:
        log.warning("rules: samples came too late: %s", ", ".join(too_late))
    return replace(worker, counts=None, early=0)


def _tell(transition: Transition) -> None:
    log.info(
        "%s %s on device %d: %g against %g",
        transition.rule.code,
        transition.kind,
        transition.device_id,
        transition.value,
        transition.threshold,
    )
