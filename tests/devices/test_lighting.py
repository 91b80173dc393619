"""亮灯率: what is unknown is never counted as lit or as dark."""

import math

import numpy as np
import pytest

from devices.lighting import LampState, lamp_states, lit_rate, settled

UNHEARD = math.nan


def _state(*, level: float, power: float, known: bool = True) -> LampState:
    found = lamp_states(
        level_pct=np.array([level]),
        is_known=np.array([known]),
        power_w=np.array([power]),
    )
    return LampState(int(found[0]))


@pytest.mark.parametrize(
    ("level", "power", "state"),
    [
        (100, 60, LampState.LIT),
        (50, 30, LampState.LIT),
        (100, 1.5, LampState.DARK),
        (100, UNHEARD, LampState.UNHEARD),
        (0, 60, LampState.BURNING),
        (0, 1.5, LampState.RESTING),
        (0, UNHEARD, LampState.UNSURE),
    ],
)
def test_a_lamp_is_judged_by_its_programme(
    level: float, power: float, state: LampState
) -> None:
    assert _state(level=level, power=power) is state


@pytest.mark.parametrize("power", [60, 0, UNHEARD])
def test_around_a_turn_nothing_is_said(power: float) -> None:
    assert _state(level=100, power=power, known=False) is LampState.UNSURE


def _states(**count: int) -> np.ndarray:
    return np.array(
        [LampState[name.upper()] for name, n in count.items() for _ in range(n)],
        np.int8,
    )


def test_the_rate_is_a_range_over_unheard_lamps() -> None:
    rate = lit_rate(_states(lit=60, dark=2, unheard=38, unsure=5, resting=7, burning=1))
    assert (rate.should, rate.lit_low, rate.lit_high) == (100, 60, 98)
    assert (rate.low, rate.high, rate.burning) == (0.6, 0.98, 1)


def test_by_day_there_is_no_rate() -> None:
    rate = lit_rate(_states(resting=10, burning=2))
    assert (rate.low, rate.high, rate.burning) == (None, None, 2)


@pytest.mark.parametrize(
    ("rest_w", "low", "high"),
    [(3600, 64, 64), (100, 0, 0), (2000, 0, 64), (UNHEARD, 0, 64)],
)
def test_a_dead_concentrators_lamps_are_told_by_the_meter(
    rest_w: float, low: int, high: int
) -> None:
    rate = lit_rate(settled(_states(unheard=64), rest_w=rest_w, rated_w=3840))
    assert (rate.lit_low, rate.lit_high) == (low, high)
