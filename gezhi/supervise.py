"""Keep our own processes running: started, restarted with back-off, stopped."""

import asyncio
from collections.abc import Callable

from gezhi.stack.child import Child, Program

FIRST_DELAY_S = 0.5
"""Pause before the first restart."""

LONGEST_DELAY_S = 30.0
"""The pause doubles up to this."""

SETTLED_S = 60.0
"""A process that ran this long is restarted as if for the first time."""

Report = Callable[[str], None]
"""Where one line for people goes."""


async def keep_running(program: Program, report: Report) -> None:
    """Run a program until cancelled; a death is reported and followed by a restart."""
    child = Child(program)
    loop = asyncio.get_running_loop()
    delay_s = FIRST_DELAY_S
    try:
        while True:
            started = loop.time()
            child.start()
            code = await child.wait()
            if loop.time() - started > SETTLED_S:
                delay_s = FIRST_DELAY_S
            report(
                f"{program.name} ended with {code}; again in {delay_s:g} s "
                f"(its log: {program.log})"
            )
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LONGEST_DELAY_S)
    finally:
        if child.is_running:
            await child.stop()
