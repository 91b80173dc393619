"""The guard against tests without an end: it ends them, and says where they were."""

import asyncio
import signal
import threading

import pytest

from tests.hang_guard import HANGS_S, ending


async def waits_for_ever() -> None:
    # What is called soon is called once we wait: from then on little patience is left.
    loop = asyncio.get_running_loop()
    loop.call_soon(signal.setitimer, signal.ITIMER_REAL, 0.2, 60)
    await asyncio.Event().wait()


def test_a_wait_without_end_fails_and_names_the_task_that_waits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match="no end after 300 s"),
        ending("this test", within_s=300),
    ):
        asyncio.run(waits_for_ever())
    told = capsys.readouterr().err
    assert "this test has no end" in told
    assert "await asyncio.Event().wait()" in told


def test_a_lock_that_nobody_gives_back_fails_too() -> None:
    lock = threading.Lock()
    lock.acquire()
    with pytest.raises(pytest.fail.Exception), ending("this test", within_s=0.2):
        lock.acquire()


def test_every_test_is_guarded_and_an_inner_guard_gives_way_to_the_outer() -> None:
    half_s = HANGS_S / 2
    with ending("this test", within_s=half_s):
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= half_s
    assert half_s < signal.getitimer(signal.ITIMER_REAL)[0] <= HANGS_S
