"""A loop that tries again can be stopped, whatever fails at that moment."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

import pytest

from tasks.attempt import attempt

Work = Callable[[asyncio.Event], Coroutine[None, None, None]]


class GoneError(OSError):
    """The other side is gone."""


async def fails_beside(stopping: asyncio.Event) -> None:
    """Wait in a group while a task of it fails in the moment of the stop."""

    async def fail() -> None:
        await stopping.wait()
        raise GoneError

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fail())
        await asyncio.Event().wait()


async def fails_amid_the_waiting_of_a_group(stopping: asyncio.Event) -> None:
    """As before, with the group's owner at its end, where it only waits."""

    async def fail() -> None:
        await stopping.wait()
        raise GoneError

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(fail())
        tasks.create_task(asyncio.Event().wait())


async def cleans_up_and_fails(_stopping: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    finally:
        raise GoneError


async def ends_all_the_same(stopping: asyncio.Event) -> None:
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        stopping.set()


async def again_and_again(once: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await once()
        except* OSError:
            pass
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "work",
    [
        fails_beside,
        fails_amid_the_waiting_of_a_group,
        cleans_up_and_fails,
        ends_all_the_same,
    ],
)
async def test_a_loop_of_attempts_ends_when_it_is_cancelled(work: Work) -> None:
    stopping = asyncio.Event()
    loop = asyncio.create_task(again_and_again(lambda: attempt(work(stopping))))
    await asyncio.sleep(0.01)
    stopping.set()
    await asyncio.sleep(0)  # what fails has failed, and nobody knows yet
    loop.cancel()
    done, _ = await asyncio.wait([loop], timeout=60)
    assert done
    assert loop.cancelled()


async def test_a_loop_goes_on_after_a_group_that_failed_while_it_waited() -> None:
    """Python before 3.13 leaves the owner of such a group marked as cancelled."""
    stopping = asyncio.Event()
    stopping.set()
    times = 0

    async def once() -> None:
        nonlocal times
        times += 1
        await attempt(fails_amid_the_waiting_of_a_group(stopping))

    loop = asyncio.create_task(again_and_again(once))
    async with asyncio.timeout(60):
        while times < 3:  # noqa: ASYNC110 - counts
            await asyncio.sleep(0)
    assert not loop.done()
    loop.cancel()
    await asyncio.wait([loop], timeout=60)


async def test_what_an_attempt_returns_and_raises_is_the_works() -> None:
    async def seven() -> int:
        return 7

    async def gone() -> int:
        raise GoneError

    assert await attempt(seven()) == 7
    with pytest.raises(GoneError):
        await attempt(gone())


async def test_who_is_stopping_may_attempt_all_that_is_left_to_do() -> None:
    begun, done = asyncio.Event(), []

    async def note(word: str) -> None:
        await asyncio.sleep(0)
        done.append(word)

    async def works() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await attempt(note("put away"))
            await attempt(note("said goodbye"))

    working = asyncio.create_task(works())
    await begun.wait()
    working.cancel()
    await asyncio.wait([working], timeout=60)
    assert working.cancelled()
    assert done == ["put away", "said goodbye"]


async def test_a_clean_up_that_waits_for_what_stands_still_is_broken_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tasks.attempt.PATIENCE_S", 1.0)
    has_begun, has_hung_up = asyncio.Event(), asyncio.Event()

    async def works() -> None:
        has_begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            try:
                await asyncio.Event().wait()  # the database takes nothing back
            finally:
                has_hung_up.set()

    async def within() -> None:
        await attempt(works())

    working = asyncio.create_task(attempt(within()))
    async with asyncio.timeout(60):
        await has_begun.wait()
        working.cancel()
        await asyncio.wait([working])
        await has_hung_up.wait()
    assert working.cancelled()
