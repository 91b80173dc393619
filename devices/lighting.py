"""How many of the lamps that should be lit are: 亮灯率, honest about what is unknown.

A lamp that is not heard is neither lit nor dark: it makes the rate a range. What the
cabinet's meter draws beyond the lamps that are heard can settle it, for a concentrator
that is down leaves its lamps lit and its meter read.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

LIT_W = 5.0
"""From here on a lamp is lit: a driver in standby draws below 2 W, a lit LED lamp 20 W
and more."""

ALL_LIT_SHARE = 0.9
"""If unheard lamps draw this share of what they should, all of them are lit."""

ALL_DARK_SHARE = 0.1
"""If they draw less than this share, none is."""


class LampState(IntEnum):
    """How a lamp is; the value is its column in counts."""

    RESTING = 0  # dark, as it should be
    LIT = 1  # as it should be
    DARK = 2  # 应亮未亮
    BURNING = 3  # lit by day (昼亮)
    UNHEARD = 4  # should be lit, and nobody knows
    UNSURE = 5  # around a turn of its programme, or it has none; or unheard by day


@dataclass(frozen=True, slots=True, kw_only=True)
class LitRate:
    """Lamps of one cabinet, one cell or a city; counts.

    Attributes:
        should: Lamps that should be lit.
        lit_low: So many of them are lit for certain.
        lit_high: So many are not known to be dark.
        burning: Lamps lit by day.
    """

    should: int
    lit_low: int
    lit_high: int
    burning: int

    @property
    def low(self) -> float | None:
        """Share that is lit for certain; None where none should be."""
        return self.lit_low / self.should if self.should else None

    @property
    def high(self) -> float | None:
        """Share that is not known to be dark; None where none should be."""
        return self.lit_high / self.should if self.should else None


def lamp_states(
    *,
    level_pct: NDArray[np.float64],
    is_known: NDArray[np.bool_],
    power_w: NDArray[np.float64],
) -> NDArray[np.int8]:
    """Return the `LampState` of each lamp.

    Args:
        level_pct: The level it should have, shape (n,).
        is_known: Whether anybody can say that level, shape (n,).
        power_w: What it draws; NaN where it is not heard, shape (n,).
    """
    heard, lit = ~np.isnan(power_w), power_w >= LIT_W
    should = level_pct > 0
    return np.select(
        [~is_known, should & ~heard, ~heard, should & lit, should, lit],
        [
            LampState.UNSURE,
            LampState.UNHEARD,
            LampState.UNSURE,
            LampState.LIT,
            LampState.DARK,
            LampState.BURNING,
        ],
        LampState.RESTING,
    ).astype(np.int8)


def settled(
    states: NDArray[np.int8],
    *,
    rest_w: float,
    rated_w: float,
) -> NDArray[np.int8]:
    """Return the states of one cabinet's lamps after a look at its meter.

    Args:
        states: Of the lamps it feeds, shape (n,).
        rest_w: What the meter shows beyond the lamps that are heard; NaN if unknown.
        rated_w: What its unheard lamps draw together when all are lit as they should.
    """
    unheard = states == LampState.UNHEARD
    if not unheard.any() or not np.isfinite(rest_w) or rated_w <= 0:
        return states
    share = rest_w / rated_w
    if share >= ALL_LIT_SHARE:
        return np.where(unheard, LampState.LIT, states).astype(np.int8)
    if share <= ALL_DARK_SHARE:
        return np.where(unheard, LampState.DARK, states).astype(np.int8)
    return states


def lit_rate(states: NDArray[np.int8]) -> LitRate:
    """Return how many lamps of a group are lit, as a range."""
    count = np.bincount(states, minlength=len(LampState))
    lit, dark, unheard = (
        int(count[state])
        for state in (LampState.LIT, LampState.DARK, LampState.UNHEARD)
    )
    return LitRate(
        should=lit + dark + unheard,
        lit_low=lit,
        lit_high=lit + unheard,
        burning=int(count[LampState.BURNING]),
    )
