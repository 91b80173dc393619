"""The worker of the command queue: follows the journal, and has said what is due.

One works at a time, whoever holds the advisory lock; it goes with the process. A
command is claimed, said, and only then noted as sent: who dies between says it once
more, and the device drops what it has heard. So each is said at least once and done
once.
"""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Callable
from typing import Protocol

import asyncpg

from devices.registry.snapshot import Snapshot
from ingest.commands.carrier import Carrier, Said, Way
from ingest.commands.fold import Fold
from ingest.commands.noting import note
from store.commands.journal import read_for_commands
from store.commands.queue import claim_commands
from store.connection import AWAY, IMPATIENT, Connection
from store.journal.follow import JournalTail
from tasks.attempt import attempt
from vocabulary.command import Command
from vocabulary.device import Gateway
from vocabulary.times import Clock

log = logging.getLogger(__name__)

LOCK = 0x677A_636F_6D6D
"""Number of the advisory lock; "gzcomm"."""

LOOK_S = 1.0
"""How often a waiting worker asks for the lock."""

RETRY_S = 2.0
"""About how long to leave a lost database alone."""

AT_ONCE = 256
"""Commands that are being said at a time."""

AT_ONCE_EACH = 16
"""Of those, to one gateway: a line that is gone must not hold up the others."""

SAY_S = 90.0
"""How long a carrier may take over one command."""


class Ways(Protocol):
    """The ways out: `Carriers`, or those of a test."""

    def to(self, gateway: Gateway) -> Carrier | None:
        """Return the carrier to a gateway; None if there is none."""


async def run_commands(
    dsn: str, registry: Callable[[], Snapshot], ways: Ways, *, clock: Clock
) -> None:
    """Work on the queue until cancelled; a second worker waits for the first to go.

    Args:
        dsn: The database; it may come and go.
        registry: Returns the registry as it is now.
        ways: The carriers.
        clock: Tells when something is said.
    """
    while True:
        try:
            await attempt(_work(dsn, registry, ways, clock))
        except* AWAY as group:
            log.warning("commands: the database is away: %s", group.exceptions[0])
        await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load


async def _work(
    dsn: str, registry: Callable[[], Snapshot], ways: Ways, clock: Clock
) -> None:
    connection = await asyncpg.connect(
        dsn, command_timeout=60, server_settings=IMPATIENT
    )
    try:
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):  # noqa: ASYNC110 - another process has it
            await asyncio.sleep(LOOK_S)
        async with (
            JournalTail(dsn, reader=read_for_commands) as tail,
            asyncio.TaskGroup() as tasks,
        ):
            worker = _Worker(connection, tasks, registry, ways, clock)
            await worker.follow(tail)
    finally:
        connection.terminate()


class _Worker:
    """One holder of the lock; its connection is used by one task at a time."""

    def __init__(
        self,
        connection: Connection,
        tasks: asyncio.TaskGroup,
        registry: Callable[[], Snapshot],
        ways: Ways,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._tasks = tasks
        self._registry = registry
        self._ways = ways
        self._clock = clock
        self._turn = asyncio.Lock()
        self._busy: dict[int, str] = {}  # what is being said, and to which gateway

    async def follow(self, tail: JournalTail) -> None:
        """Take in what the journal tells, and have said what is due."""
        fold = Fold(self._connection, self._clock)
        await fold.begin()
        while True:
            entries = await tail.entries(fold.after)
            async with self._turn:
                is_open = await fold.take(entries)
                due = await self._claim(fold) if is_open else []
            for command in due:
                self._busy[command.number] = self._gateway_of(command)
                self._tasks.create_task(
                    self._say(command), name=f"command {command.number}"
                )

    async def _claim(self, fold: Fold) -> list[Command]:
        crowds = Counter(self._busy.values())
        crowded = {code for code, count in crowds.items() if count >= AT_ONCE_EACH}
        return await claim_commands(
            self._connection,
            at=self._clock(),
            down=fold.down | crowded,
            busy=self._busy,
            most=AT_ONCE - len(self._busy),
            most_each=AT_ONCE_EACH,
        )

    def _gateway_of(self, command: Command) -> str:
        device = self._registry().devices.get(command.device_id)
        return device.gateway if device else ""

    async def _say(self, command: Command) -> None:
        carrier, said = await self._said(command)
        log.info("command %s: %s, %s", command.id, said.way.value, said.detail)
        async with self._turn:
            await note(
                self._connection,
                command,
                said,
                may_repeat=carrier is not None and carrier.may_repeat,
                at=self._clock(),
            )
            del self._busy[command.number]

    async def _said(self, command: Command) -> tuple[Carrier | None, Said]:
        snapshot = self._registry()
        device = snapshot.devices.get(command.device_id)
        gateway = snapshot.gateways.get(device.gateway) if device else None
        if device is None or gateway is None:
            detail = "its registration is not known here yet"
            return None, Said(way=Way.AWAY, detail=detail)
        carrier = self._ways.to(gateway)
        if carrier is None:
            detail = f"nothing can be said to {gateway.code} ({gateway.transport})"
            return None, Said(way=Way.REFUSED, detail=detail)
        try:
            async with asyncio.timeout(SAY_S):
                return carrier, await carrier.say(command, device, gateway)
        except TimeoutError:
            return carrier, Said(way=Way.UNSURE, detail=f"not said within {SAY_S:g} s")
        except Exception as error:
            log.exception("command %s", command.id)
            return carrier, Said(way=Way.REFUSED, detail=f"our fault: {error!r}")
