"""A radio gateway: collects what its sensors sent and publishes it each second.

Each message has the next number of its gateway, so that a hole in the numbers proves a
loss. What could not be published waits and goes first when the broker is back: a value
is a function of its time, so the store is nothing but the number of the next message.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ingest.protocols.gezhi_command import encode_answer
from ingest.protocols.gezhi_json import DeviceReadings, UpMessage, encode
from simulators.city import Endpoint, Hardware
from simulators.covers import sample_cover
from simulators.gauges import sample_gauge
from simulators.incidents import Cause
from simulators.mqtt_link import LinkError, MqttLink, PublishRefusedError, mqtt_link
from simulators.obeying import Obedience
from simulators.pacing import first_from, pause_s, sample_second, time_of, wait_until
from simulators.world import World
from tasks.attempt import attempt
from vocabulary.command import AnyOrder
from vocabulary.device import DeviceKind
from vocabulary.reading import Reading
from vocabulary.times import Clock

log = logging.getLogger(__name__)

TURN_S = 1.0
"""A gateway publishes this often what has come in since."""

Sampler = Callable[[World, Hardware, datetime], Sequence[Reading]]
"""What one kind of sensor reports at one time."""

SAMPLERS: Mapping[DeviceKind, Sampler] = {
    DeviceKind.COVER: sample_cover,
    DeviceKind.GAUGE: sample_gauge,
}
"""The sensors that hang from radio gateways; others below one are not played."""


class GatewayLostError(RuntimeError):
    """The gateway has lost its own line, as an incident wants."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """One gateway and what hangs from it.

    Attributes:
        world: Behind everything.
        gateway: Which one.
        devices: Its sensors.
    """

    world: World
    gateway: Endpoint
    devices: Sequence[Hardware]


def message(relay: Relay, number: int) -> bytes:
    """Return the gateway's message of that number, from 1; one each `TURN_S`."""
    world = relay.world
    upto_s = number * TURN_S
    readings = [
        _sample(world, device, at)
        for device in relay.devices
        if device.kind in SAMPLERS
        for at in _samples_between(world, device, upto_s - TURN_S, upto_s)
    ]
    sent_at = time_of(world, upto_s)
    return encode(UpMessage(seq=number, sent_at=sent_at, readings=readings))


def _sample(world: World, device: Hardware, at: datetime) -> DeviceReadings:
    readings = SAMPLERS[device.kind](world, device, at)
    values = {reading.quantity.value: reading.value for reading in readings}
    return DeviceReadings(device=device.address, measured_at=at, values=values)


def _samples_between(
    world: World, device: Hardware, from_s: float, upto_s: float
) -> list[datetime]:
    number = first_from(world, device, from_s)
    times = []
    while (second := sample_second(world, device, number)) < upto_s:
        times.append(time_of(world, second))
        number += 1
    return times


async def run_mqtt_gateway(relay: Relay, *, url: str, clock: Clock) -> None:
    """Play one gateway until cancelled; call the broker again whenever it goes."""
    world, code = relay.world, relay.gateway.code
    number, failures = 1, 0
    memory = Obedience()

    async def connected() -> None:
        nonlocal number, failures
        async with (
            mqtt_link(
                url, gateway=code, client_id=code, clock=clock, listens=True
            ) as link,
            asyncio.TaskGroup() as tasks,
        ):
            log.info("%s connected, next message %d", code, number)
            answering = _answer(relay, link, memory, clock)
            tasks.create_task(answering, name=f"{code} answers")
            while True:
                number = await _publish(relay, link, number, clock)
                failures = 0

    while True:
        await _until_found(relay, clock)
        try:
            await attempt(connected())
        except* GatewayLostError:
            log.info("%s lost", code)
        except* (LinkError, PublishRefusedError) as group:
            log.warning("%s: %s", code, group.exceptions[0])
        await asyncio.sleep(pause_s(world.town.noise, code, failures))
        failures += 1


def lost_until_s(world: World, gateway: str, second: float) -> float | None:
    """Return when a gateway is back that is lost at `second`; None if it is not."""
    within = second % world.period_s
    devices = world.town.city.devices
    ends = [
        incident.ends_s
        for incident in world.recent(Cause.GATEWAY_LOST, second)
        if incident.lasts_at(within) and devices[incident.device].gateway == gateway
    ]
    return second + max(ends) - within if ends else None


async def _until_found(relay: Relay, clock: Clock) -> None:
    """Wait while the gateway is lost; its sensors' messages wait with it."""
    world = relay.world
    second = world.second(clock())
    back_s = lost_until_s(world, relay.gateway.code, second)
    if back_s is not None:
        await wait_until(world, back_s, clock)


async def _answer(
    relay: Relay, link: MqttLink, memory: Obedience, clock: Clock
) -> None:
    """Answer for the sensors: they measure, and can do nothing."""
    known = {device.address for device in relay.devices}
    async for address, payload in link.commands():
        if address not in known:
            continue
        answer = memory.obey(payload, address, _do_nothing, now=clock())
        if answer is not None:
            await link.send_answer(encode_answer(answer))


def _do_nothing(_order: AnyOrder) -> str:
    return "a sensor cannot do that"


async def _publish(relay: Relay, link: MqttLink, number: int, clock: Clock) -> int:
    """Publish one message when it is time; return the number of the next."""
    await wait_until(relay.world, number * TURN_S, clock)
    world = relay.world
    if lost_until_s(world, relay.gateway.code, world.second(clock())) is not None:
        raise GatewayLostError
    await link.send_up(message(relay, number))
    return number + 1
