"""What is doubtful and what cannot be, by time and by value: pure, over columns.

time  more than a day ahead of its receipt, or before 2000    impossible: refused
      more than a minute ahead of its receipt                 FUTURE
      older than the newest known of its series               LATE (the store's part)
value not a number                                            refused
      outside what the quantity can plausibly be              OUT_OF_RANGE

What takes a memory is in `judge_clock` (clocks that are wrong), `judge_series` (jumps,
values that stand still), `judge_fix` (the same of vehicles) and `judge_clone` (two that
speak under one name).
"""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from vocabulary.quality import Quality
from vocabulary.times import SECOND_US, us_from_datetime

EARLIEST_US = us_from_datetime(datetime(2000, 1, 1, tzinfo=UTC))
"""Before this nothing was measured; receivers without a fix like 1980 and 1970."""

CLOCK_TOLERANCE_US = 60 * SECOND_US
"""How far a device's clock may be ahead and still be taken at its word."""

FURTHEST_AHEAD_US = 24 * 3600 * SECOND_US
"""A clock further ahead than this is broken, not fast."""


def is_impossible(
    times_us: NDArray[np.int64], received_us: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return which times cannot be, shape (n,).

    Args:
        times_us: What the devices say, microseconds since 1970.
        received_us: When we had it.
    """
    return (times_us > received_us + FURTHEST_AHEAD_US) | (times_us < EARLIEST_US)


def flagged(holds: NDArray[np.bool_], bit: Quality) -> NDArray[np.int32]:
    """Return a bit where it holds, and nothing elsewhere, shape (n,)."""
    return holds.astype(np.int32) * np.int32(bit)


def future_flags(
    times_us: NDArray[np.int64], received_us: NDArray[np.int64]
) -> NDArray[np.int32]:
    """Return FUTURE where a time is ahead of its receipt, shape (n,).

    Args:
        times_us: What the devices say, microseconds since 1970.
        received_us: When we had it.
    """
    is_ahead = times_us > received_us + CLOCK_TOLERANCE_US
    return flagged(is_ahead, Quality.FUTURE)


def range_flags(
    value: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return OUT_OF_RANGE where a value is outside `low`..`high`, shape (n,)."""
    is_outside = (value < low) | (value > high)
    return flagged(is_outside, Quality.OUT_OF_RANGE)
