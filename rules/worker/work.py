"""The rules worker: journal in; alarms, cases and cursor out, in one transaction.

Every transaction takes some entries whole: the alarms they raise and clear, the cases
these file, and the cursor. So each entry counts exactly once, whatever is killed and
when. One worker at a time holds the shard, by a lock on the very connection it writes
through: who loses the lock cannot write.
"""

import asyncio
import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import asyncpg

from cases.filing import collect_due, file_cases
from cases.request import FilingRequest, JoinRequest
from rules.correction.work import note
from rules.engine.entry import BARRIERS, learned_from
from rules.engine.fold import fold
from rules.engine.times import NEVER
from rules.engine.transition import Transition
from rules.triage.decision import Decision
from rules.triage.triage import triage_all
from rules.worker.booking import alarm_keys, book, new_alarms
from rules.worker.resume import CONSUMER, Position, reload, resume, save
from store.alarms import change_alarms, raise_alarms, standing_alarms, withdraw_alarms
from store.connection import AWAY, Connection, make_impatient
from store.cursor import move_cursor
from store.follow import JournalTail
from store.journal import Entry
from vocabulary.times import SECOND_US, datetime_from_us

log = logging.getLogger(__name__)

BATCH_ENTRIES = 500
"""Most entries in one transaction."""

CHECKPOINT_ENTRIES = 2000
"""Most entries between two checkpoints: as many are folded again after a restart."""

CHECKPOINT_US = 10 * SECOND_US
"""Longest journal time between two checkpoints."""

LOCK_CLASS = int.from_bytes(b"rule")
"""First key of the advisory lock; the second is the shard."""

RETRY_S = 2.0
"""Longest wait before a lost database is called again."""

CONNECT_TIMEOUT_S = 10
"""How long the database may take to let us in."""


@dataclass(frozen=True, slots=True)
class _Worker:
    """What one worker works with, and how far it has got.

    Attributes:
        connection: Holds the shard's lock.
        shard: Which journal.
        time_zone: The city's, for case numbers.
        position: After the last committed entry.
        saved_seq: The entry of the last checkpoint.
        saved_us: That entry's time.
        collected_us: Journal time when cases were last asked for what is due.
    """

    connection: Connection
    shard: int
    time_zone: str
    position: Position
    saved_seq: int
    saved_us: int
    collected_us: int


async def run_rules(dsn: str, *, time_zone: str, shard: int = 0) -> None:
    """Judge the journal until cancelled; outlives the database.

    Args:
        dsn: The database.
        time_zone: The city's IANA zone: it says which day a case is of.
        shard: Which journal.
    """
    while True:
        try:
            await _work(dsn, time_zone, shard)
        except AWAY as error:
            log.warning("rules: the database is away: %s", error)
            # Spread out, so that not all call a starting database at once.
            await asyncio.sleep(RETRY_S * random.uniform(0.2, 1.0))  # noqa: S311 not a secret


async def _work(dsn: str, time_zone: str, shard: int) -> None:
    connection = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_S)
    try:
        await _take_lock(connection, shard)
        position = await resume(connection, shard=shard, time_zone=time_zone)
        seq, at_us = position.state.seq, position.state.at_us
        log.info("rules: from entry %d on, %d rules", seq, len(position.plan.rules))
        worker = _Worker(connection, shard, time_zone, position, seq, at_us, NEVER)
        async with JournalTail(dsn, shard=shard) as tail:
            while not connection.is_closed():
                seq = worker.position.state.seq
                for entries in _parts(await tail.entries(seq, BATCH_ENTRIES)):
                    worker = await _take(worker, entries)
    finally:
        connection.terminate()


async def _take_lock(connection: Connection, shard: int) -> None:
    """Wait until no other worker has the shard."""
    lock = "SELECT pg_try_advisory_lock($1, $2)"
    if not await connection.fetchval(lock, LOCK_CLASS, shard):
        log.info("rules: another worker has shard %d; waiting", shard)
        await connection.execute("SELECT pg_advisory_lock($1, $2)", LOCK_CLASS, shard)


def _parts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in parts that each end with a barrier or at the end."""
    part: list[Entry] = []
    for entry in entries:
        part.append(entry)
        if entry.kind in BARRIERS:
            yield part
            part = []
    if part:
        yield part


async def _take(worker: _Worker, entries: Sequence[Entry]) -> _Worker:
    """Take entries in one transaction and return the worker after its commit."""
    plan = worker.position.plan
    learned = [learned_from(entry) for entry in entries]
    folded = fold(plan, worker.position.state, learned)
    times = [(entry.seq, entry.at_us) for entry in learned]
    desk, decisions = triage_all(plan, worker.position.desk, times, folded.transitions)
    position = replace(worker.position, state=folded.state, desk=desk)
    after = replace(worker, position=position)
    async with worker.connection.transaction():
        after = await _collect(after)
        await note(worker.connection, folded.late)
        requests = await _store_alarms(worker, decisions)
        if entries[-1].kind in BARRIERS:
            after = await _reload(after)
        after = await _move(after, must_save=entries[-1].kind in BARRIERS)
        # Last, for it ends with entries of its own, and all writers wait for those.
        if requests:
            await make_impatient(worker.connection)
        await file_cases(
            worker.connection,
            requests,
            worker.position.snapshot,
            time_zone=worker.time_zone,
            shard=worker.shard,
        )
    for transition in folded.transitions:
        _tell(transition)
    return after


async def _collect(worker: _Worker) -> _Worker:
    """Let cases copy the samples that have come since, once a second of the journal."""
    at_us = worker.position.state.at_us
    if at_us - worker.collected_us < SECOND_US:
        return worker
    await collect_due(worker.connection, now=datetime_from_us(at_us))
    return replace(worker, collected_us=at_us)


async def _store_alarms(
    worker: _Worker, decisions: Sequence[Decision]
) -> list[FilingRequest | JoinRequest]:
    """Write what became of the alarms and return what the cases are asked."""
    if not decisions:
        return []
    connection, plan = worker.connection, worker.position.plan
    standing = await standing_alarms(connection, alarm_keys(decisions))
    raised = await raise_alarms(connection, new_alarms(plan, decisions))
    booked = book(plan, decisions, standing=standing, raised=raised)
    await change_alarms(connection, booked.changes)
    for stray in booked.strays:
        log.error("rules: decided on an alarm that does not stand: %s", stray)
    return booked.requests


async def _reload(worker: _Worker) -> _Worker:
    """Go on under the rules and devices of now."""
    position, withdrawn = await reload(
        worker.connection,
        worker.position,
        time_zone=worker.time_zone,
        shard=worker.shard,
    )
    if withdrawn:
        await withdraw_alarms(
            worker.connection,
            [(gone.rule, gone.rule_version, gone.device_id) for gone in withdrawn],
            seq=position.state.seq,
            at=datetime_from_us(position.state.at_us),
        )
    if position.plan.key != worker.position.plan.key:
        log.info("rules: %d rules now", len(position.plan.rules))
    return replace(worker, position=position)


async def _move(worker: _Worker, *, must_save: bool) -> _Worker:
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
    await save(connection, position, shard=shard, with_plan=must_save)
    return replace(worker, saved_seq=state.seq, saved_us=state.at_us)


def _tell(transition: Transition) -> None:
    log.info(
        "%s %s on device %d: %g against %g",
        transition.rule.code,
        transition.kind,
        transition.device_id,
        transition.value,
        transition.threshold,
    )
