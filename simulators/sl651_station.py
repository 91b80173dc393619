"""A hydrological or ponding station (遥测站): SL 651-2014 to a centre over TCP.

A station in mode M2 sends a report, waits for its acknowledgement, and sends it again
at most twice; what was not acknowledged it keeps and sends first the next time. In M1
it waits for nothing. In M3 it sends a long message in packets and again the ones it is
asked for.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from ingest.protocols.sl651 import Element, End, Frame, Function, Sl651Stream
from ingest.protocols.sl651.encode import (
    Sender,
    head,
    measured,
    message,
    observation,
    packets,
)
from vocabulary.times import Clock

ANSWER_S = 10.0
"""How long a station waits for an answer."""

RESENDS = 2
"""How often it sends again what was not answered (6.3.2.3)."""

KEEP_ALIVE_S = 40.0
"""Between two keep-alives, as the standard advises (6.6.4.2)."""

KEPT = 1000
"""Reports that a station keeps for a centre that is away; the oldest goes first."""

PAUSE_S = 5.0
"""Between two calls to a centre that is away."""

_READ_SIZE = 4096
_LAST_SERIAL = 0xFFFF


class StationLine:
    """A station's connection to its centre.

    Args:
        reader: From the centre.
        writer: To the centre.
        sender: Who speaks.
        clock: The station's clock.
        answer_s: How long to wait for an answer.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        sender: Sender,
        clock: Clock,
        *,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._sender = sender
        self._clock = clock
        self._answer_s = answer_s
        self._stream = Sl651Stream()
        self._answers: deque[Frame] = deque()

    async def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._writer.write(octets)
        await self._writer.drain()

    async def keep_alive(self, serial: int) -> None:
        """Say that the station is on line; nobody answers.

        Args:
            serial: Of the last report.
        """
        body = head(serial, self._clock(), self._sender)
        await self.send(message(self._sender, Function.KEEP_ALIVE, body))

    async def report(
        self, function: int, serial: int, observed: bytes, *, is_answered: bool = True
    ) -> bool:
        """Send a report until it is acknowledged, or once in mode M1.

        Args:
            function: What it is.
            serial: Its number; the same when it is sent again.
            observed: Its body after the head.
            is_answered: Whether to wait for an answer (M2) or not (M1).

        Returns:
            Whether it was acknowledged.
        """
        body = head(serial, self._clock(), self._sender) + observed
        octets = message(self._sender, function, body)
        for _ in range(1 + RESENDS if is_answered else 1):
            await self.send(octets)
            if is_answered and await self._answer(serial) is not None:
                return True
        return False

    async def report_in_packets(
        self, function: int, serial: int, observed: bytes, *, size: int, lost: int = 0
    ) -> bool:
        """Send a report in packets until it is acknowledged (mode M3).

        Args:
            function: What it is.
            serial: Its number.
            observed: Its body after the head.
            size: Most octets of body in one packet.
            lost: The packet that the line loses the first time; 0 for none.

        Returns:
            Whether it was acknowledged.
        """
        body = head(serial, self._clock(), self._sender) + observed
        frames = packets(self._sender, function, body, size=size)
        kept = [one for n, one in enumerate(frames, start=1) if n != lost]
        await self.send(b"".join(kept))
        while (answer := await self._answer(serial)) is not None:
            if answer.end is not End.NAK or answer.packet is None:
                return True
            await self.send(frames[answer.packet.number - 1])
        return False

    async def _answer(self, serial: int) -> Frame | None:
        """Return the centre's answer to a serial; None if none came in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._answer_s):
                while True:
                    while self._answers:
                        answer = self._answers.popleft()
                        if int.from_bytes(answer.body[:2], "big") == serial:
                            return answer
                    await self._hear()
        return None

    async def _hear(self) -> None:
        data = await self._reader.read(_READ_SIZE)
        if not data:
            raise ConnectionResetError("the centre hung up")
        items = self._stream.receive_data(data)
        self._answers += [item for item in items if isinstance(item, Frame)]


@asynccontextmanager
async def calling(
    centre: tuple[str, int],
    sender: Sender,
    *,
    clock: Clock,
    answer_s: float = ANSWER_S,
) -> AsyncIterator[StationLine]:
    """Call a centre, and hang up in the end.

    Args:
        centre: Host and port.
        sender: Who calls.
        clock: The station's clock.
        answer_s: How long to wait for an answer.
    """
    reader, writer = await asyncio.open_connection(*centre)
    try:
        yield StationLine(reader, writer, sender, clock, answer_s=answer_s)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def run_station(
    centre: tuple[str, int],
    sender: Sender,
    observe: Callable[[datetime], Sequence[Element]],
    *,
    interval_s: float,
    clock: Clock,
) -> None:
    """Play a station in mode M2 that reports by the clock, until cancelled.

    Args:
        centre: Host and port; it may be away.
        sender: Who calls.
        observe: Returns what is observed at a time.
        interval_s: Between two reports; times are told by the minute.
        clock: The station's clock.
    """
    kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
    at, serial = clock(), 0
    while True:
        with contextlib.suppress(OSError):
            async with calling(centre, sender, clock=clock) as line:
                while True:
                    serial = serial % _LAST_SERIAL + 1
                    kept.append((serial, observation(sender, at, observe(at))))
                    at += timedelta(seconds=interval_s)
                    await _deliver(line, kept)
                    await _stay_on_line(line, serial, until=at, clock=clock)
        await asyncio.sleep(PAUSE_S)


def ponding(level_m: float, battery_v: float) -> list[Element]:
    """Return what a ponding gauge reports whose zero is the road."""
    return [
        measured(0x39, level_m, length=4, decimals=3),
        measured(0x38, battery_v, length=2, decimals=2),
    ]


async def _deliver(line: StationLine, kept: deque[tuple[int, bytes]]) -> None:
    while kept:
        serial, observed = kept[0]
        if not await line.report(Function.TIMED, serial, observed):
            return
        kept.popleft()


async def _stay_on_line(
    line: StationLine, serial: int, *, until: datetime, clock: Clock
) -> None:
    while (left_s := (until - clock()).total_seconds()) > 0:
        await asyncio.sleep(min(left_s, KEEP_ALIVE_S))
        if left_s > KEEP_ALIVE_S:
            await line.keep_alive(serial)
