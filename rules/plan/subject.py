"""What rules need to know of a device: the registry's facts, flat and storable.

The rules worker keeps these beside its state, so that a restart goes on with exactly
the facts that the state was folded under, whatever was imported meanwhile.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from devices.registry.snapshot import Snapshot
from vocabulary.device import Device, DeviceKind, Transport
from vocabulary.registry_facts import CellFacts, GeofenceFacts

EDGE_OF_TRANSPORT = {
    Transport.MQTT: "mqtt",
    Transport.MODBUS_TCP: "modbus",
    Transport.MODBUS_RTU_TCP: "modbus",
    Transport.MODBUS_RTU: "modbus",
    Transport.NMEA: "nmea",
    Transport.JT808: "jt808",
    Transport.SL651: "sl651",
    Transport.HJ212: "hj212",
    Transport.SELF: "self",
}
"""The word for our edge in EDGE entries, by how a gateway reaches us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One device as a rule sees it.

    Attributes:
        device_id: `device.id`.
        code: Its name for people.
        kind: The hardware it is.
        edge: Our edge that hears it, see `EDGE_OF_TRANSPORT`.
        gateway: Code of its gateway.
        interval_s: How often it reports when all is well.
        allowed_lateness_s: How late its samples may come and be judged in their place.
        upstream_id: The device it hangs from, if any.
        lon: Degrees east, WGS-84, surveyed; None for vehicles.
        lat: Degrees north, WGS-84; None for vehicles.
        series: Series id by quantity.
        speed_limit_kmh: The vehicle's own limit, if any.
        area: The geofence its vehicle works in, if any.
        gateway_id: `gateway.id` of its gateway; 0 if unknown.
        component_id: The component (部件) it watches, if any.
        cell_id: The grid cell it or its component stands in, if any.
        subdistrict_id: The unit of that cell's sub-district (街道), if any.
        programme: Code of the lamp programme that holds for it, its upstream's if it
            has none of its own; empty for none.
        rated_w: What the lamp draws undimmed, if that is known.
    """

    device_id: int
    code: str
    kind: DeviceKind
    edge: str
    gateway: str
    interval_s: float
    allowed_lateness_s: float = 0.0
    upstream_id: int | None = None
    lon: float | None = None
    lat: float | None = None
    series: Mapping[str, int] = field(default_factory=dict)
    speed_limit_kmh: float | None = None
    area: GeofenceFacts | None = None
    gateway_id: int = 0
    component_id: int | None = None
    cell_id: int | None = None
    subdistrict_id: int | None = None
    programme: str = ""
    rated_w: float | None = None


def subjects_of(snapshot: Snapshot) -> tuple[Subject, ...]:
    """Return every device of a registry as rules see it, by ascending id."""
    series: dict[int, dict[str, int]] = {}
    for series_id, (device_id, quantity) in sorted(snapshot.series.items()):
        series.setdefault(device_id, {})[quantity] = series_id
    return tuple(
        _subject(device, snapshot, series.get(device.id, {}))
        for _, device in sorted(snapshot.devices.items())
    )


def _subject(device: Device, snapshot: Snapshot, series: Mapping[str, int]) -> Subject:
    vehicle = (
        None if device.vehicle_id is None else snapshot.vehicles[device.vehicle_id]
    )
    area_id = None if vehicle is None else vehicle.area_id
    cell = _cell(device, snapshot)
    return Subject(
        device_id=device.id,
        code=device.code,
        kind=device.kind,
        edge=EDGE_OF_TRANSPORT[snapshot.gateways[device.gateway].transport],
        gateway=device.gateway,
        interval_s=device.expected_interval_s,
        allowed_lateness_s=device.allowed_lateness_s,
        upstream_id=device.upstream_id,
        lon=device.lon,
        lat=device.lat,
        series=series,
        speed_limit_kmh=None if vehicle is None else vehicle.speed_limit_kmh,
        area=None if area_id is None else snapshot.geofences[area_id],
        gateway_id=snapshot.gateways[device.gateway].id,
        component_id=device.component_id,
        cell_id=None if cell is None else cell.id,
        subdistrict_id=None if cell is None else cell.subdistrict_id,
        programme=_programme(device, snapshot),
        rated_w=device.rated_w,
    )


def _programme(device: Device, snapshot: Snapshot) -> str:
    upstream = snapshot.devices.get(device.upstream_id or 0)
    return device.programme or ("" if upstream is None else upstream.programme)


def _cell(device: Device, snapshot: Snapshot) -> CellFacts | None:
    component = snapshot.components.get(device.component_id or 0)
    cell_id = None if component is None else component.cell_id
    return snapshot.cells.get(cell_id or device.cell_id or 0)
