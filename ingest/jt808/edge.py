"""The JT/T 808 edge: vehicle terminals that call us, over TCP and over UDP.

A line that is no use is closed: nobody has to be waited for who does not say who it is,
who says half a message and stops, or who is no longer there. A full inbox stops the
reading, so a slow store slows the terminals; each keeps what it has not been answered.
"""

import contextlib
import logging
import socket
from collections.abc import Callable
from dataclasses import replace

from ingest.arrival import EdgeChange
from ingest.datagrams import listening, received
from ingest.gate import address_of
from ingest.jt808.exchange import Exchange
from ingest.jt808.limits import Doors
from ingest.jt808.talk import Talk
from ingest.tcp_stream import Caller, Patience, Peer, serve_tcp

log = logging.getLogger(__name__)

EDGE = "jt808"
"""What EDGE entries of the journal call this edge."""


async def serve_jt808_tcp(
    host: str,
    port: int,
    *,
    exchange: Exchange,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Listen for terminals until cancelled; then hang up on all of them.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        exchange: What their conversations share.
        on_bound: Told the port, once it listens.
    """

    def caller(peer: Peer) -> Caller:
        why_not = exchange.doors.enter(address_of(peer.name))
        return _TurnedAway(peer, why_not) if why_not else Talk(exchange, peer)

    idle_s = exchange.doors.limits.idle_s
    await serve_tcp(
        host,
        port,
        edge=EDGE,
        caller=caller,
        # A call has a deadline of its own, and this one only comes after it.
        patience=Patience(idle_s=2 * idle_s, gap_s=2 * idle_s),
        inbox=exchange.inbox,
        clock=exchange.clock,
        on_bound=on_bound,
    )


async def serve_jt808_udp(
    host: str,
    port: int,
    *,
    exchange: Exchange,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Take datagrams until cancelled; each holds whole frames.

    A terminal is known by the address and port that it has proved itself from.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        exchange: What conversations share.
        on_bound: Told the port, once it listens.
    """
    # Of their own: whoever makes addresses up must not keep connections out.
    exchange = replace(exchange, doors=Doors(exchange.doors.limits))
    with listening(host, port) as listener:
        senders = _Senders(exchange, listener)
        try:
            await _tell_bound(listener, exchange, on_bound)
            while True:
                for data, address in await received(listener):
                    await senders.take(data, address)
        finally:
            senders.close()


class _Senders:
    """The conversations by datagram, by address and port."""

    def __init__(self, exchange: Exchange, listener: socket.socket) -> None:
        self._exchange = exchange
        self._listener = listener
        self._talks: dict[tuple[str, int], Talk] = {}

    async def take(self, data: bytes, address: tuple[str, int]) -> None:
        """Take a datagram; it is lost if there are too many senders."""
        talk = self._talks.get(address) or self._begun(address)
        if talk is None:
            return
        try:
            await talk.take_datagram(data)
        except Exception:  # a bug of ours; it must not stop the other terminals
            log.exception("%s: dropped", address)
            self._forget(address)

    def close(self) -> None:
        """Leave all lines."""
        for address in list(self._talks):
            self._forget(address)

    def _begun(self, address: tuple[str, int]) -> Talk | None:
        name = f"{address[0]}:{address[1]}"
        if self._exchange.doors.enter(address_of(name)):
            return None

        def send(octets: bytes) -> None:
            # What the system has no room for is lost, as datagrams may be.
            with contextlib.suppress(OSError):
                self._listener.sendto(octets, address)

        peer = Peer(name, send, lambda: self._forget(address))
        self._talks[address] = Talk(self._exchange, peer)
        return self._talks[address]

    def _forget(self, address: tuple[str, int]) -> None:
        talk = self._talks.pop(address, None)
        if talk is not None:
            talk.close()
            log.info("%s:%d: %s", *address[:2], talk.summary())


class _TurnedAway:
    """A caller for whom there is no room."""

    is_amid = False

    def __init__(self, peer: Peer, why: str) -> None:
        self._why = why
        peer.hang_up()

    async def take(self, data: bytes) -> None:
        """Take nothing."""

    async def pause(self) -> None:
        """Take nothing."""

    async def end(self) -> None:
        """Take nothing."""

    def close(self) -> None:
        """Hold nothing."""

    def summary(self) -> str:
        """Return why it was turned away."""
        return f"turned away: {self._why}"


async def _tell_bound(
    listener: socket.socket,
    exchange: Exchange,
    on_bound: Callable[[int], None] | None,
) -> None:
    bound = listener.getsockname()[1]
    detail = f"listening on UDP port {bound}"
    log.info("%s: %s", EDGE, detail)
    at = exchange.clock()
    await exchange.inbox.put(
        EdgeChange(edge=EDGE, gateway="", up=True, detail=detail, at=at)
    )
    if on_bound:
        on_bound(bound)
