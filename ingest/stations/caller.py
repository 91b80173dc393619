"""Whoever is at the other end of one connection of a calling station."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from devices.registry.snapshot import Snapshot
from ingest.inbox import Inbox
from ingest.protocols.errors import ProtocolError
from ingest.stations.station import arrival_of, station_of
from ingest.tcp_stream import Peer
from vocabulary.device import Device, Transport
from vocabulary.reading import Reading
from vocabulary.times import Clock


@dataclass(frozen=True, slots=True)
class Caller:
    """One connection, and where what comes over it goes.

    Attributes:
        transport: What it speaks.
        registry: Returns the registry as it is now.
        inbox: Where readings and refusals go.
        clock: Tells the time of receipt.
        peer: The connection.
    """

    transport: Transport
    registry: Callable[[], Snapshot]
    inbox: Inbox
    clock: Clock
    peer: Peer

    def station(self, address: str) -> Device | None:
        """Return who has this address, if anybody registered it."""
        return station_of(self.registry(), self.transport, address)

    async def hand_in(
        self,
        items: Sequence[Reading | ProtocolError],
        address: str,
        committed: Callable[[], None] | None = None,
    ) -> None:
        """Hand what a station said to the intake; wait while that is full.

        Args:
            items: Readings under their wire names, and what was refused.
            address: The station's; empty if it has not said it.
            committed: Called once it is stored.
        """
        station = self.station(address)
        await self.inbox.put(
            arrival_of(
                items,
                transport=self.transport,
                gateway=station.gateway if station else "",
                identity=address,
                peer=self.peer.name,
                at=self.clock(),
                committed=committed,
            )
        )
