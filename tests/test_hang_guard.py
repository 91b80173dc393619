"""The guard against tests without an end: it ends them, and says where they were."""

import asyncio
import signal
import threading

import pytest

from tests.hang_guard import HANGS_S, ending


async def waits_for_ever() -> None:
    await asyncio.Event().wait()


def test_a_wait_without_end_fails_and_names_the_task_that_waits(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with (
        pytest.raises(pytest.fail.Exception, match=r"no end after 0\.2 s"),
        ending("this test", within_s=0.2),
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
    with ending("this test", within_s=5):
        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 5
    assert 5 < signal.getitimer(signal.ITIMER_REAL)[0] <= HANGS_S
