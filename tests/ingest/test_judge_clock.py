from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.judging.clock import (
    AHEAD_COUNT,
    AHEAD_SPAN_US,
    BEHIND_COUNT,
    BEHIND_SPAN_US,
    Clocks,
    clock_offsets,
)
from ingest.judging.offset import known_offset
from tests.store.rows import NOON, NOON_US
from vocabulary.times import SECOND_US, us_from_datetime

MINUTE_S = 60
HOUR_S = 3600
DAY_S = 24 * HOUR_S

Message = tuple[int, float, float]
"""Who, when it came and what it says: seconds after noon."""


def taken_off_s(
    messages: Sequence[Message], clocks: Clocks | None = None
) -> list[float]:
    """Hear messages in one batch; return what is taken off each, seconds."""
    who, came_s, said_s = zip(*messages, strict=True)
    offset_us = clock_offsets(
        clocks or Clocks(),
        np.array(who, np.int32),
        NOON_US + (np.array(said_s) * SECOND_US).astype(np.int64),
        NOON_US + (np.array(came_s) * SECOND_US).astype(np.int64),
    )
    return [float(each) for each in offset_us / SECOND_US]


def live(
    offset_s: float,
    *,
    start_s: float = 0,
    every_s: float = 30,
    count: int = 60,
    who: int = 1,
) -> list[Message]:
    """Messages of a clock that is off, each two seconds on its way."""
    came_s = [start_s + n * every_s for n in range(count)]
    return [(who, at_s, at_s - 2 + offset_s) for at_s in came_s]


def off_by_date(change: Callable[[datetime], datetime]) -> float:
    return (change(NOON) - NOON).total_seconds()


AHEAD_S = {
    "one hour": HOUR_S,
    "local time of China sent as UTC": 8 * HOUR_S,
    "local time converted the wrong way": 16 * HOUR_S,
    "a year to come": off_by_date(lambda at: at.replace(year=2034)),
    "1,024 weeks to come": 7 * 1024 * DAY_S,
}
BEHIND_S = {
    "UTC sent as local time of China": -8 * HOUR_S,
    "one roll-over": -7 * 1024 * DAY_S,
    "two roll-overs and local time": -7 * 2048 * DAY_S + 8 * HOUR_S,
    "2003": off_by_date(lambda at: at.replace(year=2003)),
    "the wrong century": off_by_date(lambda at: at.replace(year=1926)),
}


@pytest.mark.parametrize("offset_s", AHEAD_S.values(), ids=AHEAD_S)
def test_a_fast_clock_is_corrected_from_the_third_message_in_two_minutes_on(
    offset_s: float,
) -> None:
    taken = taken_off_s(live(offset_s, every_s=60))
    assert taken == [0] * 2 + [offset_s] * 58
    taken = taken_off_s(live(offset_s, every_s=10))
    assert taken == [0] * 12 + [offset_s] * 48


@pytest.mark.parametrize("offset_s", BEHIND_S.values(), ids=BEHIND_S)
def test_a_slow_clock_is_corrected_from_the_fifth_message_in_ten_minutes_on(
    offset_s: float,
) -> None:
    taken = taken_off_s(live(offset_s, every_s=150))
    assert taken == [0] * 4 + [offset_s] * 56
    taken = taken_off_s(live(offset_s, every_s=10, count=100))
    assert taken == [0] * 60 + [offset_s] * 40


@given(
    offset_s=st.sampled_from([*AHEAD_S.values(), *BEHIND_S.values()]),
    gaps_s=st.lists(st.integers(1, 900), min_size=30, max_size=80),
    delays_s=st.lists(st.floats(0, 14), min_size=80, max_size=80),
    cuts=st.sets(st.integers(1, 79), max_size=10),
)
def test_a_constant_offset_is_taken_off_each_message_from_the_kth_on(
    offset_s: float, gaps_s: list[int], delays_s: list[float], cuts: set[int]
) -> None:
    came_s = [float(sum(gaps_s[:n])) for n in range(len(gaps_s))]
    messages = [
        (1, at_s, at_s - delay_s + offset_s)
        for at_s, delay_s in zip(came_s, delays_s[: len(came_s)], strict=True)
    ]
    count, span_us = (
        (AHEAD_COUNT, AHEAD_SPAN_US) if offset_s > 0 else (BEHIND_COUNT, BEHIND_SPAN_US)
    )
    is_enough = [
        n + 1 >= count and at_s * SECOND_US >= span_us for n, at_s in enumerate(came_s)
    ]
    clocks, taken = Clocks(), list[float]()
    for start, end in pairwise(sorted({0, len(messages), *cuts})):
        if messages[start:end]:  # batches of any size
            taken += taken_off_s(messages[start:end], clocks)
    assert taken == [offset_s * enough for enough in is_enough]


