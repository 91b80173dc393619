import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ingest.judging.fix import Tracks, fix_flags, judged_fixes, remember
from tests.store.rows import positions
from vocabulary.geometry import distance_m
from vocabulary.position import Positions
from vocabulary.quality import Quality

JUMP, STUCK = int(Quality.JUMP), int(Quality.STUCK)

Row = tuple[int, float, float, float, float]
"""Vehicle, seconds after noon, degrees east, degrees north, km/h."""


def rows_of(rows: Sequence[Row]) -> Positions:
    speed_kmh = np.array([row[4] for row in rows], np.float32)
    return replace(positions(*(row[:4] for row in rows)), speed_kmh=speed_kmh)


def flags_of(rows: Sequence[Row], tracks: Tracks | None = None) -> list[int]:
    """Return the flags in the order of the rows; remember them."""
    tracks = tracks or Tracks()
    fixes = judged_fixes(rows_of(rows))
    found, frozen_m = fix_flags(tracks, fixes)
    nothing = np.zeros(len(fixes.row), np.int64)
    remember(tracks, fixes, frozen_m, nothing, nothing)
    flags = np.zeros(len(rows), np.int32)
    flags[fixes.row] = found
    return [int(flag) for flag in flags]


def plain_flags(rows: Sequence[Row]) -> list[int]:
    """Return the same row by row, for fixes of one vehicle that come in order."""
    flags, frozen_m = [0], 0.0
    for before, fix in pairwise(rows):
        gap_s = fix[1] - before[1]
        moved_m = distance_m(before[2], before[3], fix[2], fix[3])
        flag = JUMP * bool(moved_m > 500 + 70 * gap_s)
        speed_kmh = min(before[4], fix[4])
        is_same = fix[2:4] == before[2:4] and gap_s <= 60 and speed_kmh >= 10
        frozen_m = frozen_m + speed_kmh / 3.6 * gap_s if is_same else 0
        flags.append(flag | STUCK * bool(is_same and frozen_m >= 100))
    return flags


STEPS = st.lists(
    st.tuples(
        st.integers(0, 70),
        st.sampled_from([111.0, 111.0, 111.0, 111.001, 111.5]),
        st.sampled_from([0.0, 9.0, 30.0, 30.0, 60.0]),
    ),
    min_size=1,
    max_size=60,
)


@given(steps=STEPS, cuts=st.sets(st.integers(1, 59), max_size=8))
def test_columns_say_what_a_plain_loop_says(
    steps: list[tuple[int, float, float]], cuts: set[int]
) -> None:
    at_s = np.cumsum([step[0] for step in steps]).tolist()
    rows: list[Row] = [
        (1, at, lon, 35.0, speed)
        for at, (_, lon, speed) in zip(at_s, steps, strict=True)
    ]
    tracks, found = Tracks(), list[int]()
    for start, end in pairwise(sorted({0, len(rows), *cuts})):
        if rows[start:end]:
            found += flags_of(rows[start:end], tracks)
    assert found == plain_flags(rows)


def test_a_fix_that_nobody_can_drive_to_is_a_jump_and_so_is_the_way_back() -> None:
    rows = [(1, n, 111.0 + (n == 5) * 0.1, 35.0, 30.0) for n in range(10)]
    assert flags_of(rows) == [0] * 5 + [JUMP] * 2 + [0] * 3


def test_two_vehicles_in_one_batch_are_two() -> None:
    rows = [(1 + n % 2, float(n), 111.0 + n % 2, 35.0, 0.0) for n in range(20)]
    assert not any(flags_of(rows))


def test_a_place_that_stays_while_the_vehicle_drives_is_stuck() -> None:
    rows = [(1, 10.0 * n, 111.0, 35.0, 36.0) for n in range(5)]
    assert flags_of(rows) == [0, STUCK, STUCK, STUCK, STUCK]
    rows = [(1, 2.0 * n, 111.0, 35.0, 36.0) for n in range(8)]
    assert flags_of(rows) == [0] * 5 + [STUCK] * 3


def test_a_parked_vehicle_and_one_that_says_no_speed_are_not_stuck() -> None:
    for speed_kmh in (0.0, 3.0, math.nan):
        assert not any(flags_of([(1, n, 111.0, 35.0, speed_kmh) for n in range(999)]))


def test_a_late_fix_is_measured_by_the_time_between_and_does_not_move_the_track() -> (
    None
):
    tracks = Tracks()
    flags_of([(1, 3600, 111.0, 35.0, 30.0)], tracks)
    assert flags_of([(1, 0, 112.0, 35.0, 30.0)], tracks) == [0]
    assert flags_of([(1, 3599, 111.2, 35.0, 30.0)], tracks) == [JUMP]
    assert flags_of([(1, 3601, 111.0001, 35.0, 30.0)], tracks) == [0]
