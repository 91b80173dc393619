"""A few gateways that publish without pause, and the account of it at the end."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg

from gezhi.stack.broker import Broker
from store.connection import AWAY
from store.registry.gateways import missing
from tests.faults.figures import Outcome, outcome_of
from tests.ingest.publisher import Publisher
from tests.ingest.registry import register
from tests.ingest.test_kill import journaled, keys_of, stored, until_subscribed

POLL_S = 0.1


@dataclass
class Load:
    """Publishers on a broker, and the database that what they say should reach.

    Args:
        dsn: The database; it may come and go.
        publishers: One a gateway.
    """

    dsn: str
    publishers: list[Publisher]
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def acknowledged(self) -> int:
        """Messages that the broker has taken."""
        return sum(len(publisher.acknowledged) for publisher in self.publishers)

    @asynccontextmanager
    async def publishing(self, *, at_once: int, pause_s: float) -> AsyncIterator[None]:
        """Publish meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            for publisher in self.publishers:
                tasks.create_task(
                    publisher.run(self._stop, at_once=at_once, pause_s=pause_s)
                )
            try:
                yield
            finally:
                self._stop.set()

    async def stored(self) -> int:
        """Return how many readings are stored, once the database answers."""
        while True:
            with contextlib.suppress(*AWAY):
                connection = await asyncpg.connect(self.dsn, timeout=60)
                try:
                    return int(
                        await connection.fetchval("SELECT count(*) FROM reading")
                    )
                finally:
                    await connection.close()
            await asyncio.sleep(POLL_S)

    async def until_stored(self, count: int) -> None:
        """Wait until so many readings are stored."""
        while await self.stored() < count:  # noqa: ASYNC110 - another process
            await asyncio.sleep(POLL_S)

    async def catch_up_s(self) -> float:
        """Wait until all that is acknowledged now is stored; return for how long."""
        loop = asyncio.get_running_loop()
        since = loop.time()
        await self.until_stored(self.acknowledged)
        return loop.time() - since

    async def outcome(self, *, within_s: float) -> Outcome:
        """Return what became of all messages, once they are there or time is up."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.until_stored(self.acknowledged)
        connection = await asyncpg.connect(self.dsn)
        try:
            return outcome_of(
                await keys_of(connection, self.publishers),
                await stored(connection),
                await journaled(connection),
                missing=sum(row.missing for row in await missing(connection)),
            )
        finally:
            await connection.close()


async def load_of(
    dsn: str, broker: Broker, word: str, *, size: int = 3, **settings: str
) -> Load:
    """Register and admit gateways; nothing is published yet.

    The broker holds a session named `word` already: it queues for an ingest to come.

    Args:
        dsn: The database.
        broker: The broker.
        word: Begins the codes of the gateways.
        size: How many.
        settings: More of `IngestSettings`, for who opens the session.
    """
    codes = [f"{word}-{n}" for n in range(size)]
    await broker.admit(*codes)
    for code in codes:
        await register(dsn, code, [f"MH {code}"])
    await subscribe_once(dsn, broker.ingest_url, word, **settings)
    return Load(dsn, [Publisher(broker.url(c), c, f"MH {c}") for c in codes])


@asynccontextmanager
async def ingest(
    dsn: str, broker_url: str, client_id: str, **settings: str | int | list[str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run an ingest process; kill it at the end.

    Args:
        dsn: Its database.
        broker_url: Its broker.
        client_id: Its session's name.
        settings: More of `IngestSettings`.
    """
    words = {
        "database_url": dsn,
        "mqtt_url": broker_url,
        "mqtt_client_id": client_id,
        "nmea_tcp_port": 0,
        "nmea_udp_port": 0,
        **settings,
    }
    # What it says goes where pytest's own does: shown of tests that fail.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.ingest_process", json.dumps(words)
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
            process.kill()
        await process.wait()


async def subscribe_once(
    dsn: str, broker_url: str, client_id: str, **settings: str
) -> None:
    """Let the broker hold a session that queues for an ingest process to come."""
    connection = await asyncpg.connect(dsn)
    try:
        async with ingest(dsn, broker_url, client_id, **settings):
            await until_subscribed(connection)
    finally:
        await connection.close()
