"""From the inbox into the queue on disk; devices are answered once it is there.

When the queue is full, nothing is taken from the inbox until there is room: the inbox
fills, the edges stop reading and asking, and devices keep what they are not answered
for. Nothing is dropped.
"""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from ingest.arrival import Arrival, EdgeChange
from ingest.forwarding.queue_file import Depth, DiskFullError, QueueFile, Waiting
from ingest.forwarding.told import messages_of
from ingest.inbox import Inbox
from ingest.protocols.gezhi_json import UpMessage
from tasks.in_hand import InHand
from vocabulary.refusal import Refusal
from vocabulary.times import Clock

log = logging.getLogger(__name__)

MOST_TOGETHER = 256
"""Arrivals kept in one transaction."""

DISK_RETRY_S = 1.0
"""Pause before a disk that could not be written is tried again."""

GATHER_S = 0.05
"""How long acknowledged messages are gathered before they are removed together."""

SAFE_S = 10.0
"""How long what the broker has acknowledged is kept all the same, and sent again on the
next connection: a broker saves its queue now and then (mosquitto, as we run it, each
second or two), and one that is killed has forgotten what it took since."""

LOOK_S = 1.0
"""How often is looked whether room is needed sooner than that."""

SHOWN_OCTETS = 64
"""Octets of what an edge could not read that the log shows."""

Answer = TypeVar("Answer")


@dataclass(slots=True)
class Counts:
    """What happened since the start.

    Attributes:
        kept: Messages put into the queue.
        refused: What edges could not read, by reason.
        down: What edges said of lines that they cannot hear, by edge and line.
    """

    kept: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    down: dict[tuple[str, str], str] = field(default_factory=dict)

    def faults_of(self, lines: Collection[str]) -> dict[str, str]:
        """Return which of some lines cannot be heard, and why."""
        return {
            f"{edge} {line}": why
            for (edge, line), why in self.down.items()
            if line in lines
        }


