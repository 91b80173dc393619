"""The NMEA 0183 edge: terminals that call us, over TCP and over UDP.

No arithmetic and no opinion: octets go to the codec, what it makes of them goes to the
inbox. A full inbox stops the reading of sockets, so a slow store slows the terminals
(TCP), or their datagrams wait and are lost in the system's own buffer (UDP), instead of
filling our memory.
"""

import asyncio
import logging
from collections.abc import Callable

from ingest.admission import admit, leave_after
from ingest.arrival import Arrival, EdgeChange
from ingest.datagrams import listening, received
from ingest.gate import Gate
from ingest.inbox import Inbox
from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183 import Item, NmeaStream
from ingest.quarantine.refused import refusal_of
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.times import Clock

log = logging.getLogger(__name__)

IDLE_S = 600.0
"""Seconds without an octet after which a connection is closed."""

EDGE = "nmea"
"""What EDGE entries of the journal call this edge."""

MAX_PEERS = 4096
"""Senders of datagrams that are remembered; then the one silent longest is not."""

_READ_SIZE = 65536


async def serve_nmea_tcp(
    host: str,
    port: int,
    *,
    gateway: str,
    inbox: Inbox,
    clock: Clock,
    terminal: str | None = None,
    idle_s: float = IDLE_S,
    gate: Gate | None = None,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Listen for terminals until cancelled; then hang up on all of them.

    A terminal sends `$PGZID,<terminal>*CS` first, then its receiver's sentences.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        gateway: Code of the gateway these terminals belong to.
        inbox: Where positions and refusals go.
        clock: Tells the time of receipt.
        terminal: Who calls here and need not say so; None where many do.
        idle_s: Seconds of silence after which a connection is closed.
        gate: How many may be connected, over all ports that share it; the usual for
            this one if not given.
        on_bound: Told the port, once it listens.
    """
    doors = gate or Gate()
    async with asyncio.TaskGroup() as connections:

        def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = _peer_name(writer.get_extra_info("peername"))
            if not admit(doors, EDGE, peer, writer):
                return
            connection = _Terminal(
                gateway, peer, terminal=terminal, inbox=inbox, clock=clock
            )
            task = connections.create_task(
                _run_connection(reader, writer, connection, idle_s=idle_s),
                name=f"nmea {peer}",
            )
            leave_after(task, doors, peer)

        server = await asyncio.start_server(start, host, port)
        async with server:
            bound = server.sockets[0].getsockname()[1]
            await _tell_bound(bound, "TCP", gateway, inbox=inbox, clock=clock)
            if on_bound:
                on_bound(bound)
            await server.serve_forever()


async def serve_nmea_udp(
    host: str,
    port: int,
    *,
    gateway: str,
    inbox: Inbox,
    clock: Clock,
    terminal: str | None = None,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Take datagrams until cancelled.

    Each holds whole sentences, `$PGZID,<terminal>*CS` before them; what it says of a
    fix the same sender's next one may go on with.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        gateway: Code of the gateway these terminals belong to.
        inbox: Where positions and refusals go.
        clock: Tells the time of receipt.
        terminal: Who sends here and need not say so; None where many do.
        on_bound: Told the port, once it listens.
    """

    def meet(address: tuple[str, int]) -> _Terminal:
        peer = _peer_name(address)
        return _Terminal(gateway, peer, terminal=terminal, inbox=inbox, clock=clock)

    with listening(host, port) as listener:
        bound = listener.getsockname()[1]
        await _tell_bound(bound, "UDP", gateway, inbox=inbox, clock=clock)
        if on_bound:
            on_bound(bound)
        peers = _Peers(meet)
        while True:
            try:
                async with asyncio.timeout(peers.wait_s()):
                    datagrams = await received(listener)
            except TimeoutError:
                datagrams = []
            for data, address in datagrams:
                await peers.take(data, address)
            await peers.close_due()


class _Peers:
    """Who sends datagrams, and how long it may take until one says no more of a fix."""

    def __init__(self, meet: Callable[[tuple[str, int]], "_Terminal"]) -> None:
        self._meet = meet
        self._known: dict[tuple[str, int], _Terminal] = {}  # the latest heard at last
        self._waiting: dict[tuple[str, int], float] = {}  # until when

    def wait_s(self) -> float | None:
        """Return how long to wait for datagrams; None if nothing is due."""
        if not self._waiting:
            return None
        return max(0.0, min(self._waiting.values()) - _now_s())

    async def take(self, data: bytes, address: tuple[str, int]) -> None:
        """Take one datagram."""
        peer = self._known.pop(address, None) or self._meet(address)
        self._known[address] = peer
        await peer.take_datagram(data)
        wait_s = peer.wait_s()
        if wait_s is None:
            self._waiting.pop(address, None)
        else:
            self._waiting[address] = _now_s() + wait_s
        if len(self._known) > MAX_PEERS:
            oldest = next(iter(self._known))
            self._waiting.pop(oldest, None)
            await self._known.pop(oldest).end()

    async def close_due(self) -> None:
        """Let those go on that waited long enough for more of a fix."""
        now_s = _now_s()
        due = [address for address, at_s in self._waiting.items() if at_s <= now_s]
        for address in due:
            del self._waiting[address]
            await self._known[address].pause()


class _Terminal:
    """One peer's stream on its way to the inbox."""

    def __init__(
        self,
        gateway: str,
        peer: str,
        *,
        terminal: str | None,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self.stream = NmeaStream(terminal)
        self.peer = peer
        self._gateway = gateway
        self._inbox = inbox
        self._clock = clock

    def wait_s(self) -> float | None:
        """Return how long a fix waits yet for more of it; None if none does."""
        due_at = self.stream.due_at
        if due_at is None:
            return None
        return max(0.0, (due_at - self._clock()).total_seconds())

    async def take(self, data: bytes) -> None:
        """Hand on what these octets complete."""
        await self._put(self.stream.receive_data(data, self._clock()))

    async def take_datagram(self, data: bytes) -> None:
        """Hand on what this datagram completes."""
        await self._put(self.stream.receive_datagram(data, self._clock()))

    async def pause(self) -> None:
        """Hand on the fix that waited for more of it."""
        await self._put(self.stream.receive_pause(self._clock()))

    async def end(self) -> None:
        """Hand on what the end of the stream completes."""
        await self._put(self.stream.receive_eof(self._clock()))

    async def _put(self, items: list[Item]) -> None:
        positions = [item for item in items if isinstance(item, Position)]
        refusals = [
            refusal_of(
                item,
                transport=Transport.NMEA,
                gateway=self._gateway,
                peer=self.peer,
                identity=self.stream.terminal or "",
            )
            for item in items
            if isinstance(item, ProtocolError)
        ]
        if not positions and not refusals:
            return
        arrival = Arrival(
            transport=Transport.NMEA,
            gateway=self._gateway,
            peer=self.peer,
            received_at=self._clock(),
            readings=None,
            positions=positions,
            refusals=refusals,
            committed=None,
        )
        await self._inbox.put(arrival)


async def _run_connection(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    terminal: _Terminal,
    *,
    idle_s: float,
) -> None:
    log.info("%s: connected", terminal.peer)
    try:
        ending = await _read_all(reader, terminal, idle_s=idle_s)
        await terminal.end()
    except Exception:  # a bug of ours; it must not take the other terminals with it
        log.exception("%s: connection dropped", terminal.peer)
        return
    finally:
        writer.close()
    counts = terminal.stream.counts
    log.info(
        "%s (%s): %s after %d sentences, %d without right checksum, %d noise octets",
        terminal.peer,
        terminal.stream.terminal or "never said who",
        ending,
        counts.sentences,
        counts.checksum_bad + counts.checksum_missing,
        counts.noise_octets,
    )


async def _read_all(
    reader: asyncio.StreamReader, terminal: _Terminal, *, idle_s: float
) -> str:
    """Read until there is no more; return why not."""
    idle_at_s = _now_s() + idle_s
    while True:
        wait_s = terminal.wait_s()
        due_at_s = idle_at_s if wait_s is None else min(idle_at_s, _now_s() + wait_s)
        try:
            async with asyncio.timeout_at(due_at_s):
                data = await reader.read(_READ_SIZE)
        except TimeoutError:
            if due_at_s >= idle_at_s:
                return f"silent for {idle_s:g} s, closed"
            await terminal.pause()
            continue
        except OSError as error:
            return str(error)
        if not data:
            return "hung up"
        await terminal.take(data)
        idle_at_s = _now_s() + idle_s


async def _tell_bound(
    port: int, kind: str, gateway: str, *, inbox: Inbox, clock: Clock
) -> None:
    detail = f"listening on {kind} port {port}"
    log.info("NMEA 0183: %s", detail)
    await inbox.put(
        EdgeChange(edge=EDGE, gateway=gateway, up=True, detail=detail, at=clock())
    )


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _peer_name(address: tuple[str, int] | None) -> str:
    # None if the peer was gone before we asked.
    return "gone" if address is None else f"{address[0]}:{address[1]}"
