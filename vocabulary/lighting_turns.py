"""When the level that a lamp should have turns: the moments, to the second."""

from datetime import tzinfo

import numpy as np
from numpy.typing import NDArray

from vocabulary.lighting import LampProgramme, is_night, level_pct, night_level_pct
from vocabulary.local_time import MINUTE_US
from vocabulary.times import SECOND_US


def level_turns(
    programme: LampProgramme,
    stretch_us: tuple[int, int],
    place: tuple[float, float],
    zone: tzinfo,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return from when on one lamp should have which level.

    Args:
        programme: Its own.
        stretch_us: From when until when, microseconds since 1970, UTC.
        place: Degrees east and north, WGS-84.
        zone: The city's: steps are in local time.

    Returns:
        Microseconds since 1970, the first those of the stretch itself, and per cent
        from then on, each another than the one before; shape (k,) each. The sun turns
        at the first whole second; night or day of less than a minute is none.
    """
    start_us, end_us = stretch_us
    grid = np.arange(start_us // MINUTE_US * MINUTE_US, end_us + MINUTE_US, MINUTE_US)
    by_clock = night_level_pct(programme, grid, zone)
    night = is_night(programme, grid, *_everywhere(place, grid))
    turned = np.flatnonzero(night[1:] != night[:-1])
    by_sun_us = _searched(programme, grid[turned], night[turned], place)
    by_clock_us = grid[1:][by_clock[1:] != by_clock[:-1]]
    at_us = np.unique(np.concatenate(([start_us], by_clock_us, by_sun_us)))
    at_us = at_us[(at_us >= start_us) & (at_us < end_us)]
    level = level_pct(programme, at_us, *_everywhere(place, at_us), zone)
    is_other = np.append(True, level[1:] != level[:-1])
    return at_us[is_other], level[is_other]


def _searched(
    programme: LampProgramme,
    low_us: NDArray[np.int64],
    was_night: NDArray[np.bool_],
    place: tuple[float, float],
) -> NDArray[np.int64]:
    """Return the first whole second after each turn of the sun in a minute."""
    low_us, high_us = low_us.copy(), low_us + MINUTE_US
    spot = _everywhere(place, low_us)
    while len(low_us) and (high_us - low_us).max() > SECOND_US:
        middle = (low_us + high_us) // (2 * SECOND_US) * SECOND_US
        same = is_night(programme, middle, *spot) == was_night
        low_us[same], high_us[~same] = middle[same], middle[~same]
    return high_us


def _everywhere(
    place: tuple[float, float], at_us: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.full(len(at_us), place[0]), np.full(len(at_us), place[1])
