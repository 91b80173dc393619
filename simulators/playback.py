"""The city's hardware without its wires: what all of it says up to a second.

For scorers, which play hours in minutes. The two stations at the river and at outfalls,
whose protocols have their own players, are left out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from simulators.cabinets import sample_cabinet, sample_lamp
from simulators.city import STATIONS, Endpoint, Hardware
from simulators.covers import sample_cover
from simulators.driving import is_off
from simulators.gauges import sample_gauge
from simulators.mqtt_gateway import lost_until_s
from simulators.pacing import sample_second, time_of
from simulators.pressure import sample_pressure
from simulators.vehicles import fix_of
from simulators.world import World
from vocabulary.device import DeviceKind
from vocabulary.position import Position
from vocabulary.reading import Reading

SAMPLERS: Mapping[DeviceKind, Callable[[World, Hardware, datetime], list[Reading]]] = {
    DeviceKind.COVER: sample_cover,
    DeviceKind.GAUGE: sample_gauge,
    DeviceKind.PRESSURE: sample_pressure,
    DeviceKind.LAMP: sample_lamp,
}
"""What devices of a kind say that need nobody else for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What came through one gateway.

    Attributes:
        gateway: Which.
        readings: Under wire names.
        fixes: Under wire names.
    """

    gateway: Endpoint
    readings: list[Reading]
    fixes: list[Position]


@dataclass(slots=True)
class Playback:
    """A world whose time goes on when it is asked.

    Attributes:
        world: What happens.
        kinds: Kinds of devices that speak.
    """

    world: World
    kinds: frozenset[DeviceKind] = frozenset(DeviceKind)
    _next: dict[str, int] = field(default_factory=dict)

    def until(self, second: float) -> Iterator[Said]:
        """Yield what has been said since the last call, up to a second of the world.

        What a lost gateway should have passed on comes when it is back.
        """
        city = self.world.town.city
        for code, endpoint in city.gateways.items():
            if endpoint.transport in STATIONS:
                continue
            if lost_until_s(self.world, code, second) is not None:
                continue
            said = Said(gateway=endpoint, readings=[], fixes=[])
            for device in city.below(code):
                if device.kind in self.kinds:
                    self._say(device, second, said)
            if said.readings or said.fixes:
                yield said

    def _say(self, device: Hardware, second: float, said: Said) -> None:
        number = self._next.get(device.code, 0)
        while (at_s := sample_second(self.world, device, number)) < second:
            number += 1
            at = time_of(self.world, at_s)
            if device.kind is DeviceKind.VEHICLE:
                if device.code in self.world.town.beats and not is_off(
                    self.world, device, at_s
                ):
                    said.fixes.append(fix_of(self.world, device, at))
            else:
                said.readings.extend(self._sample(device, at))
        self._next[device.code] = number

    def _sample(self, device: Hardware, at: datetime) -> list[Reading]:
        if device.kind is DeviceKind.CABINET:
            below = self.world.town.city.below(device.gateway)
            lamps = [one for one in below if one.upstream == device.code]
            return sample_cabinet(self.world, device, lamps, at)
        return SAMPLERS[device.kind](self.world, device, at)
