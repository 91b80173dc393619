"""The SL 651 edge: stations that call us over TCP.

No arithmetic and no opinion on values: frames go to the codec, what it makes of them to
the inbox, and the acknowledgement to the station once that is stored. A station that is
not registered is not acknowledged, nor is a message that we do not take in.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from devices.registry.snapshot import Snapshot
from ingest.arrival import Inbox
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
from ingest.station_messages import sl651_content
from ingest.stations import arrival_of, station_of, zone_of
from ingest.tcp_stream import Patience, Peer, serve_tcp
from vocabulary.device import Device, Transport
from vocabulary.reading import Reading
from vocabulary.refusal import Reason
from vocabulary.times import Clock

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
        on_bound=on_bound,
    )


class _Station:
    """One connection; a relay may speak for several stations."""

    def __init__(
        self, registry: Callable[[], Snapshot], inbox: Inbox, clock: Clock, peer: Peer
    ) -> None:
        self._registry = registry
        self._inbox = inbox
        self._clock = clock
        self._peer = peer
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

    async def _handle(self, items: list[Item]) -> None:
        for item in items:
            match item:
                case Frame():
                    self._address = item.station
                    await self._take_message(item)
                case Missing():
                    self._ask_again(item)
                case ProtocolError():
                    await self._put([item], self._station(self._address))

    async def _take_message(self, message: Frame) -> None:
        snapshot = self._registry()
        station = station_of(snapshot, Transport.SL651, message.station)
        if station and message.function == Function.KEEP_ALIVE and not message.is_down:
            log.debug("%s: station %s is on line", self._peer.name, message.station)
            return
        items: Sequence[Reading | ProtocolError]
        try:
            items = sl651_content(message, station, snapshot)
        except ProtocolError as error:
            items = [error]
            is_kept = error.reason is Reason.TEST_MESSAGE
        else:
            is_kept = True
        committed = None
        if station and is_kept:
            committed = partial(self._acknowledge, message, station)
        await self._put(items, station, committed)

    async def _put(
        self,
        items: Sequence[Reading | ProtocolError],
        station: Device | None,
        committed: Callable[[], None] | None = None,
    ) -> None:
        await self._inbox.put(
            arrival_of(
                items,
                transport=Transport.SL651,
                gateway=station.gateway if station else "",
                identity=self._address,
                peer=self._peer.name,
                at=self._clock(),
                committed=committed,
            )
        )

    def _station(self, address: str) -> Device | None:
        return station_of(self._registry(), Transport.SL651, address)

    def _acknowledge(self, message: Frame, station: Device) -> None:
        self._peer.send(acknowledgement(message, self._clock(), zone_of(station)))

    def _ask_again(self, missing: Missing) -> None:
        station = self._station(missing.frame.station)
        if station is not None:
            now = self._clock()
            self._peer.send(resend_request(missing, now, zone_of(station)))
