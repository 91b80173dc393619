"""The intake: what edges hand over becomes rows, journal and acknowledgement.

One batch at a time: wait for something, take what has come, give it series and devices,
commit, and only then let the edges acknowledge. While the database is away the same
batch is tried again and again; the inbox fills and the edges stop reading.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import asyncpg

from devices.registry.snapshot import Snapshot
from ingest.accounting import numbers_of
from ingest.arrival import Arrival, EdgeChange
from ingest.assemble import batch_of
from ingest.commands.settling import Beside, answers_of
from ingest.inbox import Inbox
from ingest.judging.memory import Memory
from ingest.metrics import IngestMetrics
from ingest.names import Names
from store.connection import AWAY, Connection
from store.disk import check_room
from store.journal.body import edge_body
from store.journal.entries import Kind, append
from store.telemetry.batch import Writer
from tasks.attempt import attempt
from tasks.in_hand import InHand
from vocabulary.times import Clock

log = logging.getLogger(__name__)

STOP_S = 5.0
"""How long a stopping intake may take to store what it still holds."""

FIRST_RETRY_S = 0.1
"""Wait after the first failure; doubled each time, with chance."""

LONGEST_RETRY_S = 5.0
"""Longest wait between two tries."""

PRESENCE_S = 15.0
"""How often a worker says that it is there, whatever else it has to say: whoever was
not heard for a minute is gone (`rules.engine.workers`)."""

Answer = TypeVar("Answer")


async def run_intake(
    pool: asyncpg.Pool,
    inbox: Inbox,
    registry: Callable[[], Snapshot],
    *,
    clock: Clock,
    tick_s: float = 1.0,
    max_rows: int = 5000,
    max_wait_s: float = 0.05,
    shard: int = 0,
    metrics: IngestMetrics | None = None,
    disks: Sequence[Path] = (),
    worker: str = "",
) -> None:
    """Store what comes until cancelled; then store what is left, if it can be.

    Args:
        pool: The database; it may come and go.
        inbox: What edges hand over.
        registry: Returns the registry as it is now.
        clock: Tells the time of batches and ticks.
        tick_s: After so long without a journal entry, one says that time has passed.
        max_rows: A batch is full with so many rows.
        max_wait_s: How long a batch waits to become fuller.
        shard: Whose journal it is.
        metrics: Where to count.
        disks: Directories on the disks that the database fills, where they are ours to
            measure; nothing is stored while one has only its reserve left.
        worker: Our name in the journal, where there are several; whoever has one says
            every `PRESENCE_S` that it is there.
    """
    intake = _Intake(pool, registry, clock, shard, metrics or IngestMetrics(disks))
    intake.disks, intake.worker = disks, worker
    # Who broke off a commit would not know whether it was one.
    in_hand = InHand()
    try:
        await in_hand.do(intake.begin())
        while True:
            due_s = intake.due_s(tick_s)
            await _fill(intake, inbox, due_s, max_rows=max_rows, max_wait_s=max_wait_s)
            intake.metrics.inbox_depth.set(inbox.qsize())
            await in_hand.do(intake.write_down(tick_s))
    finally:
        await _stop(intake, inbox, in_hand)


class _Intake:
    """What the intake holds between two commits."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        registry: Callable[[], Snapshot],
        clock: Clock,
        shard: int,
        metrics: IngestMetrics,
    ) -> None:
        self.held: list[Arrival | EdgeChange] = []
        self.last_entry_s = asyncio.get_running_loop().time()
        self.metrics = metrics
        self.disks: Sequence[Path] = ()
        self.worker = ""
        self._last_word_s = self.last_entry_s
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._shard = shard
        self._writer = Writer()
        self._names = Names(registry())
        self._memory = Memory()

    async def begin(self) -> None:
        """Tell the journal that we hear."""
        await self._tell(self._ourselves(up=True, detail="started"))

    async def end(self) -> None:
        """Tell the journal that we hear no longer; others speak for themselves."""
        await self._tell(self._ourselves(up=False, detail="stopped"))

    async def tick(self) -> None:
        """Tell the journal that time has passed, and that we are there."""
        await self._append(Kind.TICK, self.worker.encode())

    def due_s(self, tick_s: float) -> float:
        """Return the loop time at which the next tick is due."""
        passed_s = self.last_entry_s + tick_s
        if not self.worker:
            return passed_s
        return min(passed_s, self._last_word_s + PRESENCE_S)

    async def write_down(self, tick_s: float) -> None:
        """Store all that is held, and tell that time has passed if that is due."""
        await self.put_away()
        if asyncio.get_running_loop().time() >= self.due_s(tick_s):
            await self.tick()

    async def put_away(self) -> None:
        """Store all that is held, in its order; what was stored is held no longer."""
        while self.held:
            first = self.held[0]
            if isinstance(first, EdgeChange):
                await self._tell(first)
                del self.held[0]
            else:
                await self._put_away_arrivals()

    async def _put_away_arrivals(self) -> None:
        arrivals = _leading_arrivals(self.held)
        names = self._current_names()
        batch = batch_of(arrivals, names, self._memory, at=self._clock())
        beside = Beside(
            numbers=numbers_of(arrivals, names.snapshot),
            answers=answers_of(arrivals),
            at=batch.received_at,
        )
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        written = await self._insist(
            lambda connection: self._writer.write(
                connection,
                batch,
                shard=self._shard,
                beside=beside,
            )
        )
        del self.held[: len(arrivals)]
        for arrival in arrivals:
            if arrival.committed is not None:
                arrival.committed()
        commit_s = loop.time() - started_s
        self.metrics.count(arrivals, batch, written, commit_s=commit_s)
        if written.last_seq:
            self.last_entry_s = loop.time()

    async def _tell(self, change: EdgeChange) -> None:
        body = edge_body(
            edge=change.edge,
            gateway=change.gateway,
            up=change.up,
            detail=change.detail,
            worker=self.worker,
        )
        await self._append(Kind.EDGE, body)
        self.metrics.edge_up.labels(change.edge, change.gateway).set(change.up)

    async def _append(self, kind: Kind, body: bytes) -> None:
        at = self._clock()
        await self._insist(
            lambda connection: append(connection, kind, body, at=at, shard=self._shard)
        )
        self.last_entry_s = self._last_word_s = asyncio.get_running_loop().time()

    async def _insist(
        self, action: Callable[[Connection], Awaitable[Answer]]
    ) -> Answer:
        """Do it again and again until the database is there and has room."""
        failures = 0
        while True:
            try:
                check_room(self.disks)
                answer = await attempt(self._once(action))
            except AWAY as error:
                failures += 1
                self.metrics.refuse(error)
                if failures == 1:
                    log.warning("intake: the database is away: %s", error)
                await asyncio.sleep(_retry_s(failures))
            else:
                if failures:
                    self.metrics.refuse(None)
                    log.info("intake: the database is back, tried %d times", failures)
                return answer

    async def _once(self, action: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        async with self._pool.acquire() as connection:
            return await action(connection)

    def _current_names(self) -> Names:
        snapshot = self._registry()
        if snapshot is not self._names.snapshot:
            self._names = Names(snapshot)
        return self._names

    def _ourselves(self, *, up: bool, detail: str) -> EdgeChange:
        return EdgeChange(
            edge="ingest", gateway="", up=up, detail=detail, at=self._clock()
        )


async def _fill(
    intake: _Intake, inbox: Inbox, due_s: float, *, max_rows: int, max_wait_s: float
) -> None:
    """Take what comes until the batch is full or has waited; nothing if nothing came.

    Args:
        intake: What holds it.
        inbox: Where it comes.
        due_s: Loop time until which to wait for the first.
        max_rows: A batch is full with so many rows.
        max_wait_s: How long a batch waits to become fuller.
    """
    rows = 0
    try:
        while rows < max_rows:
            if inbox.empty():
                async with asyncio.timeout_at(due_s):
                    item = await inbox.get()
            else:
                item = inbox.get_nowait()
            if not rows:
                due_s = asyncio.get_running_loop().time() + max_wait_s
            intake.held.append(item)
            rows += _row_count(item)
    except TimeoutError:
        return


async def _stop(intake: _Intake, inbox: Inbox, in_hand: InHand) -> None:
    """Store what is left and say goodbye, if the database is there."""
    ending = asyncio.create_task(_end(intake, inbox, in_hand), name="intake ends")
    # A database that stands still would keep who breaks it off waiting, too.
    done, _ = await asyncio.wait([ending], timeout=STOP_S)
    if done:
        ending.result()
        return
    ending.cancel()
    log.warning("intake: stopped with %d arrivals not stored", len(intake.held))


async def _end(intake: _Intake, inbox: Inbox, in_hand: InHand) -> None:
    _take_all(intake, inbox)
    await in_hand.finish()
    while intake.held:
        await intake.put_away()
        _take_all(intake, inbox)  # edges may have handed over their last meanwhile
    await intake.end()


def _take_all(intake: _Intake, inbox: Inbox) -> None:
    while not inbox.empty():
        intake.held.append(inbox.get_nowait())


def _leading_arrivals(held: Iterable[Arrival | EdgeChange]) -> list[Arrival]:
    """Return the arrivals before the first change of an edge."""
    arrivals = []
    for item in held:
        if isinstance(item, EdgeChange):
            break
        arrivals.append(item)
    return arrivals


def _row_count(item: Arrival | EdgeChange) -> int:
    if isinstance(item, EdgeChange):
        return 1
    readings = 0 if item.readings is None else len(item.readings)
    return 1 + readings + len(item.positions) + len(item.refusals)


def _retry_s(failures: int) -> float:
    longest_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(failures, 10))
    return longest_s * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load
