"""The NMEA 0183 edge: terminals that call us, over TCP and over UDP.

No arithmetic and no opinion: octets go to the codec, what it makes of them goes to the
inbox. A full inbox stops the reading of sockets, so a slow store slows the terminals
(TCP), or their datagrams wait and are lost in the system's own buffer (UDP), instead of
filling our memory.
"""

import asyncio
import logging
from collections.abc import Callable

from ingest.arrival import Arrival, EdgeChange, Inbox
from ingest.datagrams import listening, received
from ingest.protocols.errors import ProtocolError
from ingest.protocols.nmea0183 import Item, NmeaStream
from ingest.refused import refusal_of
from vocabulary.device import Transport
from vocabulary.position import Position
from vocabulary.times import Clock

log = logging.getLogger(__name__)

IDLE_S = 600.0
"""Seconds without an octet after which a connection is closed."""

EDGE = "nmea"
"""What EDGE entries of the journal call this edge."""

_READ_SIZE = 65536


async def serve_nmea_tcp(
    host: str,
    port: int,
    *,
    gateway: str,
    inbox: Inbox,
    clock: Clock,
    idle_s: float = IDLE_S,
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
        idle_s: Seconds of silence after which a connection is closed.
        on_bound: Told the port, once it listens.
    """
    async with asyncio.TaskGroup() as connections:

        def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = _peer_name(writer.get_extra_info("peername"))
            connection = _Terminal(gateway, peer, inbox=inbox, clock=clock)
            connections.create_task(
                _run_connection(reader, writer, connection, idle_s=idle_s),
                name=f"nmea {peer}",
            )

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
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Take datagrams until cancelled.

    Each datagram stands alone: its first line is `$PGZID,<terminal>*CS`.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        gateway: Code of the gateway these terminals belong to.
        inbox: Where positions and refusals go.
        clock: Tells the time of receipt.
        on_bound: Told the port, once it listens.
    """
    with listening(host, port) as listener:
        bound = listener.getsockname()[1]
        await _tell_bound(bound, "UDP", gateway, inbox=inbox, clock=clock)
        if on_bound:
            on_bound(bound)
        while True:
            for data, address in await received(listener):
                terminal = _Terminal(
                    gateway, _peer_name(address), inbox=inbox, clock=clock
                )
                await terminal.take(data)
                await terminal.end()


class _Terminal:
    """One peer's stream on its way to the inbox."""

    def __init__(self, gateway: str, peer: str, *, inbox: Inbox, clock: Clock) -> None:
        self.stream = NmeaStream()
        self.peer = peer
        self._gateway = gateway
        self._inbox = inbox
        self._clock = clock

    async def take(self, data: bytes) -> None:
        """Hand on what these octets complete."""
        await self._put(self.stream.receive_data(data, self._clock()))

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
    while True:
        try:
            async with asyncio.timeout(idle_s):
                data = await reader.read(_READ_SIZE)
        except TimeoutError:
            return f"silent for {idle_s:g} s, closed"
        except OSError as error:
            return str(error)
        if not data:
            return "hung up"
        await terminal.take(data)


async def _tell_bound(
    port: int, kind: str, gateway: str, *, inbox: Inbox, clock: Clock
) -> None:
    detail = f"listening on {kind} port {port}"
    log.info("NMEA 0183: %s", detail)
    await inbox.put(
        EdgeChange(edge=EDGE, gateway=gateway, up=True, detail=detail, at=clock())
    )


def _peer_name(address: tuple[str, int] | None) -> str:
    # None if the peer was gone before we asked.
    return "gone" if address is None else f"{address[0]}:{address[1]}"
