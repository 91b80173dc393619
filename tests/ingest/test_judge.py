import numpy as np

from ingest.judging.judge import EARLIEST_US, future_flags, is_impossible, range_flags
from tests.store.rows import NOON_US
from vocabulary.quality import Quality
from vocabulary.times import SECOND_US

DAY_US = 24 * 3600 * SECOND_US


def test_a_time_is_impossible_before_2000_and_more_than_a_day_ahead() -> None:
    times = np.array(
        [0, EARLIEST_US - 1, EARLIEST_US, NOON_US + DAY_US, NOON_US + DAY_US + 1]
    )
    received = np.full(5, NOON_US)
    assert is_impossible(times, received).tolist() == [True, True, False, False, True]


def test_a_time_is_future_more_than_a_minute_ahead() -> None:
    times = NOON_US + np.array([-DAY_US, 0, 60, 61]) * SECOND_US
    flags = future_flags(times, np.full(4, NOON_US))
    assert flags.tolist() == [0, 0, 0, Quality.FUTURE]


def test_a_value_at_the_edge_of_its_range_is_within_it() -> None:
    value = np.array([-0.1, 0.0, 90.0, 180.0, 180.1])
    flags = range_flags(value, np.zeros(5), np.full(5, 180.0))
    out = Quality.OUT_OF_RANGE
    assert flags.tolist() == [out, 0, 0, 0, out]
