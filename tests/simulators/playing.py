"""Running a player beside a test, on the machine's own time."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Coroutine
from datetime import UTC, datetime

from simulators.world import World
from tests.simulators.towns import town


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a test against real sockets


def world() -> World:
    return World.begin(town(), (), start=now())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def playing(player: Coroutine[None, None, None]) -> AsyncIterator[None]:
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        task = tasks.create_task(player)
        try:
            yield
        finally:
            task.cancel()
