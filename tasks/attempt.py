"""One attempt at what is tried again after an error, such that it can be stopped.

A loop that connects, fails and connects again ends by being cancelled, and that can be
lost: a `TaskGroup` in which a task fails just as its owner is cancelled tells of the
failure only (Python before 3.13), and a clean-up that fails tells of itself only (any
Python). The loop would take the error for one of many and go on for ever.
"""

import asyncio
from collections.abc import Coroutine
from typing import Never, TypeVar

T = TypeVar("T")

PATIENCE_S = 5.0
"""How long a clean-up may take before it is broken off: it may wait for the very
database that stands still, and who is told to stop is not waited for much longer."""


async def attempt(work: Coroutine[object, Never, T]) -> T:
    """Do something in a task of its own; being cancelled meanwhile goes first.

    The task of its own is what makes that certain: a task group that fails may leave
    the task that owns it marked as cancelled (Python before 3.13), and that is not us.
    Who was cancelled before and is cleaning up may attempt what is left to do. What is
    cancelled and does not end in time is cancelled once more, and then left alone.

    Args:
        work: What to do.

    Returns:
        What it returned.

    Raises:
        asyncio.CancelledError: We were cancelled meanwhile, whatever the work said to
            that.
        BaseException: What the work raised.
    """
    doing = asyncio.create_task(work)
    try:
        await asyncio.wait([doing])
    except asyncio.CancelledError:
        await _break_off(doing)
        raise
    return doing.result()


async def _break_off(doing: asyncio.Task[T]) -> None:
    """Let something end, and its clean-up take no longer than it may."""
    doing.cancel()
    try:
        await asyncio.wait([doing], timeout=PATIENCE_S)
    finally:
        doing.cancel()
    await asyncio.wait([doing], timeout=PATIENCE_S)
    if doing.done() and not doing.cancelled():
        doing.exception()  # nobody asks for it: else it is reported as forgotten
