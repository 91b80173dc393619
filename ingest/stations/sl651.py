"""The SL 651 edge: stations that call us over TCP.

No arithmetic and no opinion on values: frames go to the codec, what it makes of them to
the inbox, and the acknowledgement to the station once that is stored. A station that is
not registered is not acknowledged, nor is a message that we do not take in.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from devices.registry.snapshot import Snapshot
from ingest.gate import Gate
from ingest.inbox import Inbox
from ingest.protocols.errors import ProtocolError
from ingest.protocols.sl651 import (
    Frame,
    Function,
    Item,
    Missing,
    Sl651Stream,
    acknowledgement,
    resend_request,
)
from ingest.stations.caller import Caller
from ingest.stations.messages import sl651_content
from ingest.stations.station import zone_of
from ingest.tcp_stream import Patience, Peer, serve_tcp
from vocabulary.device import Device, Transport
from vocabulary.refusal import Reason
from vocabulary.times import Clock

if TYPE_CHECKING:
    from vocabulary.reading import Reading

log = logging.getLogger(__name__)

PATIENCE = Patience(idle_s=600.0, gap_s=5.0)
"""A station on line keeps alive at least each 255 s (6.6.4.2); a frame has no gaps, and
stations wait 10 s or so to be told which packet is missing."""

EDGE = "sl651"
"""What EDGE entries of the journal call this edge."""


async def serve_sl651(
    host: str,
    port: int,
    *,
    registry: Callable[[], Snapshot],
    inbox: Inbox,
    clock: Clock,
    patience: Patience = PATIENCE,
    gate: Gate | None = None,
    on_bound: Callable[[int], None] | None = None,
) -> None:
    """Listen for stations until cancelled; then hang up on all of them.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        registry: Returns the registry as it is now.
        inbox: Where readings and refusals go.
        clock: Tells the time of receipt, and of acknowledgement.
        patience: How long a silence may last.
        gate: How many may be connected; the usual if not given.
        on_bound: Told the port, once it listens.
    """
    await serve_tcp(
        host,
        port,
        edge=EDGE,
        caller=partial(_Station, registry, inbox, clock),
        patience=patience,
        inbox=inbox,
        clock=clock,
        gate=gate or Gate(),
        on_bound=on_bound,
    )


class _Station:
    """One connection; a relay may speak for several stations."""

    def __init__(
        self, registry: Callable[[], Snapshot], inbox: Inbox, clock: Clock, peer: Peer
    ) -> None:
        self._caller = Caller(Transport.SL651, registry, inbox, clock, peer)
        self._stream = Sl651Stream()
        self._address = ""  # of the last frame

    @property
    def is_amid(self) -> bool:
        return self._stream.is_amid

    def summary(self) -> str:
        who = self._address or "never said who"
        return f"station {who}, {self._stream.frames} frames"

    async def take(self, data: bytes) -> None:
        await self._handle(self._stream.receive_data(data))

    async def pause(self) -> None:
        await self._handle(self._stream.receive_gap())

    async def end(self) -> None:
        await self._handle(self._stream.receive_eof())

    def close(self) -> None:
        pass

    async def _handle(self, items: list[Item]) -> None:
        for item in items:
            match item:
                case Frame():
                    self._address = item.station
                    await self._take_message(item)
                case Missing():
                    self._ask_again(item)
                case ProtocolError():
                    await self._caller.hand_in([item], self._address)

    async def _take_message(self, message: Frame) -> None:
        caller = self._caller
        station = caller.station(message.station)
        if station and message.function == Function.KEEP_ALIVE and not message.is_down:
            log.debug("%s: station %s is on line", caller.peer.name, message.station)
            return
        items: Sequence[Reading | ProtocolError]
        try:
            items = sl651_content(message, station, caller.registry())
        except ProtocolError as error:
            items = [error]
            is_kept = error.reason is Reason.TEST_MESSAGE
        else:
            is_kept = True
        committed = None
        if station and is_kept:
            committed = partial(self._acknowledge, message, station)
        await caller.hand_in(items, message.station, committed)

    def _acknowledge(self, message: Frame, station: Device) -> None:
        caller = self._caller
        caller.peer.send(acknowledgement(message, caller.clock(), zone_of(station)))

    def _ask_again(self, missing: Missing) -> None:
        caller = self._caller
        station = caller.station(missing.frame.station)
        if station is not None:
            now = caller.clock()
            caller.peer.send(resend_request(missing, now, zone_of(station)))
