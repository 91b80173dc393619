"""One attempt at what is tried again after an error, such that it can be stopped.

A loop that connects, fails and connects again ends by being cancelled, and that can be
lost: a `TaskGroup` in which a task fails just as its owner is cancelled tells of the
failure only (Python before 3.13), and a clean-up that fails tells of itself only (any
Python). The loop would take the error for one of many and go on for ever.
"""

import asyncio
from collections.abc import Coroutine
from typing import Never, TypeVar

from tasks.cancellation import heeding

T = TypeVar("T")


async def attempt(work: Coroutine[object, Never, T]) -> T:
    """Do something in a task of its own; being cancelled meanwhile goes first.

    The task of its own is what makes that certain: a task group that fails may leave
    the task that owns it marked as cancelled (Python before 3.13), and that is not us.
    Who was cancelled before and is cleaning up may attempt what is left to do.

    Args:
        work: What to do.

    Returns:
        What it returned.

    Raises:
        asyncio.CancelledError: We were cancelled meanwhile, whatever the work said to
            that.
        BaseException: What the work raised.
    """
    return await heeding(asyncio.create_task(work))