class Keeper:
    """The queue, used by one thread of its own so that the edges never wait for a disk.

    Args:
        queue: Open.
        thread: The only one that uses it.
        most_octets: How much may wait.
    """

    def __init__(
        self, queue: QueueFile, thread: ThreadPoolExecutor, *, most_octets: int
    ) -> None:
        self._queue = queue
        self._thread = thread
        self._most_octets = most_octets
        self._octets = queue.depth().octets
        self._changed = asyncio.Condition()
        self._acknowledged: dict[int, float] = {}  # since when, the oldest first
        self._has_acknowledged = asyncio.Event()
        self._is_full = False
        self._in_hand = InHand()  # what a thread writes is written, whoever gives up
        self.counts = Counts()
        self.news = asyncio.Event()  # set when there is something to tell upstream

    @property
    def is_full(self) -> bool:
        """Whether there is no room now, in the queue or on the disk."""
        return self._is_full

    async def keep(self, inbox: Inbox, clock: Clock) -> None:
        """Keep what comes, until cancelled; answer the devices once it is kept."""
        while True:
            items = [await inbox.get()]
            while len(items) < MOST_TOGETHER and not inbox.empty():
                items.append(inbox.get_nowait())
            await self._in_hand.do(self._take(items, clock))

    async def keep_rest(self, inbox: Inbox, clock: Clock) -> None:
        """Keep what is in hand and what is still in the inbox, if there is room."""
        await self._in_hand.finish()
        items = [inbox.get_nowait() for _ in range(inbox.qsize())]
        await self._take(items, clock)

    def acknowledge(self, seq: int) -> None:
        """Take note that the broker has a message, maybe not for the first time."""
        self._acknowledged.pop(seq, None)
        self._acknowledged[seq] = asyncio.get_running_loop().time()
        self._has_acknowledged.set()

    async def forget(self) -> None:
        """Remove what the broker has for long enough, until cancelled."""
        while True:
            await self._has_acknowledged.wait()
            await asyncio.sleep(GATHER_S if self._is_crowded else LOOK_S)
            seqs = self._forgettable()
            for seq in seqs:
                del self._acknowledged[seq]
            if not self._acknowledged:
                self._has_acknowledged.clear()
            if seqs:
                await self._remove(seqs)

    async def read(
        self, *, after: int, before: int | None = None, limit: int
    ) -> list[Waiting]:
        """Return waiting messages; see `QueueFile.read`."""
        return await self._in_thread(
            lambda: self._queue.read(after=after, before=before, limit=limit)
        )

    async def read_next(self, *, after: int, limit: int) -> list[Waiting]:
        """Return waiting messages after a number, waiting for the first of them."""
        while True:
            kept = self.counts.kept
            if rows := await self.read(after=after, limit=limit):
                return rows
            await self._until_more_than(kept)

    async def first_made_since(self, at: datetime) -> int:
        """Return the number of the first message made since then; else the next."""
        return await self._in_thread(lambda: self._queue.first_made_since(at))

    async def depth(self) -> Depth:
        """Return how much waits; what the broker has is not counted as waiting."""
        depth = await self._in_thread(self._queue.depth)
        waiting = max(0, depth.messages - len(self._acknowledged))
        return replace(
            depth, messages=waiting, oldest_us=depth.oldest_us if waiting else None
        )

    @property
    def _is_crowded(self) -> bool:
        """Whether room is more urgent than what a killed broker might have lost."""
        return self._octets * 2 >= self._most_octets or self._is_full

    def _forgettable(self) -> list[int]:
        """Return what the broker has for long enough; all of it if there is no room."""
        if self._is_crowded:
            return list(self._acknowledged)
        until_s = asyncio.get_running_loop().time() - SAFE_S
        safe = itertools.takewhile(
            lambda item: item[1] <= until_s, self._acknowledged.items()
        )
        return [seq for seq, _ in safe]

    async def _take(self, items: Sequence[Arrival | EdgeChange], clock: Clock) -> None:
        arrivals = [item for item in items if isinstance(item, Arrival)]
        for item in items:
            if isinstance(item, EdgeChange):
                self._note_change(item)
        await self._keep(arrivals, clock)
        for arrival in arrivals:
            self._note_refusals(arrival.refusals)
            if arrival.committed is not None:
                arrival.committed()

    async def _keep(self, arrivals: Sequence[Arrival], clock: Clock) -> None:
        messages = [told for arrival in arrivals for told in messages_of(arrival)]
        if not messages:
            return
        await self._until_room()
        added = await self._try_to_add(messages, clock())
        while added is None:
            await asyncio.sleep(DISK_RETRY_S)
            added = await self._try_to_add(messages, clock())
        self._say_room()
        self._octets += added
        self.counts.kept += len(messages)
        async with self._changed:
            self._changed.notify_all()

    async def _try_to_add(
        self, messages: Sequence[UpMessage], at: datetime
    ) -> int | None:
        """Return the octets that messages take; None where there is no room."""
        try:
            return await self._in_thread(lambda: self._queue.add(messages, at=at))
        except DiskFullError as error:
            self._say_full(str(error))
            return None

    async def _until_more_than(self, kept: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.counts.kept != kept)

    async def _until_room(self) -> None:
        async with self._changed:
            if self._octets >= self._most_octets:
                self._say_full(f"the queue holds {self._octets} octets")
                # Not at the first message that leaves: else it is full again at once.
                enough = self._most_octets * 0.95
                await self._changed.wait_for(lambda: self._octets < enough)
                self._say_room()

    def _say_full(self, why: str) -> None:
        if not self._is_full:
            log.error("no room: %s; nothing more is read from devices", why)
            self.news.set()
        self._is_full = True

    def _say_room(self) -> None:
        if self._is_full:
            log.warning("there is room again; devices are read")
            self.news.set()
        self._is_full = False

    async def _remove(self, seqs: Sequence[int]) -> None:
        try:
            taken = await self._in_thread(lambda: self._queue.remove(seqs))
        except DiskFullError as error:
            log.error("%s; the broker may get %d messages twice", error, len(seqs))  # noqa: TRY400 - no bug
            await asyncio.sleep(DISK_RETRY_S)
            for seq in seqs:
                self.acknowledge(seq)
            return
        self._octets -= taken
        async with self._changed:
            self._changed.notify_all()

    def _note_refusals(self, refusals: Sequence[Refusal]) -> None:
        for refusal in refusals:
            reason = refusal.reason.value
            self.counts.refused[reason] = self.counts.refused.get(reason, 0) + 1
            log.warning(
                "%s of %s %s: %s: %s: %s",
                refusal.transport,
                refusal.gateway,
                refusal.identity or refusal.peer,
                reason,
                refusal.detail,
                refusal.octets[:SHOWN_OCTETS].hex(),
            )

    def _note_change(self, change: EdgeChange) -> None:
        if change.up:
            self.counts.down.pop((change.edge, change.gateway), None)
        else:
            self.counts.down[change.edge, change.gateway] = change.detail
        log.log(
            logging.INFO if change.up else logging.WARNING,
            "%s %s: %s",
            change.edge,
            change.gateway,
            change.detail,
        )
        self.news.set()

    async def _in_thread(self, work: Callable[[], Answer]) -> Answer:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, work)


@asynccontextmanager
async def keeper_of(path: Path, *, most_octets: int) -> AsyncIterator[Keeper]:
    """Open a queue; close it once what is being written is written.

    Args:
        path: Its file.
        most_octets: How much may wait in it.

    Raises:
        QueueInUseError: If another process has it.
    """
    with ThreadPoolExecutor(1, "queue") as thread:
        loop = asyncio.get_running_loop()
        queue = await loop.run_in_executor(thread, QueueFile, path)
        try:
            yield Keeper(queue, thread, most_octets=most_octets)
        finally:
            # In the same thread, so behind whatever it still does.
            await loop.run_in_executor(thread, queue.close)
