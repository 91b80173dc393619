"""Street-light cabinets (路灯控制箱) and the lamps they feed.

A cabinet follows the city's lamp programme, as its lamps do. Most of the sample city's
are always lit, so that lamps have something to show at any hour; the last one's follow
the sun. An order by hand holds until another one comes.
"""

from datetime import datetime, timedelta

from simulators.cabinet_panel import Panel
from simulators.city import Hardware
from simulators.incidents import Cause
from simulators.lamp_light import told_pct, usual_pct
from simulators.samples import reported
from simulators.world import World
from vocabulary.lighting import FULL_PCT
from vocabulary.quantity import Quantity
from vocabulary.reading import Reading

LAMP_RATINGS_W = (60.0, 90.0, 120.0, 150.0)
"""LED lanterns of the usual sizes."""

DEAD_LAMP_W = 0.4
"""What the control gear of a dark lamp still draws."""

POWER_FACTOR = 0.95
"""Of a circuit of LED lamps."""

DIM_SHARE = 0.4
"""What of its light a lamp with a broken module still gives."""

FLICKER_S = 20.0
"""A cycling lamp is on for the first half of so long, and off for the second."""

SURGE_V = 35.0
"""How much higher the mains are while a neutral is broken."""

LEAK_MA = 160.0
"""What a circuit leaks while a cable is damaged."""


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
    burns = world.at_device(Cause.LAMP_BURNING, lamp.code, second) is not None
    if circuit_is_off(world, lamp.upstream, second):
        return 0.0
    if not burns and not _is_closed(world, lamp, second, panel):
        return 0.0
    if world.at_device(Cause.LAMP_FAILED, lamp.code, second) is not None:
        return DEAD_LAMP_W
    noise = world.town.noise
    rated = (
        lamp.rated_w
        or LAMP_RATINGS_W[noise.choice(lamp.code, "rating", count=len(LAMP_RATINGS_W))]
    )
    drift = noise.drift(lamp.code, "power", at_s=second, step_s=120)
    full_w = rated * (1 + 0.015 * drift) * (world.mains_v(second) / 230)
    level = FULL_PCT if burns else _level_pct(world, lamp, second, panel)
    share = level / FULL_PCT * _faulty_share(world, lamp, second)
    return max(DEAD_LAMP_W, full_w * share)


def _faulty_share(world: World, lamp: Hardware, second: float) -> float:
    """Return what of its light a lamp gives that is neither in order nor dark."""
    if world.at_device(Cause.LAMP_CYCLING, lamp.code, second) is not None:
        return float(second % FLICKER_S < FLICKER_S / 2)
    if world.at_device(Cause.LAMP_DIM, lamp.code, second) is not None:
        return DIM_SHARE
    return 1.0


def _is_closed(
    world: World, part: Hardware, second: float, panel: Panel | None
) -> bool:
    """Tell whether a cabinet's contactor is closed."""
    if panel is not None:
        return panel.is_closed
    at = world.start + timedelta(seconds=second)
    return usual_pct(part, at, world.town.city.zone) > 0


def sample_lamp(
    world: World, lamp: Hardware, at: datetime, panel: Panel | None = None
) -> list[Reading]:
    """Return what a single-lamp controller shows at one time."""
    second = world.second(at)
    off = circuit_is_off(world, lamp.upstream, second) or not _is_closed(
        world, lamp, second, panel
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
    at = world.start + timedelta(seconds=second)
    return told_pct(lamp, at, world.town.city.zone, panel)


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
    surge = world.at_device(Cause.SUPPLY_HIGH, cabinet.code, second) is not None
    volts = 0.0 if off else world.mains_v(second) + SURGE_V * surge
    leaks = world.at_device(Cause.CABINET_LEAKAGE, cabinet.code, second) is not None
    door = world.at_device(Cause.CABINET_OPENED, cabinet.code, second) is not None
    current = power / (volts * POWER_FACTOR) if volts else 0.0
    drift = noise.drift(cabinet.code, "leakage", at_s=second, step_s=300)
    leakage = 6 + 2 * drift + LEAK_MA * leaks
    values = {
        Quantity.CONTACTOR_ON: float(_is_closed(world, cabinet, second, panel)),
        Quantity.CABINET_DOOR_OPEN: float(door),
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
