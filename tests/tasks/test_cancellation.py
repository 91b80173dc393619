"""A cancellation is not lost, and a clean-up is none."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from tasks.cancellation import heeding


class GoneError(OSError):
    """The other side is gone."""


async def waits(answer: asyncio.Future[int]) -> int:
    """Wait as our libraries do: Python 3.11 swallows a cancellation here."""
    return await asyncio.wait_for(answer, timeout=60)


async def fails(answer: asyncio.Future[int]) -> int:
    try:
        return await answer
    finally:
        raise GoneError


@pytest.mark.parametrize("work", [waits, fails])
async def test_who_heeds_ends_though_the_answer_comes_at_that_moment(
    work: Callable[[asyncio.Future[int]], Coroutine[None, None, int]],
) -> None:
    answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(heeding(work(answer)))
    await asyncio.sleep(0.01)
    answer.set_result(7)
    waiting.cancel()
    await asyncio.wait([waiting], timeout=60)
    assert waiting.cancelled()


async def test_who_was_cancelled_before_may_heed_what_its_clean_up_waits_for() -> None:
    done, has_begun = [], asyncio.Event()

    async def works() -> None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            done.append(await heeding(asyncio.sleep(0, "said goodbye")))

    working = asyncio.create_task(works())
    await has_begun.wait()
    working.cancel()
    await asyncio.wait([working], timeout=60)
    assert working.cancelled()
    assert done == ["said goodbye"]


async def test_what_comes_of_a_wait_is_told() -> None:
    assert await heeding(asyncio.sleep(0, 7)) == 7
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await heeding(asyncio.Event().wait())
