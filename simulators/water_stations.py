"""A hydrological station at the river, and a data logger at an outfall.

Both report by the minute, and keep what the platform has not answered.
"""

import asyncio
import contextlib
from collections import deque
from datetime import datetime, timedelta

from ingest.protocols.hj212 import Package
from ingest.protocols.sl651 import Element
from ingest.protocols.sl651.encode import Sender, measured
from simulators.city import Hardware
from simulators.gauges import rain_mm
from simulators.hj212_station import Logger, calling, real_time
from simulators.sl651_station import KEPT, PAUSE_S, run_station
from simulators.world import World
from vocabulary.times import Clock

DRY_LEVEL_M = 1.85
"""Stage of the river after a dry month."""

RISE_M_PER_MM = 0.01
"""How far the rain of the last hour lifts it."""

USUAL = {
    "w01001": (7.4, 0.2),  # pH
    "w01018": (28.0, 6.0),  # COD, mg/l
    "w21003": (1.2, 0.4),  # ammonia nitrogen, mg/l
    "w00000": (120.0, 30.0),  # flow, l/s
    "w01010": (14.0, 1.5),  # water temperature, degrees
}
"""What an outfall's water is like by code: the middle, and how far it wanders."""

WANDER_S = 900.0
"""How slowly water changes."""


async def run_river_station(
    world: World, device: Hardware, *, listener: tuple[str, int], clock: Clock
) -> None:
    """Play a hydrological station (SL 651) until cancelled."""

    def observe(at: datetime) -> list[Element]:
        second = world.second(at)
        battery = world.town.noise.drift(
            device.code, "battery", at_s=second, step_s=WANDER_S
        )
        return [
            measured(0x39, level_m(world, device, second), length=4, decimals=3),
            measured(0x38, round(12.6 + 0.2 * battery, 2), length=2, decimals=2),
        ]

    sender = Sender(station=device.address, zone=world.town.city.zone)
    await run_station(
        listener, sender, observe, interval_s=device.interval_s, clock=clock
    )


def level_m(world: World, device: Hardware, second: float) -> float:
    """Return the stage of the river at a station."""
    wander = world.town.noise.drift(device.code, "stage", at_s=second, step_s=WANDER_S)
    rise_m = RISE_M_PER_MM * rain_mm(world, device, second)
    return round(DRY_LEVEL_M + rise_m + 0.03 * wander, 3)


async def run_outfall(
    world: World, device: Hardware, *, listener: tuple[str, int], clock: Clock
) -> None:
    """Play a data logger (HJ 212) until cancelled."""
    logger = Logger(device=device.address)
    kept: deque[datetime] = deque(maxlen=KEPT)
    at = clock()
    while True:
        with contextlib.suppress(OSError):
            async with calling(listener) as line:
                while True:
                    kept.append(at)
                    at += timedelta(seconds=device.interval_s)
                    while kept and await line.upload(
                        _package(world, device, logger, kept[0], sent_at=clock())
                    ):
                        kept.popleft()
                    await asyncio.sleep(max(0.0, (at - clock()).total_seconds()))
        await asyncio.sleep(PAUSE_S)


def _package(
    world: World,
    device: Hardware,
    logger: Logger,
    at: datetime,
    *,
    sent_at: datetime,
) -> Package:
    second, noise = world.second(at), world.town.noise
    values = {
        code: round(
            middle + far * noise.drift(device.code, code, at_s=second, step_s=WANDER_S),
            2,
        )
        for code, (middle, far) in USUAL.items()
    }
    return real_time(logger, at, values, sent_at=sent_at)