def test_the_others_in_its_batch_are_not_touched() -> None:
    wrong, right = live(8 * HOUR_S), live(0, who=2)
    late = [(3, at_s, at_s - 8 * HOUR_S - 7 * at_s) for _, at_s, _ in wrong]
    messages = [each for row in zip(wrong, right, late, strict=True) for each in row]
    taken = taken_off_s(messages)
    assert taken[1::3] == taken[2::3] == [0] * 60
    assert taken[0::3] == [0] * 4 + [8 * HOUR_S] * 56


def test_a_mended_clock_is_followed_at_once() -> None:
    clocks = Clocks()
    taken_off_s(live(8 * HOUR_S), clocks)
    assert taken_off_s(live(0, start_s=1800), clocks) == [0] * 60
    taken_off_s(live(-8 * HOUR_S, start_s=3600), clocks)
    assert taken_off_s(live(-8 * HOUR_S, start_s=5400), clocks) == [-8 * HOUR_S] * 60
    assert taken_off_s(live(0, start_s=7200), clocks) == [0] * 60


def test_a_clock_that_changes_its_fault_is_learned_anew() -> None:
    clocks = Clocks()
    taken_off_s(live(8 * HOUR_S), clocks)
    taken = taken_off_s(live(3 * HOUR_S, start_s=1800), clocks)
    assert taken == [0] * 4 + [3 * HOUR_S] * 56
    set_by_hand = live(2 * HOUR_S + 1000, start_s=3600, count=500)
    assert taken_off_s(set_by_hand, clocks) == [0] * 500


def test_what_a_fast_clock_kept_through_an_outage_is_corrected_too() -> None:
    clocks = Clocks()
    taken_off_s(live(8 * HOUR_S), clocks)
    kept = [
        (1, 3 * HOUR_S + n, 1800 + n * 30 + 8.0 * HOUR_S) for n in range(300)
    ]  # a message a second, each half a minute after the one before
    assert taken_off_s(kept, clocks) == [8 * HOUR_S] * 300


def test_what_a_rolled_over_clock_kept_is_corrected_too() -> None:
    clocks, offset_s = Clocks(), -7 * 1024.0 * DAY_S
    taken_off_s(live(offset_s), clocks)
    kept = [(1, 13 * HOUR_S + n, 1800 + n * 30 + offset_s) for n in range(300)]
    assert taken_off_s(kept, clocks) == [offset_s] * 300


def test_a_message_with_many_times_is_corrected_as_a_whole() -> None:
    day = [
        (1, at_s, at_s + 8 * HOUR_S - hours * HOUR_S)
        for at_s in (0, DAY_S, 2 * DAY_S)
        for hours in range(23, -1, -1)
    ]
    assert taken_off_s(day) == [0] * 48 + [8 * HOUR_S] * 24


