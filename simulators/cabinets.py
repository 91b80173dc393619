"""Street-light cabinets (路灯控制箱) and the lamps they feed.

The demonstration keeps every contactor closed by day and night until it is ordered
otherwise, so that lamps have something to show at any hour.
"""

from datetime import datetime, timedelta

from simulators.cabinet_panel import Panel
from simulators.city import Hardware
from simulators.incidents import Cause
from simulators.samples import reported
from simulators.world import World
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

LAMP_RATINGS_W = (60.0, 90.0, 120.0, 150.0)
"""LED lanterns of the usual sizes."""

DEAD_LAMP_W = 0.4
"""What the control gear of a dark lamp still draws."""

FULL_PCT = 100.0
"""A lamp that nobody dimmed."""

POWER_FACTOR = 0.95
"""Of a circuit of LED lamps."""


def circuit_is_off(world: World, cabinet: str, second: float) -> bool:
    """Tell whether a cabinet's circuit has lost its supply."""
    return world.at_device(Cause.CIRCUIT_OFF, cabinet, second) is not None


def relay_is_stuck(world: World, cabinet: str, second: float) -> bool:
    """Tell whether a cabinet's contactor stays as it is, whatever is ordered."""
    return world.at_device(Cause.RELAY_STUCK, cabinet, second) is not None


def lamp_w(
    world: World, lamp: Hardware, second: float, panel: Panel | None = None
) -> float:
    """Return the power a lamp draws, by what its cabinet's panel says."""
    if circuit_is_off(world, lamp.upstream, second) or (panel and not panel.is_closed):
        return 0.0
    if world.at_device(Cause.LAMP_FAILED, lamp.code, second) is not None:
        return DEAD_LAMP_W
    noise = world.town.noise
    rated = LAMP_RATINGS_W[noise.choice(lamp.code, "rating", count=len(LAMP_RATINGS_W))]
    drift = noise.drift(lamp.code, "power", at_s=second, step_s=120)
    full_w = rated * (1 + 0.015 * drift) * (world.mains_v(second) / 230)
    return max(DEAD_LAMP_W, full_w * _level_pct(world, lamp, second, panel) / FULL_PCT)


def sample_lamp(
    world: World, lamp: Hardware, at: datetime, panel: Panel | None = None
) -> list[Reading]:
    """Return what a single-lamp controller shows at one time."""
    second = world.second(at)
    off = circuit_is_off(world, lamp.upstream, second) or (
        panel is not None and not panel.is_closed
    )
    power = lamp_w(world, lamp, second, panel)
    drop = world.town.noise.between(lamp.code, "cable", low=0.5, high=4)
    warm = 18 if power > 1 else 2
    values = {
        Quantity.POWER_W: round(power, 1),
        Quantity.VOLTAGE_V: 0.0 if off else round(world.mains_v(second) - drop, 1),
        Quantity.DIMMING_PCT: _level_pct(world, lamp, second, panel),
        Quantity.TEMPERATURE_C: round(world.ambient_c(at) + warm, 1),
    }
    return reported(lamp, values, at)


def _level_pct(
    world: World, lamp: Hardware, second: float, panel: Panel | None
) -> float:
    if panel is None:
        return FULL_PCT
    at = world.start + timedelta(seconds=second)
    return panel.level_pct(lamp.address.partition("/")[2], at)


def sample_cabinet(
    world: World,
    cabinet: Hardware,
    lamps: list[Hardware],
    at: datetime,
    panel: Panel | None = None,
) -> list[Reading]:
    """Return what a cabinet's meter and contacts show at one time."""
    second, noise = world.second(at), world.town.noise
    off = circuit_is_off(world, cabinet.code, second)
    power = sum(lamp_w(world, lamp, second, panel) for lamp in lamps)
    dark_s = panel.dark_s if panel else 0.0
    volts = 0.0 if off else world.mains_v(second)
    current = power / (volts * POWER_FACTOR) if volts else 0.0
    leakage = 6 + 2 * noise.drift(cabinet.code, "leakage", at_s=second, step_s=300)
    values = {
        Quantity.CONTACTOR_ON: 1.0 if panel is None else float(panel.is_closed),
        Quantity.CABINET_DOOR_OPEN: 0.0,
        Quantity.VOLTAGE_V: round(volts, 1),
        Quantity.CURRENT_A: round(current, 2),
        Quantity.POWER_W: round(power),
        Quantity.LEAKAGE_MA: 0.0 if off else round(leakage, 1),
        Quantity.ENERGY_KWH: round(
            _energy_kwh(world, cabinet, lamps, second, dark_s), 2
        ),
    }
    return reported(cabinet, values, at)


def _energy_kwh(
    world: World,
    cabinet: Hardware,
    lamps: list[Hardware],
    second: float,
    dark_s: float,
) -> float:
    """Return a meter that never runs backwards and stands while the circuit is off."""
    laps, within = divmod(second, world.period_s)
    off = [
        one for one in world.by_cause[Cause.CIRCUIT_OFF] if one.device == cabinet.code
    ]
    lap_s = sum(one.ends_s - one.starts_s for one in off)
    now_s = sum(max(0.0, min(one.ends_s, within) - one.starts_s) for one in off)
    lit_s = max(0.0, second - laps * lap_s - now_s - dark_s)
    base = world.town.noise.between(cabinet.code, "meter", low=12_000, high=48_000)
    mean_kw = 0.1 * len(lamps)
    return base + mean_kw * lit_s / 3600
