"""Following the journal: what is new, or a short wait for it; outlives the database."""

import asyncio
import contextlib
import logging
import random
from types import TracebackType
from typing import Protocol, Self

import asyncpg

from store.connection import AWAY, Connection
from store.journal.entries import CHANNEL, Entry, read
from tasks.attempt import attempt

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10
"""How long the database may take to let us in."""

READ_TIMEOUT_S = 60
"""How long one read of the journal may take before the link counts as dead."""


class Reader(Protocol):
    """Reads entries as `store.journal.entries.read` does."""

    async def __call__(
        self, connection: Connection, *, after: int, limit: int, shard: int = 0
    ) -> list[Entry]:
        """Return the entries after number `after`, oldest first."""


class JournalTail:
    """The end of one journal, on a connection of its own.

    Each call of `entries` costs one query when there is something new, so a consumer
    that falls behind reads in large steps and one that keeps up reads at once.

    Args:
        dsn: The database.
        shard: Which journal.
        poll_s: Longest wait for something new; also about how often a lost database is
            called again.
        reader: Reads the entries, for who needs not all of each.
    """

    def __init__(
        self,
        dsn: str,
        *,
        shard: int = 0,
        poll_s: float = 1.0,
        reader: Reader = read,
    ) -> None:
        self._dsn = dsn
        self._shard = shard
        self._poll_s = poll_s
        self._reader = reader
        self._moved = asyncio.Event()
        self._connection: asyncpg.Connection | None = None
        self._is_away = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None:
            self._connection.terminate()

    async def entries(self, after: int, limit: int = 500) -> list[Entry]:
        """Return the entries after number `after`, oldest first, waiting for the first.

        Args:
            after: The last number already known; 0 for all.
            limit: Most entries to return.

        Returns:
            Nothing if there was nothing for `poll_s`, or if the database is away.
        """
        found = await self._read(after, limit)
        if not found:
            await self._wait()
            found = await self._read(after, limit)
        return found

    async def _read(self, after: int, limit: int) -> list[Entry]:
        try:
            return await attempt(self._read_once(after, limit))
        except AWAY as error:
            self._drop(error)
            return []

    async def _read_once(self, after: int, limit: int) -> list[Entry]:
        connection = await self._connected()
        self._moved.clear()
        return await self._reader(
            connection, after=after, limit=limit, shard=self._shard
        )

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None:
            connection = await asyncpg.connect(
                self._dsn, timeout=CONNECT_TIMEOUT_S, command_timeout=READ_TIMEOUT_S
            )
            self._connection = connection
            await connection.add_listener(CHANNEL, self._on_notify)
            if self._is_away:
                log.info("journal: the database is back")
                self._is_away = False
        return self._connection

    def _drop(self, error: BaseException) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None
        if not self._is_away:
            log.warning("journal: the database is away: %s", error)
            self._is_away = True

    async def _wait(self) -> None:
        if self._is_away:
            # Spread out, so that not all consumers call a starting database at once.
            await asyncio.sleep(self._poll_s * random.uniform(0.5, 1.0))  # noqa: S311 - not a secret
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._poll_s):
                await self._moved.wait()

    def _on_notify(
        self,
        _connection: object,
        _pid: int,
        _channel: str,
        payload: object,
    ) -> None:
        if str(payload).startswith(f"{self._shard}:"):
            self._moved.set()
