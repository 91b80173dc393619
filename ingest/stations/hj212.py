"""The HJ 212 edge: outfalls' and other stations' data loggers that call us over TCP.

No arithmetic and no opinion on values: frames go to the codec, what it makes of them to
the inbox, and the answer to the device once that is stored. A device that is not
registered is not answered, nor is a command that we do not take in.
"""

from collections.abc import Callable, Sequence
from functools import partial

from devices.registry.snapshot import Snapshot
from ingest.gate import Gate
from ingest.inbox import Inbox
from ingest.protocols.errors import ProtocolError
from ingest.protocols.hj212 import (
    Hj212Stream,
    Package,
    answer_to,
    encode_package,
)
from ingest.stations.caller import Caller
from ingest.stations.messages import hj212_content
from ingest.tcp_stream import Patience, Peer, serve_tcp
from vocabulary.device import Transport
from vocabulary.times import Clock

PATIENCE = Patience(idle_s=3900.0, gap_s=5.0)
"""Real-time data comes each 3600 s at the latest (table 4); what was cut off is sent
again after 10 s (table 1)."""

EDGE = "hj212"
"""What EDGE entries of the journal call this edge."""


async def serve_hj212(
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
    """Listen for devices until cancelled; then hang up on all of them.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 for any free one.
        registry: Returns the registry as it is now.
        inbox: Where readings and refusals go.
        clock: Tells the time of receipt.
        patience: How long a silence may last.
        gate: How many may be connected; the usual if not given.
        on_bound: Told the port, once it listens.
    """
    await serve_tcp(
        host,
        port,
        edge=EDGE,
        caller=partial(_Logger, registry, inbox, clock),
        patience=patience,
        inbox=inbox,
        clock=clock,
        gate=gate or Gate(),
        on_bound=on_bound,
    )


class _Logger:
    """One connection of a data logger (数采仪)."""

    def __init__(
        self, registry: Callable[[], Snapshot], inbox: Inbox, clock: Clock, peer: Peer
    ) -> None:
        self._caller = Caller(Transport.HJ212, registry, inbox, clock, peer)
        self._stream = Hj212Stream()
        self._address = ""  # of the last package

    @property
    def is_amid(self) -> bool:
        return self._stream.is_amid

    def summary(self) -> str:
        who = self._address or "never said who"
        return f"device {who}, {self._stream.frames} frames"

    async def take(self, data: bytes) -> None:
        await self._handle(self._stream.receive_data(data))

    async def pause(self) -> None:
        await self._handle(self._stream.receive_gap())

    async def end(self) -> None:
        await self._handle(self._stream.receive_eof())

    def close(self) -> None:
        pass

    async def _handle(self, items: Sequence[Package | ProtocolError]) -> None:
        for item in items:
            if isinstance(item, Package):
                self._address = item.device
                await self._take_package(item)
            else:
                await self._caller.hand_in([item], self._address)

    async def _take_package(self, package: Package) -> None:
        station = self._caller.station(package.device)
        try:
            items = hj212_content(package, station)
        except ProtocolError as error:
            await self._caller.hand_in([error], package.device)
            return
        answer, committed = answer_to(package), None
        if answer is not None:
            committed = partial(self._caller.peer.send, encode_package(answer))
        await self._caller.hand_in(items, package.device, committed)
