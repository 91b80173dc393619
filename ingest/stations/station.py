"""Who a calling station is, and what its level means there: pure.

A station names itself by its own address; its gateway is whichever of the transport's
has a device of that address. What its profile says decides two things that the wire
leaves open: the zone of its clock, and whether a level is a depth.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from devices.registry.snapshot import Snapshot
from ingest.arrival import Arrival, named_readings
from ingest.protocols.errors import ProtocolError
from ingest.quarantine.refused import refusal_of
from vocabulary.device import Device, Transport
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading
from vocabulary.refusal import Reason
from vocabulary.times import BEIJING

MM_PER_M = 1000
"""Millimetres in a metre."""

_LEVELS = (Quantity.LEVEL_M, Quantity.RELATIVE_LEVEL_M)


def station_of(snapshot: Snapshot, transport: Transport, address: str) -> Device | None:
    """Return the device that calls by this address over this transport, if any."""
    for gateway in snapshot.gateways.values():
        if gateway.transport is transport:
            device_id = snapshot.device_id(gateway.code, address)
            if device_id is not None:
                return snapshot.devices[device_id]
    return None


def zone_of(station: Device) -> tzinfo:
    """Return the zone of a station's clock: its profile's, else China's."""
    return ZoneInfo(station.time_zone) if station.time_zone else BEIJING


def as_profile_says(
    items: Iterable[Reading | ProtocolError], snapshot: Snapshot, gateway: str
) -> list[Reading | ProtocolError]:
    """Return the items with levels made depths where that is what they are.

    A level is a depth of a device whose profile has `depth_mm` and not that level: a
    ponding gauge whose zero is the road.

    Args:
        items: Readings under their wire names; what was refused stays as it is.
        snapshot: The registry.
        gateway: Code of the gateway they came through.
    """
    return [
        _as_depth(item)
        if isinstance(item, Reading) and _is_depth(item, snapshot, gateway)
        else item
        for item in items
    ]


def arrival_of(
    items: Iterable[Reading | ProtocolError],
    *,
    transport: Transport,
    gateway: str,
    identity: str,
    peer: str,
    at: datetime,
    committed: Callable[[], None] | None = None,
) -> Arrival:
    """Return what a station's message brings.

    Args:
        items: Readings under their wire names, and what was refused.
        transport: How it came.
        gateway: Code of the station's gateway; empty if it is unknown.
        identity: The station's address; empty if it has not said it.
        peer: Address of the other side.
        at: When it came, aware.
        committed: Called once it is stored.
    """
    rows = list(items)
    readings = [item for item in rows if isinstance(item, Reading)]
    return Arrival(
        transport=transport,
        gateway=gateway,
        peer=peer,
        received_at=at,
        readings=named_readings(readings) if readings else None,
        positions=(),
        refusals=[
            refusal_of(
                item,
                transport=transport,
                gateway=gateway,
                peer=peer,
                identity=identity,
            )
            for item in rows
            if isinstance(item, ProtocolError)
        ],
        committed=committed,
    )


def unknown_station(transport: Transport, address: str, octets: bytes) -> ProtocolError:
    """Return why a station's message is refused that nobody registered."""
    detail = (
        f"station {address} is not registered; if it is ours, register it below a "
        f"gateway of transport {transport}"
    )
    return ProtocolError(Reason.UNKNOWN_DEVICE, detail, octets)


def _is_depth(reading: Reading, snapshot: Snapshot, gateway: str) -> bool:
    if reading.quantity not in _LEVELS:
        return False
    device_id = snapshot.device_id(gateway, reading.device)
    return (
        device_id is not None
        and snapshot.series_id(device_id, Quantity.DEPTH_MM) is not None
        and snapshot.series_id(device_id, reading.quantity) is None
    )


def _as_depth(reading: Reading) -> Reading:
    value = round(reading.value * MM_PER_M, 3)
    return replace(reading, quantity=Quantity.DEPTH_MM, value=value)
