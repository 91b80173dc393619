"""By how much a clock may be wrong for a reason that is known: pure, over columns.

    whole hours, 1 to 16 ahead           local time sent as UTC; twice that, as when it
                                         is converted the wrong way (China: 8 h, 16 h)
    whole hours, 5 to 16 behind          UTC sent as local time
    1, 2 or 3 times 1,024 weeks          GPS week numbers rolled over (IS-GPS-200)
    whole years, 1 or more ahead,        a wrong year or century where month, day and
    2 or more behind                     time fit
    either of the last two and up to     both faults
    24 whole hours

Left out on purpose, for what is late in all honesty may look like it: one to four hours
behind (results of analysers, means of a past hour), one day and one year behind (a day
or a year played again).
"""

import numpy as np
from numpy.typing import NDArray

from ingest.judging.judge import CLOCK_TOLERANCE_US
from vocabulary.times import SECOND_US

HOUR_US = 3600 * SECOND_US
"""Zones differ by whole hours, but for a few that no city of ours is in."""

MOST_HOURS = 16
"""Twice the eight hours of China; less than a day, which is no mix-up of zones."""

FEWEST_HOURS_BEHIND = 5
"""Less than this, data may come late in all honesty, and always equally late."""

FAR_US = 300 * 24 * HOUR_US
"""Nobody's data comes so late; a clock so far behind has lost its date."""

MOST_HOURS_BESIDE = 24
"""Beside a wrong date; a whole day where the wrong year is no leap year."""

ROUND_US = 1024 * 7 * 24 * HOUR_US
"""GPS week numbers have ten bits."""

MOST_ROUNDS = 3
"""Week 0 was in 1980."""

MOST_YEARS = 100
"""A century."""

FEWEST_YEARS_BEHIND = 2
"""Last year's day may be played again."""


def known_offset(
    said_us: NDArray[np.int64], received_us: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return by how much a known fault would put these clocks ahead, shape (n,).

    Args:
        said_us: What the devices say, microseconds since 1970.
        received_us: When we had it, as they said it.

    Returns:
        Microseconds, negative for a clock that is behind; 0 where no known fault brings
        what was said to within a minute of its receipt, and where none is needed.
    """
    off_us = said_us - received_us
    hours = np.rint(off_us / HOUR_US).astype(np.int64)
    is_zone = ((hours >= 1) | (hours <= -FEWEST_HOURS_BEHIND)) & (
        np.abs(hours) <= MOST_HOURS
    )
    offset_us = np.where(is_zone, hours * HOUR_US, 0)
    is_far = np.abs(off_us) >= FAR_US
    if is_far.any():
        offset_us[is_far] = _far_offset(said_us[is_far], received_us[is_far])
    is_near = np.abs(off_us - offset_us) <= CLOCK_TOLERANCE_US
    return np.where(is_near, offset_us, 0)


def _far_offset(
    said_us: NDArray[np.int64], received_us: NDArray[np.int64]
) -> NDArray[np.int64]:
    off_us = said_us - received_us
    rounds = np.rint(off_us / ROUND_US).astype(np.int64)
    is_round = (rounds != 0) & (np.abs(rounds) <= MOST_ROUNDS)
    best_us = _with_hours(off_us, np.where(is_round, rounds * ROUND_US, 0))
    years = _year(said_us) - _year(received_us)
    for more in (0, -1, 1):  # what is said may be across the new year
        n = years + more
        is_year = ((n >= 1) | (n <= -FEWEST_YEARS_BEHIND)) & (np.abs(n) <= MOST_YEARS)
        moved_us = _moved_by_years(said_us, -n)
        offset_us = _with_hours(off_us, np.where(is_year, said_us - moved_us, 0))
        is_better = np.abs(off_us - offset_us) < np.abs(off_us - best_us)
        best_us = np.where(is_better, offset_us, best_us)
    return best_us


def _with_hours(
    off_us: NDArray[np.int64], offset_us: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return a fault of the date with the fault of the zone beside it, if any."""
    hours = np.rint((off_us - offset_us) / HOUR_US).astype(np.int64)
    is_zone = (np.abs(hours) <= MOST_HOURS_BESIDE) & (offset_us != 0)
    return np.where(is_zone, offset_us + hours * HOUR_US, offset_us)


def _year(us: NDArray[np.int64]) -> NDArray[np.int64]:
    return us.view("M8[us]").astype("M8[Y]").astype(np.int64)


def _moved_by_years(
    us: NDArray[np.int64], years: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the same day of the month and time of day, so many years later."""
    month = us.view("M8[us]").astype("M8[M]")
    within = us.view("M8[us]") - month.astype("M8[us]")
    moved = (month.astype(np.int64) + 12 * years).astype("M8[M]").astype("M8[us]")
    return np.asarray(moved + within).astype(np.int64)
