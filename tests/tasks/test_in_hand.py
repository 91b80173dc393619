"""What is in hand is done to its end, by whom it was cancelled or not."""

import asyncio

import pytest

from tasks.in_hand import InHand


class GoneError(OSError):
    """The other side is gone."""


async def stopped_amid(done: list[str], *, fails: bool) -> asyncio.Task[None]:
    """Cancel an owner amid something; return it as it waits for that."""
    has_begun, may_end = asyncio.Event(), asyncio.Event()

    async def commit() -> None:
        has_begun.set()
        await may_end.wait()
        if fails:
            raise GoneError
        done.append("commit")

    async def works() -> None:
        in_hand = InHand()
        try:
            await in_hand.do(commit())
        finally:
            done.append("stop")
            await in_hand.finish()
            done.append("goodbye")

    working = asyncio.create_task(works())
    await has_begun.wait()
    working.cancel()
    while not done:  # noqa: ASYNC110 - it says that it stops
        await asyncio.sleep(0.01)
    may_end.set()
    await asyncio.wait([working], timeout=60)
    return working


async def test_what_is_under_way_at_the_stop_is_done_once() -> None:
    done: list[str] = []
    working = await stopped_amid(done, fails=False)
    assert working.cancelled()
    assert done == ["stop", "commit", "goodbye"]


async def test_what_is_under_way_at_the_stop_may_fail() -> None:
    done: list[str] = []
    working = await stopped_amid(done, fails=True)
    assert isinstance(working.exception(), GoneError)
    assert done == ["stop"]


async def test_what_was_done_before_the_stop_is_not_waited_for() -> None:
    in_hand = InHand()
    assert await in_hand.do(asyncio.sleep(0, 7)) == 7
    await in_hand.finish()

    async def gone() -> None:
        raise GoneError

    with pytest.raises(GoneError):
        await in_hand.do(gone())
    await in_hand.finish()  # it was told already
