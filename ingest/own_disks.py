"""Our own disks, told to the intake as what any other device says is.

A disk is a device of kind `platform` behind a gateway of transport `self`; its address
is the directory that `GEZHI_DISKS` names. One that is watched and not registered is
nobody's device; one that is registered and not watched is another machine's to measure.
Nothing else of ourselves is told in this way: while the database is away, or ingest is
behind, so is what would be said about it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, named_readings
from ingest.inbox import Inbox
from store.disk import disk_of
from vocabulary.device import Device, Transport
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.times import Clock

log = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often to look whether one was registered meanwhile, and who is due."""


@dataclass(frozen=True, slots=True)
class OwnDisk:
    """One disk of ours.

    Attributes:
        place: A directory on it.
        device: What it is registered as.
    """

    place: Path
    device: Device


def own_disks(snapshot: Snapshot, places: Sequence[Path]) -> list[OwnDisk]:
    """Return the watched disks that are registered, as registered; pure.

    Args:
        snapshot: The registry.
        places: The directories watched.
    """
    watched = {str(place): place for place in places}
    return [
        OwnDisk(watched[device.address], device)
        for device in snapshot.devices.values()
        if device.address in watched
        and snapshot.gateways[device.gateway].transport is Transport.SELF
        and snapshot.series_id(device.id, Quantity.DISK_USED_PCT) is not None
    ]


def disk_arrival(disk: OwnDisk, used_pct: float, at: datetime) -> Arrival:
    """Return how full a disk is, as an edge hands it on; pure.

    Args:
        disk: The disk.
        used_pct: How much of it is used, 0 to 100.
        at: When it was measured.
    """
    said = Reading(
        device=disk.device.address,
        quantity=Quantity.DISK_USED_PCT,
        measured_at=at,
        value=used_pct,
    )
    return Arrival(
        transport=Transport.SELF,
        gateway=disk.device.gateway,
        peer="",
        received_at=at,
        readings=named_readings([said]),
        positions=(),
        refusals=(),
        committed=None,
    )


async def tell_own_disks(
    places: Sequence[Path],
    *,
    registry: Callable[[], Snapshot],
    inbox: Inbox,
    clock: Clock,
    look_s: float = LOOK_S,
) -> None:
    """Tell how full each registered disk is, at its own interval, until cancelled.

    While nothing can be stored, what is told waits in the inbox as all else does.

    Args:
        places: The directories watched.
        registry: Returns the registry as it is now.
        inbox: Where what is measured goes.
        clock: Tells the time.
        look_s: How long to wait at most before looking who is due.
    """
    loop = asyncio.get_running_loop()
    due_s: dict[int, float] = {}
    _say_unregistered(registry(), places)
    while places:
        disks = own_disks(registry(), places)
        for disk in disks:
            if loop.time() >= due_s.get(disk.device.id, 0.0):
                due_s[disk.device.id] = loop.time() + disk.device.expected_interval_s
                await _tell(disk, inbox, clock)
        shortest_s = min((d.device.expected_interval_s for d in disks), default=look_s)
        await asyncio.sleep(min(shortest_s, look_s))


async def _tell(disk: OwnDisk, inbox: Inbox, clock: Clock) -> None:
    try:
        used_pct = disk_of(disk.place).used_pct
    except OSError as error:
        log.warning("disk %s cannot be measured: %s", disk.place, error)
    else:
        await inbox.put(disk_arrival(disk, used_pct, clock()))


def _say_unregistered(snapshot: Snapshot, places: Sequence[Path]) -> None:
    registered = {disk.place for disk in own_disks(snapshot, places)}
    for place in places if snapshot.devices else ():
        if place not in registered:
            log.warning(
                "disk %s is watched and not registered: no rule judges it, see "
                "docs/operator.md",
                place,
            )
