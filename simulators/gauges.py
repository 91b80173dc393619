"""Ponding gauges (积水监测仪): the depth of water on a road, through all its grades.

Real streets fill in half an hour; here a cloudburst fills them in a minute or two, so
that a demonstration need not wait.
"""

import math
from datetime import datetime

from simulators.city import Hardware
from simulators.incidents import Cause, Incident
from simulators.samples import battery_pct, battery_v, reported, rssi_dbm
from simulators.town import Town
from simulators.world import RAIN_PEAK_MM_H, World, rain_share
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

FULL_MM = 520.0
"""Depth to which the middle of a cloudburst would fill a low place in the end."""

FILL_S = 45.0
"""Time constant of filling."""

DRAIN_S = 40.0
"""Time constant of draining once the rain is over."""

TRASH_MM = 260.0
"""How deep water seems where a bag lies under the gauge."""

PONDING_MM = 150.0
"""From here on water on a road is a case (filing line; GB 51222 flooding line)."""

RAIN_WINDOW_S = 3600.0
"""Rain is reported as the sum of the hour before."""


def peak_mm(town: Town, burst: Incident, device: Hardware) -> float:
    """Return how deep a cloudburst stands at a gauge when its rain ends."""
    low_lying = town.noise.between(device.code, "low-lying", low=0.75, high=1.0)
    if device.code == burst.device:
        low_lying = 1.0
    filled = 1 - math.exp(-(burst.ends_s - burst.starts_s) / FILL_S)
    return FULL_MM * low_lying * rain_share(town, burst, device) * filled


def depth_mm(world: World, device: Hardware, second: float) -> float:
    """Return the depth of water at a gauge."""
    within = second % world.period_s
    depth = sum(
        peak_mm(world.town, burst, device) * _share_left(burst, within)
        for burst in world.recent(Cause.CLOUDBURST, second)
    )
    if world.at_device(Cause.GAUGE_TRASH, device.code, second) is not None:
        return TRASH_MM + 3 * world.town.noise.drift(
            device.code, "trash", at_s=second, step_s=10
        )
    wet = world.town.noise.drift(device.code, "ripple", at_s=second, step_s=20)
    return max(0.0, depth + 2 * wet * min(1.0, depth / 20))


def _share_left(burst: Incident, within: float) -> float:
    lasted = burst.ends_s - burst.starts_s
    if within < burst.ends_s:
        filled = 1 - math.exp(-(within - burst.starts_s) / FILL_S)
        return filled / (1 - math.exp(-lasted / FILL_S))
    return math.exp(-(within - burst.ends_s) / DRAIN_S)


def rain_mm(world: World, device: Hardware, second: float) -> float:
    """Return the rain of the last hour, as a tipping bucket counts it: by 0.2 mm."""
    within = second % world.period_s
    fallen = 0.0
    for burst in world.by_cause[Cause.CLOUDBURST]:
        first = max(burst.starts_s, within - RAIN_WINDOW_S)
        wet_s = min(burst.ends_s, within) - first
        if wet_s <= 0:
            continue
        fallen += wet_s * rain_share(world.town, burst, device) * RAIN_PEAK_MM_H / 3600
    return round(math.floor(fallen / 0.2) * 0.2, 1)


def sample_gauge(world: World, device: Hardware, at: datetime) -> list[Reading]:
    """Return what a gauge reports at one time."""
    second, noise = world.second(at), world.town.noise
    values = {
        Quantity.DEPTH_MM: float(round(depth_mm(world, device, second))),
        Quantity.RAIN_MM: rain_mm(world, device, second),
        Quantity.BATTERY_PCT: battery_pct(noise, device, second),
        Quantity.BATTERY_V: battery_v(noise, device, second),
        Quantity.RSSI_DBM: rssi_dbm(noise, device, second),
        Quantity.TEMPERATURE_C: round(world.ambient_c(at), 1),
    }
    return reported(device, values, at)
