"""The registry as one read-only picture, asked on the hot path without a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from devices.registry.areas import Areas
from store.connection import Connection
from store.registry.facts import read_registry
from vocabulary.device import Device, Gateway
from vocabulary.lighting import LampProgramme
from vocabulary.registry_facts import (
    CellFacts,
    ComponentFacts,
    GeofenceFacts,
    PipeFacts,
    UnitFacts,
    VehicleFacts,
)


@dataclass(
    frozen=True, kw_only=True
)  # no slots: the look-up tables are made when asked
class Snapshot:
    """Everything registered, at one version.

    Attributes:
        version: `registry_version` it was read at.
        devices: By `device.id`; retired ones are absent.
        gateways: By code.
        components: By `component.id`, those that a device watches.
        cells: By `grid_cell.id`, ended ones too.
        vehicles: By `vehicle.id`.
        units: By `unit.id`.
        geofences: By `geofence.id`.
        series: Device id and quantity by `series.id`.
        programmes: Lamp programmes by code.
        pipes: Water mains, by ascending code.
    """

    version: int
    devices: Mapping[int, Device] = field(default_factory=dict)
    gateways: Mapping[str, Gateway] = field(default_factory=dict)
    components: Mapping[int, ComponentFacts] = field(default_factory=dict)
    cells: Mapping[int, CellFacts] = field(default_factory=dict)
    vehicles: Mapping[int, VehicleFacts] = field(default_factory=dict)
    units: Mapping[int, UnitFacts] = field(default_factory=dict)
    geofences: Mapping[int, GeofenceFacts] = field(default_factory=dict)
    series: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    programmes: Mapping[str, LampProgramme] = field(default_factory=dict)
    pipes: tuple[PipeFacts, ...] = ()

    def device_id(self, gateway: str, address: str) -> int | None:
        """Return the device that a gateway knows under an address."""
        return self._id_by_address.get((gateway, address))

    def gateway_of(self, address: str) -> str | None:
        """Return the code of a gateway that has a device under this address.

        Addresses such as `1` stand below many gateways; then it is any one of them.
        """
        return self._gateway_by_address.get(address)

    def series_id(self, device_id: int, quantity: str) -> int | None:
        """Return the series that holds one quantity of one device."""
        return self._id_by_series.get((device_id, quantity))

    def cell_at(self, lon: float, lat: float) -> int | None:
        """Return the cell in force that holds a point, degrees WGS-84."""
        code = self._cell_areas.at(lon, lat)
        return None if code is None else self._id_by_cell_code[code]

    @cached_property
    def _id_by_address(self) -> dict[tuple[str, str], int]:
        return {(d.gateway, d.address): d.id for d in self.devices.values()}

    @cached_property
    def _gateway_by_address(self) -> dict[str, str]:
        return {d.address: d.gateway for d in self.devices.values()}

    @cached_property
    def _id_by_series(self) -> dict[tuple[int, str], int]:
        return {series: series_id for series_id, series in self.series.items()}

    @cached_property
    def _id_by_cell_code(self) -> dict[str, int]:
        return {cell.code: cell.id for cell in self.cells.values()}

    @cached_property
    def _cell_areas(self) -> Areas[str]:
        # By code, as the import does it: a point on a border has one answer.
        cells = self.cells.values()
        return Areas({c.code: c.polygon for c in cells if c.ended_on is None})


async def load_snapshot(connection: Connection) -> Snapshot:
    """Read the registry, all of it at one version."""
    registry = await read_registry(connection)
    return Snapshot(
        version=registry.version,
        devices={device.id: device for device in registry.devices},
        gateways={gateway.code: gateway for gateway in registry.gateways},
        components={component.id: component for component in registry.components},
        cells={cell.id: cell for cell in registry.cells},
        vehicles={vehicle.id: vehicle for vehicle in registry.vehicles},
        units={unit.id: unit for unit in registry.units},
        geofences={geofence.id: geofence for geofence in registry.geofences},
        series=registry.series,
        programmes={one.code: one for one in registry.programmes},
        pipes=tuple(registry.pipes),
    )
