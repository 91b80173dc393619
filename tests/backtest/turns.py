"""Several connections whose statements are let through one by one, in a given order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg

from store.connection import Connection
from tests.rules.workers import PATIENCE_S

BLOCKED = "SELECT cardinality(pg_blocking_pids($1)) > 0"


class Gate:
    """Where a connection waits before each statement."""

    def __init__(self) -> None:
        self.is_waited_at = False
        self._opened = asyncio.Event()

    async def wait(self) -> None:
        self.is_waited_at = True
        await self._opened.wait()
        self._opened.clear()

    def open(self) -> None:
        """Let one statement through."""
        self.is_waited_at = False
        self._opened.set()


class Gated(asyncpg.Connection):
    """A connection of which every statement waits at its gate, if it has one."""

    gate: Gate | None = None

    # Of what these can be told besides, nobody here tells anything.

    async def execute(self, query: str, *args: object) -> str:  # type: ignore[override]
        await self._pass()
        return await super().execute(query, *args)

    async def executemany(  # type: ignore[override]
        self, command: str, args: Iterable[Sequence[object]]
    ) -> None:
        await self._pass()
        await super().executemany(command, args)

    async def fetch(  # type: ignore[override]
        self, query: str, *args: object
    ) -> list[asyncpg.Record]:
        await self._pass()
        return await super().fetch(query, *args)

    async def fetchrow(  # type: ignore[override]
        self, query: str, *args: object
    ) -> asyncpg.Record | None:
        await self._pass()
        return await super().fetchrow(query, *args)

    async def fetchval(self, query: str, *args: object) -> object:  # type: ignore[override]
        await self._pass()
        return await super().fetchval(query, *args)

    async def _pass(self) -> None:
        if self.gate is not None:
            await self.gate.wait()


@dataclass
class Actor:
    """Somebody who does something on a connection of their own."""

    connection: Gated
    gate: Gate
    task: asyncio.Task[None]

    @property
    def is_ready(self) -> bool:
        return self.gate.is_waited_at and not self.is_done

    @property
    def is_done(self) -> bool:
        return self.task.done()


Choose = Callable[[Sequence[int]], int]
"""Of those who could go on, by their numbers, who does."""


@asynccontextmanager
async def lines(dsn: str, many: int) -> AsyncIterator[list[Gated]]:
    """Open some connections."""
    async with AsyncExitStack() as stack:
        found: list[Gated] = []
        for _ in range(many):
            line = await asyncpg.connect(dsn, connection_class=Gated)
            stack.callback(line.terminate)
            found.append(line)
        yield found


async def in_turns(
    observer: Connection,
    doings: Sequence[tuple[Gated, Coroutine[object, object, None]]],
    choose: Choose,
) -> None:
    """Let some do something at once, one statement at a time.

    Who waits for a lock is let alone until it has it.

    Args:
        observer: Looks who does; nobody else's.
        doings: Each on a connection of its own.
        choose: Asked before each statement.
    """
    async with asyncio.timeout(PATIENCE_S), asyncio.TaskGroup() as tasks:
        actors: list[Actor] = []
        for connection, doing in doings:
            gate = connection.gate = Gate()
            task = tasks.create_task(doing, name=f"actor {len(actors)}")
            actors.append(Actor(connection, gate, task))
        try:
            await _let_all(observer, actors, choose)
        finally:
            for actor in actors:
                actor.connection.gate = None
                actor.gate.open()  # to roll back, if anything went wrong


async def _let_all(
    observer: Connection, actors: Sequence[Actor], choose: Choose
) -> None:
    while True:
        await _settled(observer, actors)
        ready = [place for place, actor in enumerate(actors) if actor.is_ready]
        if ready:
            actors[choose(ready)].gate.open()
        elif all(actor.is_done for actor in actors):
            return
        # Else the server itself has the lock for a moment, or ends a deadlock.


async def _settled(observer: Connection, actors: Iterable[Actor]) -> None:
    """Wait until everybody is at their gate, is done, or waits for a lock."""
    while True:
        busy = [actor for actor in actors if not actor.is_ready and not actor.is_done]
        pids = [actor.connection.get_server_pid() for actor in busy]
        if all([await observer.fetchval(BLOCKED, pid) for pid in pids]):
            return
        await asyncio.sleep(0.0005)  # a poll: the server has no word for it
