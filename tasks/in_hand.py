"""Things done to their end though their owner is cancelled amid one of them.

Whoever commits something and is cancelled meanwhile does not know whether it was done.
What is in hand is not broken off here; its owner waits for it in a clean-up, for as
long as it likes.
"""

import asyncio
from collections.abc import Coroutine
from typing import Never, TypeVar

T = TypeVar("T")


class InHand:
    """What one task does, one thing after the other."""

    def __init__(self) -> None:
        self._doing: asyncio.Task[object] | None = None

    async def do(self, work: Coroutine[object, Never, T]) -> T:
        """Do something, and return what it returned.

        Args:
            work: What to do; who is cancelled meanwhile leaves it to `finish`.
        """
        doing = self._doing = asyncio.create_task(work)
        return await asyncio.shield(doing)

    async def finish(self) -> None:
        """Wait for the end of what we were cancelled amid, if there is such a thing.

        Raises:
            BaseException: What it raised.
        """
        if self._doing is not None and not self._doing.done():
            await self._doing
