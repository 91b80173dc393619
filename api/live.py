"""The end of the journal, read once per process and kept encoded for all listeners."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator, Sequence

import asyncpg

from api.blocks import Block, SeriesNames, block_of, gap_block, series_in
from api.edges import Edges
from api.ring import Ring
from store.connection import AWAY
from store.journal.entries import Entry, Kind, read
from store.journal.follow import JournalTail
from store.registry.read import series_names
from store.telemetry.read import edges_told, journal_head
from tasks.attempt import attempt

log = logging.getLogger(__name__)

COALESCE_S = 0.1
"""Entries that come within this time of each other go out together."""

CHUNK_OCTETS = 256_000
"""Most that one listener is handed at a time."""

READ_BACK_ENTRIES = 16
"""Journal entries read at a time for a listener that fell out of the ring."""

READERS_BACK = 2
"""Listeners that read the journal at a time."""

RETRY_S = 1.0
"""How long to wait before the database is called again at start."""


class NotStartedError(RuntimeError):
    """The journal was not reached yet."""


class Live:
    """One reader of the journal's end and the ring it fills.

    Args:
        dsn: The database, for the connection that listens.
        pool: The database, for everything else.
        most_octets: Bound of the ring.
    """

    def __init__(
        self, dsn: str, pool: asyncpg.Pool, *, most_octets: int = 32_000_000
    ) -> None:
        self._dsn = dsn
        self._pool = pool
        self._most_octets = most_octets
        self._ring: Ring | None = None
        self._series: SeriesNames = {}
        self._moved = asyncio.Event()
        self._back = asyncio.Semaphore(READERS_BACK)
        self.edges = Edges()
        self.listeners = 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Count a listener for as long as it listens."""
        self.listeners += 1
        try:
            yield
        finally:
            self.listeners -= 1

    @property
    def ring(self) -> Ring:
        """The newest blocks.

        Raises:
            NotStartedError: If the journal was not reached yet.
        """
        if self._ring is None:
            raise NotStartedError
        return self._ring

    async def follow(self) -> None:
        """Read the journal's end into the ring until cancelled."""
        await self._start()
        async with JournalTail(self._dsn) as tail:
            while True:
                entries = await tail.entries(self.ring.last)
                if entries:
                    await self._take(entries)
                    await asyncio.sleep(COALESCE_S)

    async def after(self, seq: int) -> list[Block]:
        """Return blocks after number `seq`, waiting for the first.

        Where the ring does not reach back the journal does; where that does not
        either, the first block is a gap.
        """
        while True:
            moved = self._moved
            found = self.ring.after(seq, most_octets=CHUNK_OCTETS)
            if found is None:
                found = await self._read_back(seq)
            if found:
                return found
            await moved.wait()

    async def placed(self, seq: int | None) -> tuple[int, Block | None]:
        """Return where a listener starts that last knew `seq`, and a gap if any.

        A number above all of ours is either a moment ahead of this process, or from
        another database: then the listener starts anew and is told so.
        """
        if seq is None:
            return self.ring.last, None
        if seq <= self.ring.last:
            return seq, None
        async with self._pool.acquire() as connection:
            head = await journal_head(connection)
        if seq <= head.seq:
            return seq, None
        return head.seq, gap_block(after=seq, resumed=head.seq)

    async def _start(self) -> None:
        while self._ring is None:
            try:
                self._ring = await attempt(self._first_ring())
            except (*AWAY, asyncpg.UndefinedTableError) as error:
                log.warning("live stream: waiting for the database: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _first_ring(self) -> Ring:
        async with self._pool.acquire() as connection:
            head = await journal_head(connection)
            self.edges.hear(await edges_told(connection))
            self._series = await series_names(connection)
        return Ring(head.seq, most_octets=self._most_octets)

    async def _take(self, entries: Sequence[Entry]) -> None:
        self.edges.hear(entries)
        if self._is_news(entries):
            await self._load_series()
        self.ring.push(block_of(entry, self._series) for entry in entries)
        # Whoever waits holds the old one; the next waits for the new one.
        self._moved, moved = asyncio.Event(), self._moved
        moved.set()

    def _is_news(self, entries: Sequence[Entry]) -> bool:
        return any(
            entry.kind is Kind.REGISTRY or not series_in(entry) <= self._series.keys()
            for entry in entries
        )

    async def _load_series(self) -> None:
        try:
            self._series = await attempt(self._names())
        except AWAY as error:
            log.warning("live stream: names of series not loaded: %s", error)

    async def _names(self) -> SeriesNames:
        async with self._pool.acquire() as connection:
            return await series_names(connection)

    async def _read_back(self, seq: int) -> list[Block]:
        async with self._back, self._pool.acquire() as connection:
            entries = await read(connection, after=seq, limit=READ_BACK_ENTRIES)
        if not entries:
            return [gap_block(after=seq, resumed=self.ring.last)]
        blocks = [block_of(entry, self._series) for entry in entries]
        if entries[0].seq > seq + 1:
            blocks.insert(0, gap_block(after=seq, resumed=entries[0].seq - 1))
        return blocks
