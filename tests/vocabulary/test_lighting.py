"""Programmes of street lamps: the sun, the night's steps and the margins."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.lighting import (
    LampProgramme,
    NightStep,
    expected_level_pct,
    level_pct,
)
from vocabulary.local_time import local_us, minute_of_day, weekday
from vocabulary.times import datetime_from_us, us_from_datetime

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")

PROGRAMME = LampProgramme(
    code="road",
    on_below_deg=-2.0,
    off_above_deg=-3.0,
    margin_s=900,
    steps=(
        NightStep(minute=23 * 60, level_pct=50),
        NightStep(minute=60, level_pct=0),
        NightStep(minute=5 * 60, level_pct=80),
    ),
)


def _told(*local: str) -> list[tuple[float, bool]]:
    at = [datetime.fromisoformat(text).replace(tzinfo=SHANGHAI) for text in local]
    us = np.array([us_from_datetime(each) for each in at])
    lon, lat = np.full(len(us), 111.0), np.full(len(us), 35.0)
    level, known = expected_level_pct(PROGRAMME, us, lon, lat, SHANGHAI)
    return list(zip(level.tolist(), known.tolist(), strict=True))


def test_a_night_goes_through_its_levels() -> None:
    assert _told(
        "2026-11-21 12:00",
        "2026-11-21 20:00",
        "2026-11-21 23:30",
        "2026-11-22 00:30",
        "2026-11-22 03:00",
        "2026-11-22 06:00",
        "2026-11-22 09:00",
    ) == [
        (0, True),
        (100, True),
        (50, True),
        (50, True),
        (0, True),
        (80, True),
        (0, True),
    ]


def test_around_a_turn_nobody_can_say() -> None:
    near = [f"2026-11-21 {hour}" for hour in ("22:44", "22:46", "23:14", "23:16")]
    assert [known for _, known in _told(*near)] == [True, False, False, True]


def test_evening_and_morning_have_their_own_angles() -> None:
    day = us_from_datetime(datetime(2026, 11, 20, 16, tzinfo=UTC))
    at = day + np.arange(0, 1440) * 60_000_000
    spot = np.full(len(at), 111.0), np.full(len(at), 35.0)
    lit = level_pct(PROGRAMME, at, *spot, SHANGHAI) > 0
    later = LampProgramme(
        code="late", on_below_deg=-6.0, off_above_deg=-3.0, margin_s=0, steps=()
    )
    lit_late = level_pct(later, at, *spot, SHANGHAI) > 0
    noon = 12 * 60
    assert 0 < lit[noon:].sum() - lit_late[noon:].sum() < 40
    assert lit_late[5 * 60 : noon].sum() == lit[5 * 60 : noon].sum()


def test_a_lamp_that_is_always_lit_has_no_turns() -> None:
    always = LampProgramme(
        code="tunnel", on_below_deg=90.0, off_above_deg=90.0, margin_s=900
    )
    at = (
        us_from_datetime(datetime(2026, 6, 1, tzinfo=UTC))
        + np.arange(1440) * 60_000_000
    )
    spot = np.full(len(at), 111.0), np.full(len(at), 35.0)
    level, known = expected_level_pct(always, at, *spot, SHANGHAI)
    assert (level == 100).all()
    assert known.all()


@given(st.lists(st.integers(1_500_000_000, 1_900_000_000), min_size=1, max_size=20))
def test_local_time_is_that_of_the_calendar(seconds: list[int]) -> None:
    at = np.array(seconds) * 1_000_000
    local = local_us(at, BERLIN)
    for us, minute, day in zip(at, minute_of_day(local), weekday(local), strict=True):
        shown = datetime_from_us(int(us)).astimezone(BERLIN)
        assert (shown.hour * 60 + shown.minute, shown.weekday()) == (minute, day)


def test_clocks_that_change_jump_once() -> None:
    before = us_from_datetime(datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC))
    local = local_us(np.array([before, before + 1_000_000]), BERLIN)
    first, second = (datetime_from_us(int(us)) for us in local)
    assert (first.hour, first.minute, second.hour, second.minute) == (2, 59, 2, 0)
    assert all(a > b for a, b in pairwise(local))
