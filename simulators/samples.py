"""What sensors of all kinds share: the form of a sample, cells and radios."""

from collections.abc import Mapping
from datetime import datetime

from simulators.city import Hardware
from simulators.noise import Noise
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

BATTERY_LIFE_S = 3 * 365 * 86_400
"""A set of cells lasts three years (GB/T 41401-2022)."""


def battery_pct(noise: Noise, device: Hardware, second: float) -> float:
    """Return the charge left: another age for each device, falling slowly."""
    fresh = noise.between(device.code, "battery", low=45, high=99)
    return round(max(0.0, fresh - 100 * second / BATTERY_LIFE_S))


def battery_v(noise: Noise, device: Hardware, second: float) -> float:
    """Return the voltage of a lithium cell of that charge."""
    return round(3.2 + 0.4 * battery_pct(noise, device, second) / 100, 2)


def rssi_dbm(noise: Noise, device: Hardware, second: float) -> float:
    """Return how strongly the base station is heard."""
    place = noise.between(device.code, "rssi", low=-105, high=-68)
    return round(place + 3 * noise.drift(device.code, "fading", at_s=second, step_s=60))


def reported(
    device: Hardware, values: Mapping[Quantity, float], at: datetime
) -> list[Reading]:
    """Return what a device's profile asks for, of what the device knows."""
    return [
        Reading(
            device=device.address,
            quantity=one,
            measured_at=at,
            value=float(values[one]),
        )
        for one in device.quantities
        if one in values
    ]
