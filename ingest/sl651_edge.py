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
    readings_of,
    report_from,
    resend_request,
)
from ingest.stations import (
    arrival_of,
    as_profile_says,
    station_of,
    unknown_station,
    zone_of,
)
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

TAKEN = frozenset(
    {
        Function.UNIFORM,
        Function.TIMED,
        Function.EXTRA,
        Function.HOURLY,
        Function.CURRENT,
        Function.PERIOD,
        Function.CHOSEN,
        Function.STATUS,
    }
)
"""Functions whose elements become readings."""


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
        station = self._station(message.station)
        if station is None:
            error = unknown_station(Transport.SL651, message.station, message.body)
            await self._put([error], None)
        elif message.function == Function.KEEP_ALIVE and not message.is_down:
            log.debug("%s: station %s is on line", self._peer.name, message.station)
        else:
            await self._take_report(message, station)

    async def _take_report(self, message: Frame, station: Device) -> None:
        committed = partial(self._acknowledge, message, station)
        try:
            items = _content(message, station)
        except ProtocolError as error:
            is_kept = error.reason is Reason.TEST_MESSAGE
            await self._put([error], station, committed if is_kept else None)
        else:
            told = as_profile_says(items, self._registry(), station.gateway)
            await self._put(told, station, committed)

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


def _content(message: Frame, station: Device) -> list[Reading | ProtocolError]:
    """Return what a message says.

    Raises:
        ProtocolError: If it is not taken in; a test is kept apart (H.4.8).
    """
    report = report_from(message, zone_of(station))
    words = f"message {message.function:02X} of station {message.station}"
    if message.function == Function.TEST:
        detail = f"{words} is a test; it is kept here and nowhere else"
        raise ProtocolError(Reason.TEST_MESSAGE, detail, message.body)
    if message.function not in TAKEN:
        detail = f"{words} is nothing that becomes a reading"
        raise ProtocolError(Reason.UNKNOWN_MESSAGE, detail, message.body)
    return [*readings_of(report), *report.errors]
