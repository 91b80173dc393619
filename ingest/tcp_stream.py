"""TCP connections that devices open to us: read, keep time, answer, hang up.

No protocol: what octets mean is a `Caller`'s part, one for each connection. A full
inbox makes `Caller.take` wait, which stops the reading, which slows the device.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ingest.admission import admit, leave_after
from ingest.arrival import EdgeChange
from ingest.gate import Gate
from ingest.inbox import Inbox
from vocabulary.times import Clock

log = logging.getLogger(__name__)

MAX_UNREAD = 1024 * 1024
"""Octets of our answers that may wait for a peer to read them; then we hang up.

A full batch of one peer's messages is answered at once: 2,500 answers of 130 octets.
"""

_READ_SIZE = 65536


@dataclass(frozen=True, slots=True)
class Peer:
    """The other side of one connection.

    Attributes:
        name: Its address and port.
        send: Answers it; never waits, and does nothing once the connection is closed.
        hang_up: Closes the connection from our side.
    """

    name: str
    send: Callable[[bytes], None]
    hang_up: Callable[[], None]


class Caller(Protocol):
    """What one connection's octets mean; it hands on what it makes of them."""

    @property
    def is_amid(self) -> bool:
        """Whether something has begun to come and is not whole yet."""

    async def take(self, data: bytes) -> None:
        """Take octets as they came."""

    async def pause(self) -> None:
        """Take note that nothing came for a while amid something."""

    async def end(self) -> None:
        """Take note that nothing more will come."""

    def close(self) -> None:
        """Leave the line: it is closed, by whomever and why ever."""

    def summary(self) -> str:
        """Return who it was and what came, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a silence may last.

    Attributes:
        idle_s: Without an octet, the connection is closed.
        gap_s: Without an octet amid something, the caller is told so.
    """

    idle_s: float
    gap_s: float


async def serve_tcp(
    host: str,
    port: int,
    *,
    edge: str,
    caller: Callable[[Peer], Caller],
    patience: Patience,
    inbox: Inbox,
    clock: Clock,
    gate: Gate | None = None,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Listen for devices until cancelled; then hang up on all of them.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        edge: What EDGE entries of the journal call this edge.
        caller: Makes what a connection's octets are given to.
        patience: How long a silence may last.
        inbox: Told that we can hear, once we listen.
        clock: Tells since when.
        gate: How many may be connected; None where the caller sees to that.
        on_bound: Told the port, once it listens.
    """
    async with asyncio.TaskGroup() as connections:

        def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = _peer(writer)
            if gate is not None and not admit(gate, edge, peer.name, writer):
                return
            task = connections.create_task(
                _run_connection(reader, writer, caller(peer), peer.name, patience),
                name=f"{edge} {peer.name}",
            )
            if gate is not None:
                leave_after(task, gate, peer.name)

        server = await asyncio.start_server(start, host, port)
        async with server:
            bound = server.sockets[0].getsockname()[1]
            detail = f"listening on TCP port {bound}"
            log.info("%s: %s", edge, detail)
            await inbox.put(
                EdgeChange(edge=edge, gateway="", up=True, detail=detail, at=clock())
            )
            if on_bound:
                on_bound(bound)
            await server.serve_forever()


def _peer(writer: asyncio.StreamWriter) -> Peer:
    transport = writer.transport
    address = writer.get_extra_info("peername")
    # None if the peer was gone before we asked.
    name = "gone" if address is None else f"{address[0]}:{address[1]}"

    def send(octets: bytes) -> None:
        if transport.is_closing():
            return
        if transport.get_write_buffer_size() + len(octets) > MAX_UNREAD:
            log.warning("%s: does not read our answers, hung up on", name)
            transport.abort()
            return
        writer.write(octets)

    return Peer(name, send, transport.abort)


async def _run_connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    caller: Caller,
    name: str,
    patience: Patience,
) -> None:
    log.info("%s: connected", name)
    try:
        ending = await _read_all(reader, caller, patience)
        await caller.end()
    except Exception:  # a bug of ours; it must not take the other devices with it
        log.exception("%s: connection dropped", name)
        return
    finally:
        caller.close()
        writer.close()
    log.info("%s: %s; %s", name, ending, caller.summary())


async def _read_all(
    reader: asyncio.StreamReader, caller: Caller, patience: Patience
) -> str:
    """Read until there is no more; return why not."""
    loop = asyncio.get_running_loop()
    silent_since_s = loop.time()
    while True:
        idle_at_s = silent_since_s + patience.idle_s
        gap_at_s = loop.time() + patience.gap_s
        due_s = min(idle_at_s, gap_at_s) if caller.is_amid else idle_at_s
        try:
            async with asyncio.timeout_at(due_s):
                data = await reader.read(_READ_SIZE)
        except TimeoutError:
            if due_s >= idle_at_s:
                return f"silent for {patience.idle_s:g} s, closed"
            await caller.pause()
            continue
        except OSError as error:
            return str(error)
        if not data:
            return "hung up"
        await caller.take(data)
        silent_since_s = loop.time()
