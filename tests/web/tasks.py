"""A task that runs for as long as a block does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine


@contextlib.asynccontextmanager
async def running(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `work` beside the block, and cancel it at its end."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work, name="beside")
        yield
        task.cancel()
