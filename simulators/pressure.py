"""Pressure points on water mains (管网压力变送器): a daily band, and what a burst does.

A burst pulls the pressure down where it is and, less and a moment later, around it; the
wave swings before it settles. A fault of one sensor would show at one point only.
"""

import math
from datetime import datetime

from simulators.city import Hardware
from simulators.incidents import Cause, Incident
from simulators.samples import battery_v, reported
from simulators.town import Town
from simulators.world import World
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

BURST_KPA = 310.0
"""Pressure lost at the burst itself."""

REACH_M = 290.0
"""At this distance the loss is 1/e of that at the burst."""

WAVE_M_S = 1000.0
"""Speed of the pressure wave in iron pipe."""

FALL_S = 1.5
"""Time constant of the fall, and of the swing after it."""

SWING = 0.12
"""The wave overshoots by this share of the fall."""

REFILL_S = 6.0
"""Time constant of the return once the pipe is closed and mended."""

SENSOR_LOST_KPA = 90.0
"""What a transmitter with a blocked impulse line shows too little."""

LOW_KPA = 140.0
"""Least service pressure, 0.14 MPa."""


def usual_kpa(town: Town, device: Hardware, *, demand: float) -> float:
    """Return the pressure of a sound pipe at a demand of 0 (night) to 1 (peak)."""
    return town.noise.between(device.code, "head", low=320, high=355) - 30 * demand


def burst_loss_kpa(town: Town, burst: Incident, device: Hardware) -> float:
    """Return what a burst costs a point in the end."""
    metres = town.distance_m(town.city.devices[burst.device], device)
    return BURST_KPA * math.exp(-((metres / REACH_M) ** 2))


def pressure_kpa(world: World, device: Hardware, at: datetime) -> float:
    """Return the pressure at a point."""
    second = world.second(at)
    noise = world.town.noise
    flicker = 2 * noise.drift(device.code, "flow", at_s=second, step_s=15)
    usual = usual_kpa(world.town, device, demand=world.demand(at)) + flicker
    loss = sum(
        burst_loss_kpa(world.town, burst, device) * _share(world, burst, device, second)
        for burst in world.recent(Cause.PIPE_BURST, second)
    )
    if world.at_device(Cause.PRESSURE_SENSOR_FAULT, device.code, second) is not None:
        loss += SENSOR_LOST_KPA
    return max(15.0, usual - loss)


def _share(world: World, burst: Incident, device: Hardware, second: float) -> float:
    source = world.town.city.devices[burst.device]
    within = second % world.period_s - world.town.distance_m(source, device) / WAVE_M_S
    since = within - burst.starts_s
    if since < 0:
        return 0.0
    swing = SWING * math.exp(-since / 8) * math.cos(since)
    fallen = (1 - math.exp(-since / FALL_S)) * (1 + swing)
    if within < burst.ends_s:
        return fallen
    return fallen * math.exp(-(within - burst.ends_s) / REFILL_S)


def sample_pressure(world: World, device: Hardware, at: datetime) -> list[Reading]:
    """Return what a pressure transmitter shows at one time."""
    second = world.second(at)
    values = {
        Quantity.PRESSURE_KPA: round(pressure_kpa(world, device, at), 1),
        Quantity.BATTERY_V: battery_v(world.town.noise, device, second),
    }
    return reported(device, values, at)
