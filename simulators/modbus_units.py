"""What hangs behind a Modbus gateway: a cabinet with its lamps, or pressure points."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from ingest.protocols.register_layout import Table
from ingest.protocols.register_map import encode, load_map
from simulators.cabinets import sample_cabinet, sample_lamp
from simulators.city import Hardware
from simulators.pressure import sample_pressure
from simulators.world import World
from vocabulary.device import DeviceKind
from vocabulary.reading import Reading

Registers = Mapping[Table, Mapping[int, int]]
"""For each table, address to register."""

Unit = Callable[[datetime], Registers]
"""What one unit behind a gateway shows at a time; whole seconds are asked for."""


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

    def show(at: datetime) -> Registers:
        values = {
            device.address.partition("/")[2]: {
                reading.quantity.value: reading.value
                for reading in _sample(world, device, devices, at)
            }
            for device in devices
        }
        return encode(register_map, values)

    return show


def _sample(
    world: World, device: Hardware, beside: Sequence[Hardware], at: datetime
) -> Sequence[Reading]:
    if device.kind is DeviceKind.LAMP:
        return sample_lamp(world, device, at)
    if device.kind is DeviceKind.CABINET:
        lamps = [one for one in beside if one.upstream == device.code]
        return sample_cabinet(world, device, lamps, at)
    return sample_pressure(world, device, at)
