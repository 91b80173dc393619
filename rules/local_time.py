"""What the clock on the wall shows, for columns of times."""

from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from vocabulary.times import SECOND_US, datetime_from_us

QUARTER_US = 900 * SECOND_US
"""Clocks are changed on quarters of an hour, everywhere and since long."""


def local_us(zone: str, at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return local times, as microseconds since 1970 began there.

    Args:
        zone: IANA zone.
        at_us: Microseconds since 1970 UTC, shape (n,).
    """
    quarters, which = np.unique(at_us // QUARTER_US, return_inverse=True)
    offset_us = [_offset_us(zone, int(quarter)) for quarter in quarters]
    return at_us + np.array(offset_us, np.int64)[which]


@lru_cache(maxsize=4096)
def _offset_us(zone: str, quarter: int) -> int:
    """Return how far local time is ahead of UTC from the beginning of a quarter on."""
    at = datetime_from_us(quarter * QUARTER_US).astimezone(ZoneInfo(zone))
    offset = at.utcoffset()
    return 0 if offset is None else round(offset.total_seconds()) * SECOND_US
