"""When a device's next sample is due, and waiting for it; and when to try again."""

import asyncio
from datetime import datetime, timedelta

from simulators.city import Hardware
from simulators.noise import Noise
from simulators.world import World
from vocabulary.times import Clock

LONGEST_PAUSE_S = 15.0
"""Attempts to connect are never further apart."""

FIRST_PAUSE_S = 0.4
"""Pause after the first failure; it doubles."""


def sample_second(world: World, device: Hardware, number: int) -> float:
    """Return when a device takes its sample of that number: each has its own phase."""
    phase = world.town.noise.uniform(device.code, "phase")
    return round((phase + number) * device.interval_s, 3)


def first_from(world: World, device: Hardware, second: float) -> int:
    """Return the number of a device's first sample not before `second`."""
    number = max(0, int(second / device.interval_s) - 1)
    while sample_second(world, device, number) < second:
        number += 1
    return number


def time_of(world: World, second: float) -> datetime:
    """Return the time of a second of the world, to the millisecond."""
    return world.start + timedelta(milliseconds=round(second * 1000))


async def wait_until(world: World, second: float, clock: Clock) -> None:
    """Wait until the clock shows a second of the world; at once if it has passed."""
    await asyncio.sleep(max(0.0, second - world.second(clock())))


def pause_s(noise: Noise, name: str, attempt: int) -> float:
    """Return how long to wait after the `attempt`-th failure in a row, from 0."""
    pause: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(attempt, 10))
    return pause * noise.between(name, "back-off", low=0.6, high=1.0, slot=attempt)