def drained(
    *,
    every_s: float,
    outage_s: float,
    speed: float,
    order: str,
    heard_before: bool,
    start_s: float = 0,
) -> list[Message]:
    """Messages of an honest device through an outage, and of its backlog.

    Args:
        every_s: It measures so often.
        outage_s: How long its line was down.
        speed: How many kept readings it sends for each new one.
        order: `fifo`, `lifo`, or `live` for new ones at once and old ones beside.
        heard_before: Whether anything came before the outage.
        start_s: When the line comes back.
    """
    messages: list[Message] = []
    if heard_before:
        first_s = start_s - outage_s - 20 * every_s
        messages = live(0, start_s=first_s, every_s=every_s, count=20)
    kept_s = deque(np.arange(start_s - outage_s, start_s, every_s).tolist())
    now_s, credit = start_s, 0.0
    while kept_s and len(messages) < 500:
        kept_s.append(now_s)
        credit += speed
        if order == "live":
            messages.append((1, now_s, kept_s.pop()))
        while credit >= 1 and kept_s:
            credit -= 1
            said_s = kept_s.pop() if order == "lifo" else kept_s.popleft()
            came_s = now_s + every_s * (1 - credit / speed) / 2
            messages.append(
                (1, max(came_s, messages[-1][1] if messages else 0), said_s)
            )
        now_s += every_s
    return messages


UNHURRIED = settings(deadline=None)  # hundreds of messages, one after the other

SPEEDS = st.one_of(st.floats(1.1, 3), st.floats(3, 100), st.just(1e6))


@UNHURRIED
@given(
    every_s=st.floats(1, 900),
    outage_s=st.one_of(
        st.floats(60, 2 * DAY_S), st.integers(1, 16).map(lambda hours: hours * HOUR_S)
    ),
    speed=SPEEDS,
    order=st.sampled_from(["fifo", "lifo", "live"]),
    heard_before=st.booleans(),
)
def test_an_honest_backlog_is_never_altered(
    every_s: float, outage_s: float, speed: float, order: str, *, heard_before: bool
) -> None:
    messages = drained(
        every_s=every_s,
        outage_s=max(outage_s, every_s),
        speed=speed,
        order=order,
        heard_before=heard_before,
    )
    assert not any(taken_off_s(messages))


def test_a_backlog_that_shrinks_slowly_is_no_constant_offset() -> None:
    # First heard eight hours late, to the minute; each ten seconds bring eleven.
    slow = [(1, n * 10.0, n * 11.0 - 8 * HOUR_S - 55) for n in range(500)]
    assert not any(taken_off_s(slow))
    # A clock that is eight hours fast, and a backlog that passes seven hours.
    fast = [(1, n * 10.0, n * 13.0 + 7 * HOUR_S - 600) for n in range(500)]
    assert not any(taken_off_s(fast))


@UNHURRIED
@given(
    every_s=st.floats(1, 300),
    hours=st.integers(1, 16),
    shift_s=st.floats(-70, 70),
    order=st.sampled_from(["fifo", "live"]),
)
def test_a_backlog_that_never_shrinks_is_not_altered_for_its_clock_never_went_back(
    every_s: float, hours: int, shift_s: float, order: str
) -> None:
    messages = drained(
        every_s=every_s,
        outage_s=hours * HOUR_S + shift_s,
        speed=1,
        order=order,
        heard_before=True,
    )
    assert not any(taken_off_s(messages))


@UNHURRIED
@given(
    lag_s=st.integers(1, 24).map(lambda hours: hours * HOUR_S),
    delay_s=st.floats(0, 60),
)
def test_means_of_past_hours_are_not_altered(lag_s: int, delay_s: float) -> None:
    means = [(1, n * lag_s + delay_s, (n - 1) * lag_s) for n in range(200)]
    assert not any(taken_off_s(means))


@pytest.mark.parametrize("lag_s", [DAY_S, 7 * DAY_S, 365 * DAY_S, 4 * HOUR_S])
def test_a_day_played_again_is_not_altered(lag_s: int) -> None:
    assert not any(taken_off_s(live(-lag_s, every_s=10, count=500)))


@given(
    times=st.lists(
        st.tuples(st.integers(1, 3), st.floats(0, 300), st.floats(-3 * DAY_S, 60)),
        min_size=1,
        max_size=60,
    )
)
def test_whatever_is_late_at_random_is_not_altered(
    times: list[tuple[int, float, float]],
) -> None:
    came_s, messages = 0.0, list[Message]()
    for who, gap_s, off_s in times:
        came_s += gap_s
        messages.append((who, came_s, came_s + off_s))
    assert not any(taken_off_s(messages))


