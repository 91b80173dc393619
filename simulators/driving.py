"""Where a vehicle is: on its beat, or for a while off it."""

from datetime import datetime

import numpy as np

from simulators.city import Hardware
from simulators.incidents import Cause
from simulators.motion import Moment, Motion
from simulators.world import World
from vocabulary.position import Position

FIX_ERROR_M = 1.8
"""A good receiver wanders this much east and as much north."""


def moment_of(world: World, device: Hardware, second: float) -> Moment:
    """Return what a vehicle truly does at a second.

    Raises:
        KeyError: If it has no beat.
    """
    within = second % world.period_s
    motion = _off_beat(world, device, within)
    if motion is not None:
        return motion.moment(within)
    beat = world.town.beats[device.code]
    return beat.motion.moment(second % beat.round_s)


def _off_beat(world: World, device: Hardware, within: float) -> Motion | None:
    for incident in world.by_device.get(device.code, ()):
        motion = incident.motion
        if motion is not None and motion.at_s[0] <= within < motion.at_s[-1]:
            return motion
    return None


def position_of(world: World, device: Hardware, at: datetime) -> Position:
    """Return the fix a vehicle's receiver gives at one time.

    Raises:
        KeyError: If it has no beat.
    """
    second, noise = world.second(at), world.town.noise
    moment = moment_of(world, device, second)
    lon, lat = _place_told(world, device, second)
    jitter = 0.4 * noise.drift(device.code, "speed", at_s=second, step_s=6)
    speed = moment.speed_kmh + jitter if moment.speed_kmh else 0.0
    return Position(
        device=device.address,
        fixed_at=at,
        lon=lon,
        lat=lat,
        speed_kmh=round(max(0.0, speed), 2),
        course_deg=round(moment.course_deg, 1),
    )


def is_off(world: World, device: Hardware, second: float) -> bool:
    """Tell whether a vehicle's terminal has no power."""
    return world.at_device(Cause.TERMINAL_OFF, device.code, second) is not None


def _place_told(world: World, device: Hardware, second: float) -> tuple[float, float]:
    """Return the degrees a receiver tells; a frozen one those of where it froze."""
    frozen = world.at_device(Cause.POSITION_FROZEN, device.code, second)
    if frozen is not None:
        second += frozen.starts_s - second % world.period_s
    moment, noise = moment_of(world, device, second), world.town.noise
    east, north = (
        FIX_ERROR_M * noise.drift(device.code, axis, at_s=second, step_s=45)
        for axis in ("east", "north")
    )
    place = np.array([[moment.x + east, moment.y + north]])
    lon, lat = world.town.plane.degrees(place)[0]
    return round(float(lon), 7), round(float(lat), 7)
