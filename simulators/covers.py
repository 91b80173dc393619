"""Cover sensors (井盖传感器): a tilt angle, and what else the profile asks for.

A closed cover rests at a small angle of its own, traffic knocks it for a moment, an
open one lies at sixty degrees and more.
"""

from datetime import datetime

from simulators.city import Hardware
from simulators.incidents import Cause
from simulators.samples import battery_pct, battery_v, reported, rssi_dbm
from simulators.world import World
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

OPEN_DEG = 30.0
"""From here on the sensor's own switch says open."""

LIFT_S = 2.0
"""So long it takes to lift a cover."""

FLOODED_MM_H = 60.0
"""Rain that fills a well up to its cover."""

KNOCK_SHARE = 0.004
"""Share of samples that catch a lorry rolling over the cover."""


def tilt_deg(world: World, device: Hardware, second: float) -> float:
    """Return the cover's angle from the horizontal."""
    noise = world.town.noise
    rest = noise.between(device.code, "rest", low=0.3, high=2.5)
    tilt = rest + 0.15 * noise.drift(device.code, "tilt", at_s=second, step_s=40)
    ajar = world.at_device(Cause.COVER_AJAR, device.code, second)
    if ajar is not None:
        return tilt + noise.between(ajar.id, "angle", low=14, high=24)
    if is_loose(world, device, second):
        return tilt + noise.between(device.code, "dangling", low=40, high=90)
    opened = world.at_device(Cause.COVER_OPENED, device.code, second)
    if opened is not None:
        lifted = min(1.0, (second % world.period_s - opened.starts_s) / LIFT_S)
        return tilt + lifted * noise.between(opened.id, "angle", low=65, high=110)
    slot = int(second / device.interval_s)
    if noise.uniform(device.code, "knock", slot) < KNOCK_SHARE * world.traffic(second):
        return tilt + noise.between(device.code, "blow", low=3, high=9, slot=slot)
    return tilt


def is_loose(world: World, device: Hardware, second: float) -> bool:
    """Tell whether the sensor hangs loose; its cover lies where it should."""
    found = world.at_device(Cause.COVER_SENSOR_LOOSE, device.code, second)
    return found is not None


def sample_cover(world: World, device: Hardware, at: datetime) -> list[Reading]:
    """Return what a cover sensor reports at one time."""
    second, noise = world.second(at), world.town.noise
    tilt = round(tilt_deg(world, device, second), 1)
    flooded = world.rain_mm_h(device, second) >= FLOODED_MM_H
    values = {
        Quantity.TILT_DEG: tilt,
        Quantity.COVER_OPEN: float(
            tilt >= OPEN_DEG and not is_loose(world, device, second)
        ),
        Quantity.WATER_UNDER_COVER: float(flooded),
        Quantity.BATTERY_PCT: battery_pct(noise, device, second),
        Quantity.BATTERY_V: battery_v(noise, device, second),
        Quantity.RSSI_DBM: rssi_dbm(noise, device, second),
        Quantity.TEMPERATURE_C: round(world.ambient_c(at), 1),
    }
    return reported(device, values, at)
