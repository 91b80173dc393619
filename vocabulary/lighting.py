"""When a street lamp should be lit, and how bright: its programme (亮灯方案).

A lamp is lit while the sun stands below an angle, by the astronomical clock at its own
position, and in the night its level may follow the local clock: half-night switching
(半夜灯) and dimming are steps of the same list. Around every turn lies a margin in
which nobody can say: controllers switch by their own clocks and light sensors.
"""

import re
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from vocabulary.local_time import DAY_US, MINUTE_US, local_us, minute_of_day
from vocabulary.sun import elevation_deg
from vocabulary.times import SECOND_US

NOON_US = DAY_US // 2
"""A night runs from noon to noon, local time."""

ZENITH_DEG = 90.0
"""The sun is never above: below it lamps are always lit."""

FULL_PCT = 100.0
"""Level of a lamp that is lit and not dimmed."""

SUN_DEG_PER_S = 361 / 86_400
"""The sun climbs and sinks by no more than this."""

_STEP = re.compile(r"([01]\d|2[0-3]):([0-5]\d)=(\d{1,3}(?:\.\d+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class NightStep:
    """From when on in the night a lamp has which level.

    Attributes:
        minute: Since local midnight, 0 to 1439; the night's order is from noon on.
        level_pct: 0 is dark.
    """

    minute: int
    level_pct: float


class StepsError(ValueError):
    """Steps of a programme are not written as they should be."""


def steps_of(text: str) -> tuple[NightStep, ...]:
    """Return the steps that a text such as `22:30=50 01:00=0` says.

    Args:
        text: Local times and levels in per cent, in the night's order, noon to noon;
            empty for none.

    Raises:
        StepsError: If it says none.
    """
    steps = tuple(_step(part) for part in text.split())
    turns = [(step.minute - 720) % 1440 for step in steps]
    if sorted(set(turns)) != turns:
        raise StepsError(f"{text!r} is not in the order of one night, noon to noon")
    return steps


def _step(text: str) -> NightStep:
    found = _STEP.fullmatch(text)
    if not found or float(found[3]) > FULL_PCT:
        raise StepsError(f"{text!r} is no step; write it like 22:30=50")
    return NightStep(
        minute=int(found[1]) * 60 + int(found[2]), level_pct=float(found[3])
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LampProgramme:
    """When lamps are lit.

    Attributes:
        code: Its name in files.
        on_below_deg: Lit in the evening once the sun is below this elevation; 90 and
            more is always lit.
        off_above_deg: Dark in the morning once the sun is above this one.
        margin_s: For so long before and after each turn the level is not known.
        steps: Levels in the night, in the night's order; before the first it is full.
    """

    code: str
    on_below_deg: float
    off_above_deg: float
    margin_s: float
    steps: tuple[NightStep, ...] = ()


def level_pct(
    programme: LampProgramme,
    at_us: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    zone: tzinfo,
) -> NDArray[np.float64]:
    """Return the level that lamps should have; 0 is dark.

    Args:
        programme: Of all the lamps.
        at_us: Microseconds since 1970, UTC, shape (n,).
        lon: Degrees east, WGS-84, shape (n,).
        lat: Degrees north, WGS-84, shape (n,).
        zone: The city's: steps are in local time.
    """
    by_clock = night_level_pct(programme, at_us, zone)
    return np.where(is_night(programme, at_us, lon, lat), by_clock, 0.0)


def expected_level_pct(
    programme: LampProgramme,
    at_us: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    zone: tzinfo,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the level that lamps should have, and whether anybody can say.

    Args:
        programme: Of all the lamps.
        at_us: Microseconds since 1970, UTC, shape (n,).
        lon: Degrees east, WGS-84, shape (n,).
        lat: Degrees north, WGS-84, shape (n,).
        zone: The city's.

    Returns:
        Per cent, and whether no turn is within the margin, be the level before and
            after it the same; shape (n,) each.
    """
    level = level_pct(programme, at_us, lon, lat, zone)
    margin_us = round(programme.margin_s * SECOND_US)
    last_us, next_us = at_us + margin_us, at_us - margin_us
    turns = np.flatnonzero(_sun_may_turn(programme, at_us, lon, lat))
    night = is_night(programme, at_us, lon, lat)
    night[turns] = is_night(programme, next_us[turns], lon[turns], lat[turns])
    by_clock = night_level_pct(programme, next_us, zone)
    known = np.where(night, by_clock, 0.0) == level
    while (next_us < last_us).any():
        # Steps turn at whole minutes; the sun somewhere between two.
        next_us = np.minimum(next_us // MINUTE_US * MINUTE_US + MINUTE_US, last_us)
        night[turns] = is_night(programme, next_us[turns], lon[turns], lat[turns])
        known &= np.where(night, by_clock, 0.0) == level
        by_clock = night_level_pct(programme, next_us, zone)
        known &= np.where(night, by_clock, 0.0) == level
    return level, known


def is_night(
    programme: LampProgramme,
    at_us: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Tell where the sun stands so low that lamps are lit, whatever the steps say.

    Args:
        programme: Of all the lamps.
        at_us: Microseconds since 1970, UTC, shape (n,).
        lon: Degrees east, WGS-84, shape (n,).
        lat: Degrees north, WGS-84, shape (n,).
    """
    # Evening and morning are told apart by the sun: in the evening it sinks.
    now = elevation_deg(at_us, lon, lat)
    sinks = elevation_deg(at_us + 60 * SECOND_US, lon, lat) < now
    limit = np.where(sinks, programme.on_below_deg, programme.off_above_deg)
    return now < limit


def night_level_pct(
    programme: LampProgramme, at_us: NDArray[np.int64], zone: tzinfo
) -> NDArray[np.float64]:
    """Return the level by the local clock alone, as if it were night.

    Args:
        programme: Of all the lamps.
        at_us: Microseconds since 1970, UTC, shape (n,).
        zone: The city's.
    """
    since_noon = minute_of_day(local_us(at_us, zone) - NOON_US)
    turns = [(step.minute - 720) % 1440 for step in programme.steps]
    levels = np.array([FULL_PCT, *(step.level_pct for step in programme.steps)])
    return levels[np.searchsorted(np.array(turns), since_noon, side="right")]


def _sun_may_turn(
    programme: LampProgramme,
    at_us: NDArray[np.int64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Tell where the sun may come to an angle of a programme within its margin."""
    low = min(programme.on_below_deg, programme.off_above_deg)
    high = max(programme.on_below_deg, programme.off_above_deg)
    now = elevation_deg(at_us, lon, lat)
    reach = SUN_DEG_PER_S * (programme.margin_s + 1)
    return (now >= low - reach) & (now <= high + reach)
