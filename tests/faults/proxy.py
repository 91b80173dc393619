"""A wire to the database that can be cut after a commit, or be slow."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit

COPIED = b"COPY "
"""Begins the tag of CommandComplete after a COPY: this transaction stores rows."""

COMMITTED = b"C\x00\x00\x00\x0bCOMMIT\x00"
"""CommandComplete of COMMIT (PostgreSQL protocol 3, "Message Formats")."""

CHUNK_OCTETS = 16 * 1024


@dataclass
class Proxy:
    """What lies between an ingest process and its database.

    Attributes:
        cuts: Answers to a COMMIT of rows that were kept from ingest.
        wants_cut: Whether the next such answer is kept from it.
        octets_per_s: How fast the way to the database is; 0 as fast as it can be.
    """

    host: str
    port: int
    cuts: int = 0
    wants_cut: Callable[[], bool] = field(default=lambda: False)
    octets_per_s: int = 0

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Carry one connection until either end hangs up."""
        async with contextlib.AsyncExitStack() as ends:
            ends.push_async_callback(_aborted, writer)
            try:
                there, back = await asyncio.open_connection(self.host, self.port)
            except OSError:
                return
            ends.push_async_callback(_aborted, back)
            ways = [
                asyncio.create_task(self._up(reader, back)),
                asyncio.create_task(self._down(there, writer)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while octets := await reader.read(CHUNK_OCTETS):
                if self.octets_per_s:
                    await asyncio.sleep(len(octets) / self.octets_per_s)
                writer.write(octets)
                await writer.drain()

    async def _down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        has_copied, tail = False, b""
        with contextlib.suppress(OSError):
            while octets := await reader.read(CHUNK_OCTETS):
                seen = tail + octets
                has_copied = has_copied or COPIED in seen
                if COMMITTED in seen:
                    if has_copied and self.wants_cut():
                        self.cuts += 1
                        return  # the database has committed; nobody hears of it
                    has_copied = False
                tail = octets[-len(COMMITTED) + 1 :]
                writer.write(octets)
                await writer.drain()


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[tuple[str, Proxy]]:
    """Open a wire to a database; yield its address through the wire, and the wire."""
    parts = urlsplit(dsn)
    proxy = Proxy(parts.hostname or "", parts.port or 0)
    connections = set[asyncio.Task[None]]()

    is_open = True

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not is_open:  # it called before the wire was closed, and is heard after
            writer.transport.abort()
            return
        task = asyncio.create_task(proxy.serve(reader, writer), name="proxy")
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    account = parts.netloc.rpartition("@")[0]
    address = parts._replace(netloc=f"{account}@127.0.0.1:{port}")
    try:
        yield urlunsplit(address), proxy
    finally:
        server.close()
        is_open = False
        await asyncio.sleep(0)  # a task that never began would close nothing
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _aborted(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
