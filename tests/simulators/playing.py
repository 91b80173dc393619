"""Running a player beside a test, on the machine's own time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime

from simulators.world import World
from tests.simulators.towns import town


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a test against real sockets


def world() -> World:
    return World.begin(town(), (), start=now())


@contextlib.asynccontextmanager
async def playing(player: Coroutine[None, None, None]) -> AsyncIterator[None]:
    async with asyncio.timeout(300), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(player)
        try:
            yield
        finally:
            task.cancel()
