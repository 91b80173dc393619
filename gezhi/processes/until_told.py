"""Run one process's coroutine until it ends or we are told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine

import uvloop


def run_until_told(
    main: Coroutine[None, None, None], *, level: int = logging.INFO
) -> None:
    """Run `main` on uvloop; SIGINT and SIGTERM cancel it, and that is a clean end.

    Args:
        main: What to run.
        level: Least important log line to write.
    """
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    with contextlib.suppress(asyncio.CancelledError):
        uvloop.run(_cancellable(main))


async def _cancellable(main: Coroutine[None, None, None]) -> None:
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    if task is None:
        raise AssertionError
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    await main
