"""What hangs behind a Modbus gateway: a cabinet with its lamps, or pressure points."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ingest.protocols.register_layout import RegisterMap, Table
from ingest.protocols.register_map import encode, load_map
from simulators.cabinet_panel import Panel
from simulators.cabinets import relay_is_stuck, sample_cabinet, sample_lamp
from simulators.city import Hardware
from simulators.lamp_light import usual_pct
from simulators.pressure import sample_pressure
from simulators.world import World
from vocabulary.device import DeviceKind
from vocabulary.lighting import FULL_PCT
from vocabulary.reading import Reading

Registers = Mapping[Table, Mapping[int, int]]
"""For each table, address to register."""


class Unit(Protocol):
    """One unit behind a gateway."""

    def show(self, at: datetime) -> Registers:
        """Return its registers at a time; whole seconds are asked for."""

    def write(self, address: int, words: Sequence[int], at: datetime) -> bool:
        """Take what is written to holding registers; return whether it may be."""


def units_of(world: World, devices: Sequence[Hardware]) -> dict[int, Unit]:
    """Return, by unit id, what the units of one gateway show at a time.

    Args:
        world: Behind everything.
        devices: All devices of the gateway; `7` is a unit, `7/lamp/01` a part of it.
    """
    by_unit: dict[int, list[Hardware]] = defaultdict(list)
    for device in devices:
        by_unit[int(device.address.partition("/")[0])].append(device)
    return {number: _unit(world, parts) for number, parts in by_unit.items()}


def _unit(world: World, devices: Sequence[Hardware]) -> Unit:
    register_map = load_map(devices[0].register_map)
    panel = None
    if any(device.kind is DeviceKind.CABINET for device in devices):
        panel = Panel(register_map, world.town.city.zone)
    return _Unit(world, tuple(devices), register_map, panel)


@dataclass(frozen=True, slots=True)
class _Unit:
    """Some hardware with one unit id."""

    world: World
    devices: tuple[Hardware, ...]
    register_map: RegisterMap
    panel: Panel | None

    def show(self, at: datetime) -> Registers:
        """Return its registers at a time."""
        self._live_on(at)
        values = {
            device.address.partition("/")[2]: {
                reading.quantity.value: reading.value
                for reading in self._sample(device, at)
            }
            for device in self.devices
        }
        tables = encode(self.register_map, values)
        if self.panel:
            tables[Table.HOLDING] = self.panel.registers() | tables[Table.HOLDING]
        return tables

    def write(self, address: int, words: Sequence[int], at: datetime) -> bool:
        """Take an order, if it is a cabinet."""
        return self.panel is not None and self.panel.write(address, words, at)

    def _live_on(self, at: datetime) -> None:
        if self.panel is None:
            return
        second = self.world.second(at)
        is_stuck = any(
            relay_is_stuck(self.world, device.code, second) for device in self.devices
        )
        zone = self.world.town.city.zone
        told = [
            usual_pct(device, at, zone)
            for device in self.devices
            if device.kind is DeviceKind.CABINET
        ]
        self.panel.live_on(at, is_stuck=is_stuck, usual=max(told, default=FULL_PCT))

    def _sample(self, device: Hardware, at: datetime) -> Sequence[Reading]:
        if device.kind is DeviceKind.LAMP:
            return sample_lamp(self.world, device, at, self.panel)
        if device.kind is DeviceKind.CABINET:
            lamps = [one for one in self.devices if one.upstream == device.code]
            return sample_cabinet(self.world, device, lamps, at, self.panel)
        return sample_pressure(self.world, device, at)
