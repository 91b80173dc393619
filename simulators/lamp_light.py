"""How bright a simulated lamp is told to be: by hand, by a programme, or by the sun."""

from datetime import datetime, tzinfo
from functools import lru_cache

import numpy as np

from simulators.cabinet_panel import Panel
from simulators.city import Hardware
from vocabulary.lighting import FULL_PCT, ZENITH_DEG, LampProgramme, level_pct
from vocabulary.times import us_from_datetime


def told_pct(lamp: Hardware, at: datetime, zone: tzinfo, panel: Panel | None) -> float:
    """Return the level a lamp is told, per cent; 0 is dark.

    Args:
        lamp: A lamp, or a cabinet for what its contactor follows.
        at: When.
        zone: The city's.
        panel: What its cabinet was ordered; None if nothing can be.
    """
    usual = usual_pct(lamp, at, zone)
    if panel is None:
        return usual
    return panel.level_pct(lamp.address.partition("/")[2], at, usual=usual)


def usual_pct(lamp: Hardware, at: datetime, zone: tzinfo) -> float:
    """Return the level by the city's programme alone; full where there is none."""
    programme = lamp.programme
    if programme is None or (
        programme.on_below_deg >= ZENITH_DEG and not programme.steps
    ):
        return FULL_PCT  # most lamps of the sample city: no need to ask for the sun
    return _level(programme, us_from_datetime(at), lamp.lon, lamp.lat, zone)


@lru_cache(maxsize=4096)
def _level(
    programme: LampProgramme, at_us: int, lon: float, lat: float, zone: tzinfo
) -> float:
    when = np.array([at_us], np.int64)
    level = level_pct(programme, when, np.array([lon]), np.array([lat]), zone)
    return float(level[0])
