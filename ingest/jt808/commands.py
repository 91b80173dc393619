"""Commands to terminals: taken from the database, said on the line, answers put back.

Whatever is lost on the way, the database, the line, this process, the command expires;
it is never said twice.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field

import asyncpg

from ingest.jt808.identities import Identities
from ingest.jt808.lines import Lines
from ingest.jt808.orders import (
    OrderError,
    answered_serial,
    order_bodies,
    outcome_from,
)
from ingest.protocols.jt808 import Message
from store.commands.terminal import (
    CHANNEL,
    Command,
    CommandResult,
    Outcome,
    claim_commands,
    settle_commands,
)
from store.connection import AWAY, IMPATIENT, Connection
from tasks.attempt import attempt
from vocabulary.device import Device
from vocabulary.times import Clock

log = logging.getLogger(__name__)

LOOK_S = 2.0
"""How soon an expired command is noticed."""

RETRY_S = 2.0
"""How long to leave a lost database alone."""

MAX_OPEN = 10_000
"""Commands that may wait for answers; the oldest are forgotten, and expire."""


@dataclass(slots=True)
class _Open:
    """A command that was said and is not wholly answered.

    Attributes:
        command: Which.
        waiting: Its messages that are not answered yet, by their first serial number.
        result: The first that was not right; OK until then.
    """

    command: Command
    waiting: set[int] = field(default_factory=set)
    result: CommandResult = CommandResult.OK


class Commands:
    """The commands of one ingest process."""

    def __init__(
        self, dsn: str, identities: Identities, lines: Lines, *, clock: Clock
    ) -> None:
        """Say nothing yet.

        Args:
            dsn: The database; it may come and go.
            identities: Who is who.
            lines: Who is on the line; a new one is looked at once.
            clock: Tells when.
        """
        self._dsn = dsn
        self._identities = identities
        self._lines = lines
        self._clock = clock
        # By device and serial number; a message in sub-packages may be answered by any.
        self._open: dict[tuple[int, int], tuple[_Open, int]] = {}
        self._settled: list[Outcome] = []
        self._wake = asyncio.Event()
        lines.on_come = self._wake.set

    async def run(self) -> None:
        """Say commands until cancelled."""
        while True:
            with contextlib.suppress(*AWAY):  # the intake says so already
                await attempt(self._follow())
            await asyncio.sleep(RETRY_S)

    def answered(self, device: Device, message: Message) -> None:
        """Take what a terminal answers; never waits."""
        found = self._open.pop((device.id, answered_serial(message)), None)
        if found is None or found[1] not in found[0].waiting:
            return
        opened, first = found
        result, answer = outcome_from(message)
        if opened.result is CommandResult.OK:
            opened.result = result
        opened.waiting.discard(first)
        if not opened.waiting:
            self._settle(Outcome(opened.command.id, opened.result, answer))

    async def _follow(self) -> None:
        connection = await asyncpg.connect(
            self._dsn, command_timeout=60, server_settings=IMPATIENT
        )
        try:
            await connection.add_listener(CHANNEL, lambda *_: self._wake.set())
            while True:
                self._wake.clear()
                await self._say_all(connection)
                await self._settle_all(connection)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._wake.wait()
        finally:
            connection.terminate()

    async def _say_all(self, connection: Connection) -> None:
        on_line = list(self._lines)
        if not on_line:
            return
        for command in await claim_commands(connection, on_line, at=self._clock()):
            self._say(command)

    def _say(self, command: Command) -> None:
        snapshot, line = self._identities.snapshot, self._lines.of(command.device_id)
        device = snapshot.devices.get(command.device_id)
        if line is None or device is None:
            return  # it has just left; the command expires
        try:
            bodies = order_bodies(command, device, snapshot)
        except OrderError as error:
            why = {"error": str(error)}
            self._settle(Outcome(command.id, CommandResult.IMPOSSIBLE, why))
            return
        log.info("%s is told: %s", device.code, command.kind)
        opened = _Open(command)
        for body in bodies:
            first, *others = line.say(body)
            opened.waiting.add(first)
            for serial in (first, *others):
                self._open[device.id, serial] = (opened, first)
        while len(self._open) > MAX_OPEN:
            del self._open[next(iter(self._open))]

    def _settle(self, outcome: Outcome) -> None:
        self._settled.append(outcome)
        self._wake.set()

    async def _settle_all(self, connection: Connection) -> None:
        outcomes = list(self._settled)
        await settle_commands(connection, outcomes, at=self._clock())
        del self._settled[: len(outcomes)]
