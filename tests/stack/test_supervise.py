"""What runs under us is started again, whatever comes in between."""

import asyncio
from pathlib import Path

import asyncpg

from gezhi.processes.supervise import keep_started
from gezhi.stack.child import Child, Program
from gezhi.up import beside


class Shaky:
    """A part that is hung up on as it begins, once."""

    def __init__(self, log: Path) -> None:
        command = ["/bin/sleep", "60"]
        self.child = Child(Program(name="it", command=command, log=log))
        self.starts = 0

    async def start(self) -> None:
        """Start it again; the first time the server goes as it is asked something."""
        self.starts += 1
        if self.starts == 1:
            said = "connection was closed in the middle of operation"
            raise asyncpg.ConnectionDoesNotExistError(said)
        self.child.start()


async def test_a_server_that_is_ended_as_it_begins_is_begun_anew(
    tmp_path: Path,
) -> None:
    part = Shaky(tmp_path / "log")
    part.child.start()
    lines: list[str] = []
    async with (
        asyncio.timeout(300),
        beside(keep_started("it", part, lines.append), "it"),
    ):
        await part.child.kill()
        while part.starts < 2:  # noqa: ASYNC110 another task
            await asyncio.sleep(0.01)
    await part.child.kill()
    assert [line for line in lines if "does not start" in line] != []
