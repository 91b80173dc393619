"""All hardware of a city folder at once, each on its own wire."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from simulators.city import City, Endpoint, Hardware, read_city
from simulators.incidents import Incident
from simulators.jt808_vehicles import run_vehicle_jt808
from simulators.modbus_server import run_modbus_server
from simulators.modbus_units import units_of
from simulators.mqtt_gateway import Relay, run_mqtt_gateway
from simulators.scenario import read_scenario
from simulators.telling import OnIncident, tell
from simulators.timetable import demo_timetable
from simulators.town import PERIOD_S, Town, build_town
from simulators.vehicles import run_vehicle_tcp, run_vehicle_udp
from simulators.water_stations import run_outfall, run_river_station
from simulators.world import World
from vocabulary.device import DeviceKind, Transport
from vocabulary.times import Clock

log = logging.getLogger(__name__)

UDP_EVERY = 4
"""Every fourth vehicle terminal speaks UDP."""


MODBUS = frozenset({Transport.MODBUS_TCP, Transport.MODBUS_RTU_TCP})
"""Gateways that are polled over TCP; a serial line has no other end to be played."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wires:
    """Where the platform is.

    Attributes:
        mqtt_url_of: Broker and account of a gateway, by its code.
        nmea_tcp: Host and port of the NMEA listener for TCP.
        nmea_udp: Host and port of the NMEA listener for UDP.
        jt808: Host and port of the JT/T 808 listener for TCP; None for none.
        sl651: Host and port of the SL 651 listener; None for none.
        hj212: Host and port of the HJ 212 listener; None for none.
    """

    mqtt_url_of: Callable[[str], str]
    nmea_tcp: tuple[str, int]
    nmea_udp: tuple[str, int]
    jt808: tuple[str, int] | None = None
    sl651: tuple[str, int] | None = None
    hj212: tuple[str, int] | None = None


async def simulate(
    folder: Path,
    *,
    mqtt_url_of: Callable[[str], str],
    nmea: tuple[str, int],
    seed: int,
    incidents: Literal["demo", "none"] | Path,
    clock: Clock,
    nmea_udp: tuple[str, int] | None = None,
    jt808: tuple[str, int] | None = None,
    sl651: tuple[str, int] | None = None,
    hj212: tuple[str, int] | None = None,
    speed: float = 1.0,
    truth: Path | None = None,
    on_incident: OnIncident | None = None,
) -> None:
    """Play the hardware of a city folder until cancelled.

    The world's second 0 is when this is called; the same seed plays the same day.

    Args:
        folder: City folder, as the registry imports it.
        mqtt_url_of: Broker and account of a gateway, by its code.
        nmea: Host and port of the NMEA listener for TCP.
        seed: Another seed is another town.
        incidents: The built-in timetable, none, or a scenario file.
        clock: Tells the time.
        nmea_udp: The listener for UDP, if not at the same host and port.
        jt808: Host and port of the JT/T 808 listener for TCP, if there is one.
        sl651: Host and port of the SL 651 listener, if there is one.
        hj212: Host and port of the HJ 212 listener, if there is one.
        speed: How many times more often than usual the built-in incidents come.
        truth: Gets the ground truth, one JSON line as each incident begins.
        on_incident: Is told of each incident as it begins.

    Raises:
        ScenarioError: If the scenario file is wrong.
        NotLoopbackError: If a gateway would listen elsewhere than on the loopback.
    """
    city = read_city(folder)
    _refuse_foreign_hosts(city)
    town = await asyncio.to_thread(build_town, city, seed=seed)
    timetable, period_s = await asyncio.to_thread(
        _timetable, town, incidents, speed=speed
    )
    world = World.begin(town, timetable, start=clock(), period_s=period_s)
    wires = Wires(
        mqtt_url_of=mqtt_url_of,
        nmea_tcp=nmea,
        nmea_udp=nmea_udp or nmea,
        jt808=jt808,
        sl651=sl651,
        hj212=hj212,
    )
    _log_size(world)
    async with asyncio.TaskGroup() as tasks:
        for name, player in _players(world, wires, clock):
            tasks.create_task(player, name=name)
        tasks.create_task(
            tell(world, timetable, clock, truth=truth, on_incident=on_incident),
            name="incidents",
        )


class NotLoopbackError(ValueError):
    """A simulated device would be reachable from other machines.

    Attributes:
        gateway: Which one.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(
            f"gateway {endpoint.code} would listen on {endpoint.host!r}; simulators "
            "listen on the loopback only, such as 127.0.0.1"
        )
        self.gateway = endpoint.code


def _refuse_foreign_hosts(city: City) -> None:
    for endpoint in city.gateways.values():
        if endpoint.transport in MODBUS and not _is_loopback(endpoint.host):
            raise NotLoopbackError(endpoint)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _timetable(
    town: Town, incidents: Literal["demo", "none"] | Path, *, speed: float
) -> tuple[Sequence[Incident], float]:
    if isinstance(incidents, Path):
        return read_scenario(incidents, town)
    if incidents == "none":
        return (), PERIOD_S
    return demo_timetable(town, speed=speed), PERIOD_S


def _players(
    world: World, wires: Wires, clock: Clock
) -> Iterator[tuple[str, Coroutine[None, None, None]]]:
    """Yield what plays each gateway and each vehicle, with a name."""
    city = world.town.city
    for code, endpoint in city.gateways.items():
        devices = city.below(code)
        if endpoint.transport in MODBUS:
            units = units_of(world, devices)
            yield code, run_modbus_server(endpoint, units, clock=clock)
        elif endpoint.transport is Transport.MQTT:
            relay = Relay(world=world, gateway=endpoint, devices=devices)
            yield (
                code,
                run_mqtt_gateway(relay, url=wires.mqtt_url_of(code), clock=clock),
            )
        elif endpoint.transport is Transport.NMEA:
            yield from _vehicles(world, devices, wires, clock)
        else:
            yield from _callers(world, endpoint.transport, devices, wires, clock)


def _callers(
    world: World,
    transport: Transport,
    devices: Sequence[Hardware],
    wires: Wires,
    clock: Clock,
) -> Iterator[tuple[str, Coroutine[None, None, None]]]:
    """Yield what plays devices that call the platform, if it listens."""
    play, listener = {
        Transport.JT808: (run_vehicle_jt808, wires.jt808),
        Transport.SL651: (run_river_station, wires.sl651),
        Transport.HJ212: (run_outfall, wires.hj212),
    }.get(transport, (None, None))
    if play is None or listener is None:
        return
    for device in devices:
        if device.kind is not DeviceKind.VEHICLE or device.code in world.town.beats:
            yield device.code, play(world, device, listener=listener, clock=clock)


def _vehicles(
    world: World, devices: Sequence[Hardware], wires: Wires, clock: Clock
) -> Iterator[tuple[str, Coroutine[None, None, None]]]:
    driven = [device for device in devices if device.code in world.town.beats]
    for number, device in enumerate(driven, 1):
        if number % UDP_EVERY == 0:
            player = run_vehicle_udp(
                world, device, listener=wires.nmea_udp, clock=clock
            )
        else:
            player = run_vehicle_tcp(
                world, device, listener=wires.nmea_tcp, clock=clock
            )
        yield device.code, player


def _log_size(world: World) -> None:
    city = world.town.city
    log.info(
        "%d devices behind %d gateways, %d of them drive",
        len(city.devices),
        len(city.gateways),
        len(world.town.beats),
    )
