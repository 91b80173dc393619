"""Who is asked next: a line simulated in whole seconds, without a line."""

from collections.abc import Collection
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.modbus.schedule import (
    LONGEST_WAIT_S,
    MOST_JITTER,
    Turn,
    answered,
    missed,
    next_turn,
)

TIMEOUT_S = 1.0
ANSWER_S = 0.01


def asked_times(
    silent: Collection[int], *, slaves: int, interval_s: float, until_s: float
) -> dict[int, list[float]]:
    """Play a line and return when each slave was asked."""
    turns = {
        unit_id: Turn(unit_id=unit_id, interval_s=interval_s, due_s=0)
        for unit_id in range(1, slaves + 1)
    }
    asked: dict[int, list[float]] = {unit_id: [] for unit_id in turns}
    now_s, last_silence_s = 0.0, float("-inf")
    while now_s < until_s:
        turn = next_turn(turns.values(), last_silence_s=last_silence_s)
        now_s = max(now_s, turn.due_s)
        asked[turn.unit_id].append(now_s)
        if turn.unit_id in silent:
            now_s += TIMEOUT_S
            last_silence_s = now_s
            turns[turn.unit_id] = missed(
                turn, now_s=now_s, timeout_s=TIMEOUT_S, jitter=0.5
            )
        else:
            turns[turn.unit_id] = answered(turn, asked_s=now_s)
            now_s += ANSWER_S
    return asked


def gaps(times: list[float]) -> list[float]:
    return [later - sooner for sooner, later in pairwise(times)]


@pytest.mark.parametrize("silent", [{4}, {1, 2, 3}, set(range(2, 11))])
def test_who_answers_never_waits_for_more_than_one_time_out(silent: set[int]) -> None:
    asked = asked_times(silent, slaves=10, interval_s=5, until_s=300)
    for unit_id in set(asked) - silent:
        after_first_round = [at for at in asked[unit_id] if at > 10]
        assert max(gaps(after_first_round)) <= 5 + TIMEOUT_S + 10 * ANSWER_S


def test_a_silent_slave_is_asked_ever_more_seldom() -> None:
    asked = asked_times({4}, slaves=10, interval_s=5, until_s=600)
    waits = gaps(asked[4])
    assert waits[:4] == pytest.approx([7.25, 13.5, 26, 51], abs=0.1)
    assert waits[-1] <= TIMEOUT_S + LONGEST_WAIT_S * (1 + MOST_JITTER)
    assert len(asked[4]) > 5


def test_a_line_that_is_never_idle_still_asks_the_silent() -> None:
    asked = asked_times({4}, slaves=10, interval_s=0.05, until_s=120)
    assert len(asked[4]) > 3
    assert len(asked[1]) > 500


def test_a_slave_that_answers_again_is_asked_as_before() -> None:
    turn = Turn(unit_id=1, interval_s=5, due_s=0, misses=7)
    assert answered(turn, asked_s=100) == Turn(unit_id=1, interval_s=5, due_s=105)


@given(
    interval_s=st.floats(0.01, 3600),
    misses=st.integers(0, 10_000),
    timeout_s=st.floats(0.01, 10),
    jitter=st.floats(0, 1),
)
def test_a_wait_is_never_shorter_than_the_time_out_nor_longer_than_the_limit(
    interval_s: float, misses: int, timeout_s: float, jitter: float
) -> None:
    turn = Turn(unit_id=1, interval_s=interval_s, due_s=0, misses=misses)
    wait_s = missed(turn, now_s=0, timeout_s=timeout_s, jitter=jitter).due_s
    longest_s = max(LONGEST_WAIT_S, interval_s, timeout_s)
    assert timeout_s <= wait_s <= longest_s * (1 + MOST_JITTER)
