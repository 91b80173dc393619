"""A data logger (数采仪) at an outfall: HJ 212-2017 to a centre over TCP.

It uploads with the answer flag, waits for 9014 of the same QN, and sends again at most
three times. What the centre asks of it, it answers 9011 and 9012.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from ingest.protocols.hj212 import (
    ANSWER,
    VERSION,
    Command,
    Hj212Stream,
    Item,
    Package,
    encode_package,
    qn_text,
    request_answer,
    result,
    time_text,
)

ANSWER_S = 10.0
"""How long it waits for an answer (table 1)."""

RESENDS = 3
"""How often it sends again what was not answered (table 1)."""

_READ_SIZE = 4096
_ANSWERS = (Command.DATA_ANSWER, Command.NOTICE_ANSWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Logger:
    """Who uploads.

    Attributes:
        device: MN.
        system: ST; 32 is surface water's polluters.
        password: PW.
    """

    device: str
    system: str = "32"
    password: str = "123456"  # noqa: S105 (the standard's example)


def real_time(
    logger: Logger,
    at: datetime,
    values: Mapping[str, float],
    *,
    sent_at: datetime,
    flags: Mapping[str, str] | None = None,
    is_answered: bool = True,
) -> Package:
    """Return an upload of what was measured at one time (2011).

    Args:
        logger: Who uploads.
        at: When it was measured.
        values: By code, in the units of table B.1.
        sent_at: When it is sent; names the exchange.
        flags: Data flags by code; N where none is given.
        is_answered: Whether to ask for an answer.
    """
    rows = [
        Item(
            (
                (f"{code}-Rtd", f"{value:g}"),
                (f"{code}-Flag", (flags or {}).get(code, "N")),
            )
        )
        for code, value in values.items()
    ]
    flag = VERSION | (ANSWER if is_answered else 0)
    return _upload(logger, Command.REAL_TIME, qn_text(sent_at), flag, _with(at, rows))


def averages(
    logger: Logger,
    command: Command,
    begins_at: datetime,
    values: Mapping[str, tuple[float, float, float]],
    *,
    sent_at: datetime,
) -> Package:
    """Return an upload of least, mean and greatest values (2051, 2061, 2031).

    Args:
        logger: Who uploads.
        command: Over what time.
        begins_at: When that time began.
        values: Least, mean and greatest by code, in the units of table B.1.
        sent_at: When it is sent; names the exchange.
    """
    rows = [
        Item(
            (
                (f"{code}-Min", f"{low:g}"),
                (f"{code}-Avg", f"{mean:g}"),
                (f"{code}-Max", f"{high:g}"),
                (f"{code}-Flag", "N"),
            )
        )
        for code, (low, mean, high) in values.items()
    ]
    items = _with(begins_at, rows)
    return _upload(logger, command, qn_text(sent_at), VERSION | ANSWER, items)


class LoggerLine:
    """A data logger's connection to its centre.

    Args:
        reader: From the centre.
        writer: To the centre.
        answer_s: How long to wait for an answer.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answer_s: float = ANSWER_S,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._answer_s = answer_s
        self._stream = Hj212Stream()
        self._answered: set[str] = set()

    async def send(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._writer.write(octets)
        await self._writer.drain()

    async def upload(self, package: Package) -> bool:
        """Send a package until it is answered, or once if it asks for no answer.

        Returns:
            Whether it was answered.
        """
        for _ in range(1 + RESENDS if package.wants_answer else 1):
            await self.send(encode_package(package))
            if package.wants_answer and await self._is_answered(package.qn):
                return True
        return False

    async def hear(self) -> None:
        """Take what comes next from the centre; do what it asks.

        Raises:
            ConnectionResetError: If the centre hung up.
        """
        data = await self._reader.read(_READ_SIZE)
        if not data:
            raise ConnectionResetError("the centre hung up")
        for item in self._stream.receive_data(data):
            if isinstance(item, Package) and item.command in _ANSWERS:
                self._answered.add(item.qn)
            elif isinstance(item, Package):
                done = (request_answer(item), result(item))
                await self.send(b"".join(map(encode_package, done)))

    async def _is_answered(self, qn: str) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._answer_s):
                while qn not in self._answered:
                    await self.hear()
        return qn in self._answered


@asynccontextmanager
async def calling(
    centre: tuple[str, int], *, answer_s: float = ANSWER_S
) -> AsyncIterator[LoggerLine]:
    """Call a centre, and hang up in the end.

    Args:
        centre: Host and port.
        answer_s: How long to wait for an answer.
    """
    reader, writer = await asyncio.open_connection(*centre)
    try:
        yield LoggerLine(reader, writer, answer_s=answer_s)
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _with(at: datetime, rows: list[Item]) -> tuple[Item, ...]:
    return (Item((("DataTime", time_text(at)),)), *rows)


def _upload(
    logger: Logger, command: Command, qn: str, flag: int, items: tuple[Item, ...]
) -> Package:
    return Package(
        qn=qn,
        system=logger.system,
        command=command,
        password=logger.password,
        device=logger.device,
        flag=flag,
        items=items,
    )
