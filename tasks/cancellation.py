"""Being cancelled, and that not being lost.

In Python 3.11 `asyncio.wait_for` swallows a cancellation that comes in the same turn of
the loop as what it waits for (cpython#86296), and libraries that we use wait by it. In
any Python a clean-up that fails tells of itself, not of the cancellation it was for.
What tells it all the same is how often somebody asked that the task end. Compared with
how often that was before: a task that cleans up was cancelled already, and one whose
group of tasks failed may carry a mark of that (Python before 3.13).
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def heeding(waiting: Awaitable[T]) -> T:
    """Wait for something; being cancelled meanwhile goes first.

    Args:
        waiting: What may swallow a cancellation and then end.

    Returns:
        What it returned.

    Raises:
        asyncio.CancelledError: We were cancelled meanwhile, whatever came of the wait.
        BaseException: What the wait raised.
    """
    before = times_cancelled()
    try:
        return await waiting
    finally:
        end_if_cancelled(since=before)


def times_cancelled() -> int:
    """Return how often somebody asked that the current task end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def end_if_cancelled(*, since: int) -> None:
    """End the current task if somebody asked for that.

    Args:
        since: How often it had been asked before: `times_cancelled()`.

    Raises:
        asyncio.CancelledError: If it was asked once more.
    """
    if times_cancelled() > since:
        raise asyncio.CancelledError
