"""A test that comes to no end fails, and says what it was waiting for.

Without this a hang takes all the time there is for all tests, and tells nothing. It is
real time: a loop whose clock stands still must not hold this up.
"""

import asyncio
import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest

HANGS_S = 7200.0 if os.environ.get("GEZHI_SOAK") == "1" else 900.0
"""No test takes a tenth of it on a machine that does nothing else; where it has no more
than a tenth of the machine it must be let go on."""

AGAIN_S = 60.0
"""When it is told to end once more, if it held out, or was just cleaning up."""


@contextmanager
def ending(name: str, *, within_s: float = HANGS_S) -> Iterator[None]:
    """Fail whatever the main thread does in the block if that takes too long."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(_number: int, _frame: FrameType | None) -> None:
        sys.stderr.write(f"\n{name} has no end:\n{stacks()}")
        pytest.fail(f"no end after {within_s:g} s; stacks are in what it wrote")

    before = signal.signal(signal.SIGALRM, give_up)
    left = signal.setitimer(signal.ITIMER_REAL, within_s, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *left)
        signal.signal(signal.SIGALRM, before)


def stacks() -> str:
    """Return where each thread stands, and each task of the loop that runs."""
    told = io.StringIO()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in sys._current_frames().items():  # noqa: SLF001 the way to it
        told.write(f"thread {names.get(ident, ident)}\n")
        traceback.print_stack(frame, file=told)
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # no loop runs here
        tasks = set()
    for task in tasks:
        task.print_stack(file=told)
    return told.getvalue()
