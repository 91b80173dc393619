"""The registry as the ingest process knows it, loaded anew whenever it changes."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable

import asyncpg

from devices.registry.snapshot import Snapshot, load_snapshot
from store.connection import AWAY
from store.registry.facts import CHANNEL, registry_version
from tasks.attempt import attempt

log = logging.getLogger(__name__)

LOOK_S = 30.0
"""A changed registry is noticed after so long even if its notice was lost."""

RETRY_S = 2.0
"""About how long to leave a lost database alone."""


class RegistryWatch:
    """The newest snapshot, and whom to tell of a newer one."""

    def __init__(self, dsn: str, on_change: Callable[[Snapshot], None]) -> None:
        """Know nothing yet.

        Args:
            dsn: The database; it may come and go.
            on_change: Told each new snapshot, the first included.
        """
        self._dsn = dsn
        self._on_change = on_change
        self._snapshot = Snapshot(version=0)
        self._has_loaded = asyncio.Event()
        self._has_moved = asyncio.Event()

    @property
    def snapshot(self) -> Snapshot:
        """The registry as it was last read."""
        return self._snapshot

    async def loaded(self) -> None:
        """Wait until the registry was read for the first time."""
        await self._has_loaded.wait()

    async def newer(self, than: Snapshot) -> Snapshot:
        """Wait for another snapshot than this one."""
        while self._snapshot is than:
            await self._has_moved.wait()
        return self._snapshot

    async def run(self) -> None:
        """Follow the registry until cancelled."""
        is_away = False
        while True:
            try:
                await attempt(self._follow())
            except AWAY as error:
                if not is_away:
                    log.warning("registry: the database is away: %s", error)
                is_away = True
            await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load

    async def _follow(self) -> None:
        connection = await asyncpg.connect(self._dsn, command_timeout=60)
        has_moved = asyncio.Event()
        try:
            await connection.add_listener(CHANNEL, lambda *_: has_moved.set())
            while True:
                if await registry_version(connection) != self._snapshot.version:
                    self._take(await load_snapshot(connection))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await has_moved.wait()
                has_moved.clear()
        finally:
            connection.terminate()

    def _take(self, snapshot: Snapshot) -> None:
        log.info(
            "registry: version %d, %d devices behind %d gateways",
            snapshot.version,
            len(snapshot.devices),
            len(snapshot.gateways),
        )
        self._snapshot = snapshot
        self._has_loaded.set()
        self._has_moved.set()  # whoever waits now; the next one waits for the next
        self._has_moved = asyncio.Event()
        self._on_change(snapshot)
