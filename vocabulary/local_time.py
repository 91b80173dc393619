"""Wall-clock time in a city's zone, for columns of times; summer time included."""

from datetime import tzinfo
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vocabulary.times import SECOND_US, datetime_from_us

DAY_US = 86_400 * SECOND_US
"""Microseconds in a day without a change of the clocks."""

MINUTE_US = 60 * SECOND_US
"""Microseconds in a minute."""

QUARTER_US = 15 * MINUTE_US
"""Zones have changed their clocks at whole quarters of an hour, UTC, since 1972."""

_MONDAY = 3  # 1970-01-01 was a Thursday


def local_us(at_us: NDArray[np.int64], zone: tzinfo) -> NDArray[np.int64]:
    """Return what clocks on the wall show, counted as if they showed UTC.

    Args:
        at_us: Microseconds since 1970, UTC, shape (n,).
        zone: The city's.
    """
    quarter, place = np.unique(at_us // QUARTER_US, return_inverse=True)
    shift = [_shift_us(int(each) * QUARTER_US, zone) for each in quarter]
    return at_us + np.array(shift, np.int64)[place]


def minute_of_day(local: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the minute since local midnight, 0 to 1439, of `local_us` times."""
    return local % DAY_US // MINUTE_US


def weekday(local: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the day of the week, 0 for Monday, of `local_us` times."""
    return (local // DAY_US + _MONDAY) % 7


@lru_cache(maxsize=4096)
def _shift_us(at_us: int, zone: tzinfo) -> int:
    """Return how far the wall is ahead of UTC."""
    offset = datetime_from_us(at_us).astimezone(zone).utcoffset()
    if offset is None:
        raise AssertionError(f"{zone} tells no offset")  # aware times always have one
    return round(offset.total_seconds()) * SECOND_US
