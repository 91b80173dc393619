from collections.abc import Sequence
from itertools import pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.judging.series import Conduct, Standing, series_flags
from tests.store.rows import NOON_US
from vocabulary.quality import Quality
from vocabulary.quantity import QUANTITIES
from vocabulary.times import SECOND_US

STUCK_S = 80
"""Long enough in these tests; a gap is then more than ten seconds."""

CONDUCT = Conduct(
    leap=np.array([np.inf, 5.0, np.inf]),
    fastest_per_s=np.array([0.0, 2.0, 0.0]),
    stuck_after_us=np.array([2**62, 2**62, STUCK_S * SECOND_US]),
    is_limited=np.array([False, True, True]),
)
"""Series 1 may leap by 5 and run at 2 a second; series 2 may stand for 80 s."""

JUMP, STUCK = int(Quality.JUMP), int(Quality.STUCK)

Row = tuple[int, float, float]
"""Series, seconds after noon, value."""


def flags_of(
    rows: Sequence[Row],
    standing: Standing | None = None,
    quality: Sequence[Quality] | None = None,
) -> list[int]:
    series, at_s, value = zip(*rows, strict=True)
    flags = series_flags(
        standing or Standing(),
        np.array(series, np.int32),
        NOON_US + (np.array(at_s) * SECOND_US).astype(np.int64),
        np.array(value, np.float64),
        quality=np.array(quality or [Quality.GOOD] * len(rows), np.int32),
        conduct=CONDUCT,
    )
    return [int(flag) for flag in flags]


def plain_flags(rows: Sequence[Row]) -> list[int]:
    """Return the same row by row, for rows of one series that come in order."""
    flags = []
    last: tuple[float, float] | None = None
    since_s = 0.0
    for series, at_s, value in rows:
        if last is None or at_s <= last[0]:
            flags.append(0)
            if last is None:
                last, since_s = (at_s, value), at_s
            continue
        gap_s, change = at_s - last[0], abs(value - last[1])
        flag = JUMP * bool(series == 1 and change > 5 + 2 * gap_s)
        if change != 0 or gap_s > STUCK_S / 8:
            since_s = at_s
        elif series == 2 and value != 0 and at_s - since_s >= STUCK_S:
            flag |= STUCK
        flags.append(flag)
        last = at_s, value
    return flags


SERIES = st.integers(1, 2)
ROWS = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from([0.0, 1.0, 1.0, 1.0, 9.0, 40.0])),
    min_size=1,
    max_size=80,
)


@given(series=SERIES, steps=ROWS, cuts=st.sets(st.integers(1, 79), max_size=8))
def test_columns_say_what_a_plain_loop_says(
    series: int, steps: list[tuple[int, float]], cuts: set[int]
) -> None:
    at_s = np.cumsum([step for step, _ in steps]).tolist()
    rows = [(series, at, value) for at, (_, value) in zip(at_s, steps, strict=True)]
    standing, found = Standing(), list[int]()
    places = sorted({0, len(rows), *cuts})
    for start, end in pairwise(places):
        if rows[start:end]:
            found += flags_of(rows[start:end], standing)
    assert found == plain_flags(rows)


@given(steps=ROWS, others=ROWS, order=st.randoms(use_true_random=False))
def test_neither_the_order_within_a_batch_nor_another_series_matters(
    steps: list[tuple[int, float]], others: list[tuple[int, float]], order: Random
) -> None:
    rows = []
    for series, each in ((1, steps), (2, others)):
        at_s = np.cumsum([step for step, _ in each]).tolist()
        rows += [(series, at, value) for at, (_, value) in zip(at_s, each, strict=True)]
    plain = dict(zip(rows, plain_flags(rows[: len(steps)]), strict=False))
    plain |= dict(zip(rows[len(steps) :], plain_flags(rows[len(steps) :]), strict=True))
    order.shuffle(rows)
    assert flags_of(rows) == [plain[row] for row in rows]


def test_a_change_within_the_time_it_takes_is_no_jump() -> None:
    assert flags_of([(1, 0, 0), (1, 1, 7), (1, 2, 15)]) == [0, 0, JUMP]
    assert flags_of([(1, 0, 0), (1, 3600, 400)]) == [0, 0]


def test_what_is_no_number_is_neither_a_jump_nor_stuck() -> None:
    nan = float("nan")
    assert flags_of([(1, 0, 0), (1, 1, nan), (1, 2, 99)]) == [0, 0, 0]
    assert not any(flags_of([(2, at, nan) for at in range(0, 900, 5)]))


def test_late_readings_are_not_judged_and_change_nothing() -> None:
    standing = Standing()
    flags_of([(1, 100, 50)], standing)
    assert flags_of([(1, 50, 0), (1, 100, 0), (1, 101, 51)], standing) == [0, 0, 0]


@pytest.mark.parametrize(
    "doubt", [Quality.FUTURE, Quality.OUT_OF_RANGE, Quality.SENSOR_FAULT]
)
def test_nothing_is_judged_by_what_is_doubtful_already(doubt: Quality) -> None:
    rows = [(1, 0, 1.0), (1, 1, 999.0), (1, 2, 1.0)]
    assert flags_of(rows, quality=[Quality.GOOD, doubt, Quality.GOOD]) == [0, 0, 0]
    assert flags_of(rows) == [0, JUMP, JUMP]


def test_a_value_that_stands_still_is_stuck_until_it_moves() -> None:
    rows = [(2, at, 7.0) for at in range(0, 100, 10)] + [(2, 100, 7.5)]
    assert flags_of(rows) == [0] * 8 + [STUCK] * 2 + [0]


def test_a_silence_is_not_standing_still() -> None:
    assert not any(flags_of([(2, at, 7.0) for at in range(0, 900, 11)]))


def test_zero_may_stand_for_ever() -> None:
    assert not any(flags_of([(2, at, 0.0) for at in range(0, 9000, 5)]))


def test_what_may_stand_or_jump_has_no_limit() -> None:
    at_will = {
        "tilt_deg",
        "cover_open",
        "water_under_cover",
        "contactor_on",
        "power_w",
        "current_a",
        "dimming_pct",
        "cabinet_door_open",
        "mains_lost",
        "battery_low",
    }
    for quantity, facts in QUANTITIES.items():
        if quantity in at_will:
            assert facts.leap is None, quantity
            assert facts.stuck_after_s is None, quantity
        if facts.leap is None:
            assert facts.fastest_per_s == 0, quantity
        if facts.stuck_after_s is not None:
            assert facts.stuck_after_s >= 6 * 3600, quantity
