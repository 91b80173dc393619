"""Keep our own processes running: started, restarted with back-off, stopped."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from gezhi.stack.child import Child, ChildDiedError, Program
from store.connection import AWAY

FIRST_DELAY_S = 0.5
"""Pause before the first restart."""

LONGEST_DELAY_S = 30.0
"""The pause doubles up to this."""

RESTART_S = 1.0
"""Pause before a database or broker that ended is started again."""

LONGEST_RESTART_S = 10.0
"""That pause doubles up to this while they do not start, for want of room, say."""

SETTLED_S = 60.0
"""A process that ran this long is restarted as if for the first time."""

Report = Callable[[str], None]
"""Where one line for people goes."""


class Part(Protocol):
    """What runs under us but is not a `gezhi` command: the database, the broker."""

    @property
    def child(self) -> Child:
        """Its process."""

    async def start(self) -> None:
        """Start it again."""


async def keep_started(name: str, part: Part, report: Report) -> None:
    """Start a part again whenever it has ended, until cancelled.

    A start that fails is tried again: a server that found its disk full comes back by
    itself once there is room, and one that was ended as it began is begun anew.
    """
    delay_s = RESTART_S
    while True:
        child = part.child
        code = await child.wait()
        await asyncio.sleep(delay_s)
        if part.child is not child:  # somebody restarted it on purpose
            continue
        report(f"  {name} ended with {code}; starting it again")
        try:
            await part.start()
            delay_s = RESTART_S
        except (*AWAY, ChildDiedError) as error:
            report(f"  {name} does not start: {error}")
            delay_s = min(2 * delay_s, LONGEST_RESTART_S)


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
