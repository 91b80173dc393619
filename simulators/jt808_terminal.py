"""A vehicle terminal that speaks JT/T 808: it registers, proves itself, and remembers.

What is not answered is kept. After an outage it comes first, as a blind area's batches
(0x0704); then reports go out as they are made (0x0200). A message that is not answered
in time is sent again, and after some times the terminal calls anew.
"""

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from ingest.protocols.jt808 import (
    SERIALS,
    Authentication,
    BatchKind,
    Body,
    Edition,
    Heartbeat,
    Jt808Stream,
    Message,
    PlatformReply,
    Registered,
    Registration,
    RegistrationReply,
    Result,
    batch_of,
    encode,
    location_of,
)
from simulators.jt808_cab import Cab
from simulators.jt808_memory import InFlight, Memory
from tasks.attempt import attempt
from vocabulary.position import Position

log = logging.getLogger(__name__)

TRIES = 3
"""How often a message is sent before the terminal calls anew (JT/T 808-2019, 6.3)."""

_READ_SIZE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalFacts:
    """One terminal.

    Attributes:
        phone: Its phone number.
        plate: Of its vehicle.
        edition: Which it speaks.
        serial_id: Its own id.
    """

    phone: str
    plate: str
    edition: Edition = Edition.OF_2013
    serial_id: str = "SIM0001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How a terminal paces itself.

    Attributes:
        reply_s: How long it waits for an answer.
        heartbeat_s: How long it is quiet at most.
        pause_s: How long it waits before it calls anew.
        batch: Most reports in one batch of a blind area.
    """

    reply_s: float = 10.0
    heartbeat_s: float = 60.0
    pause_s: float = 1.0
    batch: int = 20


class LineError(OSError):
    """The line is no use any more."""


class Jt808Terminal:
    """One terminal, played until cancelled.

    Attributes:
        memory: What it has reported and not been answered yet.
        cab: What the platform has told it.
        token: What it proves itself with; empty until it has registered.
        calls: How often it has called.
        is_on_line: Whether it has proved who it is on a line that is open.
    """

    def __init__(
        self,
        facts: TerminalFacts,
        *,
        listener: tuple[str, int],
        habits: Habits | None = None,
    ) -> None:
        """Report nothing yet.

        Args:
            facts: Which terminal.
            listener: Host and port to call.
            habits: How it paces itself.
        """
        self.memory = Memory()
        self.cab = Cab()
        self.token = ""
        self.calls = 0
        self.is_on_line = False
        self._facts = facts
        self._listener = listener
        self._habits = habits or Habits()
        self._wake = asyncio.Event()
        self._quiet_since_s = 0.0

    def report(self, position: Position) -> None:
        """Take a fix, to be sent as soon as there is a line."""
        location = location_of(position)
        self.cab.last = location
        self.memory.keep(location)
        self._wake.set()

    async def run(self) -> None:
        """Call, and call anew whenever the line ends."""
        while True:
            self.calls += 1
            try:
                await attempt(self._call())
            except* OSError as errors:
                log.info("%s has no line: %s", self._facts.phone, errors.exceptions)
            finally:
                self.is_on_line = False
                self.memory.lose_line()
            await asyncio.sleep(self._habits.pause_s)

    async def _call(self) -> None:
        async with asyncio.timeout(self._habits.reply_s):
            reader, writer = await asyncio.open_connection(*self._listener)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen(reader, writer), name="listen")
                self._log_in(writer)
                await self._talk(writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _listen(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        stream = Jt808Stream()
        while data := await reader.read(_READ_SIZE):
            for item in stream.receive_data(data):
                if isinstance(item, Message):
                    self._hear(item, writer)
        raise LineError("the platform hung up")

    async def _talk(self, writer: asyncio.StreamWriter) -> None:
        """Send what there is to send, until the line ends."""
        loop = asyncio.get_running_loop()
        login_due_s = loop.time() + self._habits.reply_s
        while True:
            self._wake.clear()
            if self.is_on_line:
                self._send_due(writer, loop.time())
            elif loop.time() >= login_due_s:
                raise LineError("the platform does not let it in")
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._habits.reply_s / 2):
                    await self._wake.wait()

    def _log_in(self, writer: asyncio.StreamWriter) -> None:
        facts = self._facts
        if self.token:
            self._say(writer, Authentication(token=self.token))
            return
        registration = Registration(
            edition=facts.edition,
            maker="GEZHI",
            model="SIM-808",
            serial_id=facts.serial_id,
            plate_colour=2,
            plate=facts.plate,
        )
        self._say(writer, registration)

    def _hear(self, message: Message, writer: asyncio.StreamWriter) -> None:
        match message.body:
            case RegistrationReply(result=Registered.OK, token=token):
                self.token = token
                self._log_in(writer)
            case RegistrationReply(result=result):
                raise LineError(f"registration: {result}")
            case PlatformReply(answered_id=Authentication.message_id):
                self._hear_of_login(message.body, writer)
            case PlatformReply(result=Result.FAILED):
                raise LineError("the platform does not know it any more")
            case PlatformReply():
                self.memory.land(message.body.answered)
            case _:
                self._say(writer, self.cab.obey(message))
        self._wake.set()

    def _hear_of_login(
        self, reply: PlatformReply, writer: asyncio.StreamWriter
    ) -> None:
        if reply.result == Result.OK:
            self.is_on_line = True
        else:
            self.token = ""  # it is not the one of the last registration
            self._log_in(writer)

    def _send_due(self, writer: asyncio.StreamWriter, now_s: float) -> None:
        for serial, message in list(self.memory.in_flight.items()):
            if now_s - message.sent_s >= self._habits.reply_s:
                self._send_again(writer, serial, message, now_s)
        unsent = self.memory.unsent()
        for n in range(0, len(unsent), self._habits.batch):
            self._send_reports(writer, unsent[n : n + self._habits.batch], now_s)
        if now_s - self._quiet_since_s >= self._habits.heartbeat_s:
            self._say(writer, Heartbeat())

    def _send_reports(
        self, writer: asyncio.StreamWriter, numbers: list[int], now_s: float
    ) -> None:
        locations = [self.memory.kept[number] for number in numbers]
        body: Body = locations[0]
        if len(locations) > 1:
            body = batch_of(locations, BatchKind.BLIND_AREA)
        serial, frames = self._say(writer, body)
        message = InFlight(frames, tuple(numbers), now_s, times=1)
        self.memory.fly(serial, message)

    def _send_again(
        self,
        writer: asyncio.StreamWriter,
        serial: int,
        message: InFlight,
        now_s: float,
    ) -> None:
        if message.times >= TRIES:
            raise LineError(f"no answer to message {serial}")
        writer.write(message.frames)
        again = InFlight(message.frames, message.numbers, now_s, message.times + 1)
        self.memory.fly(serial, again)

    def _say(self, writer: asyncio.StreamWriter, body: Body) -> tuple[int, bytes]:
        """Send a message; return its (last) serial number and its frames."""
        frames = encode(
            body,
            terminal=self._facts.phone,
            serial=self.memory.serial,
            edition=self._facts.edition,
        )
        first = self.memory.take_serials(len(frames))
        writer.write(b"".join(frames))
        self._quiet_since_s = asyncio.get_running_loop().time()
        return (first + len(frames) - 1) % SERIALS, b"".join(frames)
