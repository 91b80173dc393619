"""The JT/T 808 edge on a free port, for its tests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, EdgeChange
from ingest.inbox import Inbox
from ingest.jt808.edge import serve_jt808_tcp, serve_jt808_udp
from ingest.jt808.exchange import Exchange
from ingest.jt808.identities import DatabaseTokens, Identities
from ingest.jt808.limits import Doors, Limits
from ingest.jt808.lines import Lines
from ingest.protocols.jt808 import (
    location_of,
)
from tests.ingest.jt808_line import (
    ADDRESS,
)
from vocabulary.position import Position

NOW = datetime(2026, 11, 21, 8, 0, 5, tzinfo=UTC)
FIX = Position(
    device=ADDRESS,
    fixed_at=datetime(2026, 11, 21, 8, 0, tzinfo=UTC),
    lon=111.00125,
    lat=35.02,
    speed_kmh=28.4,
    course_deg=90.0,
    altitude_m=372.0,
    satellites=14,
    inputs=1,
)
REPORT = location_of(FIX)
NOWHERE = replace(REPORT, lat_e6=116_000_000)


class Edge:
    """A listener, what it hands on, and the registry it knows."""

    def __init__(self, inbox: Inbox, snapshot: Snapshot) -> None:
        self.inbox = inbox
        self.snapshot = snapshot
        self.lines = Lines()
        self.port = 0

    async def arrival(self) -> Arrival:
        """Wait for the next arrival."""
        while True:
            item = await self.inbox.get()
            if isinstance(item, Arrival):
                return item

    def has_arrived(self) -> bool:
        return not self.inbox.empty()


@asynccontextmanager
async def edge(
    pool: asyncpg.Pool,
    snapshot: Snapshot,
    *,
    limits: Limits | None = None,
    inbox_size: int = 100,
    by_datagram: bool = False,
) -> AsyncIterator[Edge]:
    listener = Edge(asyncio.Queue(maxsize=inbox_size), snapshot)
    exchange = Exchange(
        identities=Identities(
            DatabaseTokens(pool, clock=lambda: NOW), lambda: listener.snapshot
        ),
        lines=listener.lines,
        doors=Doors(limits or Limits()),
        inbox=listener.inbox,
        clock=lambda: NOW,
        answered=lambda _device, _message: None,
    )
    serve: Callable[..., Coroutine[None, None, None]] = (
        serve_jt808_udp if by_datagram else serve_jt808_tcp
    )
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        bound: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = tasks.create_task(
            serve("127.0.0.1", 0, exchange=exchange, on_bound=bound.set_result)
        )
        listener.port = await bound
        change = await listener.inbox.get()
        assert isinstance(change, EdgeChange)
        assert (change.edge, change.gateway, change.up) == ("jt808", "", True)
        yield listener
        assert not serving.done()
        serving.cancel()


def stored(arrival: Arrival) -> None:
    """Play the intake that has committed an arrival."""
    assert arrival.committed
    arrival.committed()