def test_our_own_clock_set_back_corrects_nobody() -> None:
    clocks = Clocks()
    everybody = range(1, 21)
    for who in everybody:
        taken_off_s(live(0, who=who), clocks)
    # One hour back: what is said now is an hour ahead of when we think it came.
    messages = [
        (who, 1800 - HOUR_S + 30 * n, 1800.0 + 30 * n)
        for n in range(100)
        for who in everybody
    ]
    assert not any(taken_off_s(messages, clocks))
    right_again = [
        (who, 9000 + 30 * n, 9000.0 + 30 * n) for n in range(9) for who in everybody
    ]
    assert not any(taken_off_s(right_again, clocks))


def test_our_own_clock_years_behind_at_our_start_corrects_nobody() -> None:
    offset_s = off_by_date(lambda at: at.replace(year=2028))
    messages = [
        (who, at, said) for who in range(1, 9) for _, at, said in live(offset_s)
    ]
    assert not any(taken_off_s(sorted(messages, key=lambda row: row[1])))


def test_devices_that_were_bought_with_local_time_in_them_are_all_corrected() -> None:
    messages = [
        (who, at, said) for who in range(1, 9) for _, at, said in live(8 * HOUR_S)
    ]
    taken = taken_off_s(sorted(messages, key=lambda row: row[1]))
    assert taken == [0] * 8 * 4 + [8 * HOUR_S] * 8 * 56


def test_one_device_of_many_that_is_set_wrong_is_corrected() -> None:
    clocks = Clocks()
    for who in range(1, 21):
        taken_off_s(live(0, who=who), clocks)
    messages = [
        message
        for rows in zip(
            live(HOUR_S, start_s=1800), live(0, start_s=1800, who=2), strict=True
        )
        for message in rows
    ]
    assert taken_off_s(messages, clocks)[0::2] == [0] * 4 + [HOUR_S] * 56


def test_a_glitch_and_its_repetitions_correct_nothing() -> None:
    ahead_s = 8 * HOUR_S
    glitch = [(1, float(n * 60), ahead_s) for n in range(10)]  # one time, ten times
    assert not any(taken_off_s(glitch))


def test_a_wrong_year_goes_on_being_corrected_over_a_leap_day() -> None:
    start = datetime(2028, 2, 28, 12, tzinfo=UTC)
    came = [start + timedelta(minutes=5 * n) for n in range(600)]
    # The device believes in 2003, which had no 29 February.
    zero = datetime(2003, 2, 28, 12, tzinfo=UTC)
    said = [zero + timedelta(minutes=5 * n) for n in range(600)]
    said_us = np.array([us_from_datetime(at) for at in said])
    came_us = np.array([us_from_datetime(at) for at in came])
    taken = clock_offsets(Clocks(), np.ones(600, np.int32), said_us, came_us)
    assert (said_us - taken)[4:].tolist() == came_us[4:].tolist()


@given(
    said=st.datetimes(timezones=st.just(UTC)),
    came=st.datetimes(
        NOON.replace(tzinfo=None),
        NOON.replace(year=2090, tzinfo=None),
        timezones=st.just(UTC),
    ),
)
def test_what_a_known_fault_leaves_is_within_a_minute(
    said: datetime, came: datetime
) -> None:
    said_us, came_us = (np.array([us_from_datetime(at)]) for at in (said, came))
    offset_us = known_offset(said_us, came_us)
    if offset_us.any():
        assert np.abs(said_us - offset_us - came_us)[0] <= 60 * SECOND_US


@pytest.mark.parametrize("years", [-100, -23, -2, 1, 9, 100])
@pytest.mark.parametrize("hours", [0, 8, -8])
@pytest.mark.parametrize("day", [(1, 1), (2, 28), (3, 1), (12, 31)])
def test_a_wrong_year_is_known_on_every_day(
    years: int, hours: int, day: tuple[int, int]
) -> None:
    came = datetime(2027, *day, 3, tzinfo=UTC)
    said = came.replace(year=came.year + years) + timedelta(hours=hours)
    said_us, came_us = (np.array([us_from_datetime(at)]) for at in (said, came))
    assert (said_us - known_offset(said_us, came_us)).tolist() == came_us.tolist()
