"""A serial line of two pseudo-terminals with a wire between them that can be spoilt."""

import asyncio
import os
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from vocabulary.device import Gateway, Transport

LINE = "115200 8N1"


@dataclass(slots=True)
class Wire:
    """Octets from slaves to master go through `spoil`, which may say them later.

    Attributes:
        master: Path of the master's end.
        slaves: Path of the slaves' end.
        spoil: Gets what the slaves say; returns what is heard at once.
        asked: What the master said, request by request as it came.
        asked_s: When, seconds of the loop's clock.
    """

    master: str
    slaves: str
    spoil: Callable[[bytes], bytes] = lambda octets: octets
    asked: list[bytes] = field(default_factory=list)
    asked_s: list[float] = field(default_factory=list)
    _say: Callable[[bytes], None] = lambda _octets: None

    def say(self, octets: bytes) -> None:
        """Let the master hear something."""
        self._say(octets)


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    """Lay a wire; its ends are raw, as serial lines are."""
    loop = asyncio.get_running_loop()
    ends = [os.openpty() for _ in range(2)]
    for outside, inside in ends:
        tty.setraw(inside)
        os.set_blocking(outside, False)
    (master, _), (slaves, _) = ends
    laid = Wire(os.ttyname(ends[0][1]), os.ttyname(ends[1][1]))
    laid._say = lambda octets: _write(master, octets)  # noqa: SLF001 (its own maker)

    def to_slaves() -> None:
        octets = _read(master)
        laid.asked.append(octets)
        laid.asked_s.append(loop.time())
        _write(slaves, octets)

    loop.add_reader(master, to_slaves)
    loop.add_reader(slaves, lambda: laid.say(laid.spoil(_read(slaves))))
    try:
        yield laid
    finally:
        for outside, inside in ends:
            loop.remove_reader(outside)
            os.close(outside)
            os.close(inside)


def a_bus(laid: Wire, line: str = LINE) -> Gateway:
    """Return the gateway at the master's end."""
    return Gateway(
        id=1,
        code="RTU-1",
        transport=Transport.MODBUS_RTU,
        host=laid.master,
        port=0,
        simulated=True,
        line=line,
    )


def _read(file: int) -> bytes:
    with suppress(BlockingIOError):
        return os.read(file, 4096)
    return b""


def _write(file: int, octets: bytes) -> None:
    if octets:
        os.write(file, octets)
