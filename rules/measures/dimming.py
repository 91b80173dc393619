"""`dimming`: what a lamp draws, in per cent of what it should at the level it was told.

100 is as it should be. A sample of the power is judged by the level told at the same
instant, or before it and not longer ago than the largest gap. A lamp that is told to be
dark or nearly, or that is dark, has no such share: it is some other rule's matter.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from devices.lighting import LIT_W
from rules.engine.samples import Samples, in_order
from rules.engine.times import NEVER
from rules.measures.measure import Columns, Memory, Outcome, Settings
from vocabulary.times import SECOND_US

LEAST_PCT = 20.0
"""Below this level drivers follow curves of their own."""


@dataclass(frozen=True, slots=True)
class DimmingSettings(Settings):
    """What one slot asks.

    Attributes:
        rated_w: What the lamp draws undimmed.
        level_series: Series id of the level it is told; its other samples are power.
        gap_s: How old that may be.
    """

    rated_w: float
    level_series: int
    gap_s: float


@dataclass(frozen=True, slots=True)
class DimmingColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    rated_w: NDArray[np.float64]
    level_series: NDArray[np.int64]
    gap_us: NDArray[np.int64]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[DimmingSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([one.rated_w for one in asked]),
            np.array([one.level_series for one in asked], np.int64),
            np.array([round(one.gap_s * SECOND_US) for one in asked], np.int64),
        )


@dataclass(slots=True)
class DimmingMemory(Memory):
    """The level each lamp was last told, per cent, and when; shape (rows,)."""

    at_us: NDArray[np.int64]
    level_pct: NDArray[np.float64]

    @classmethod
    def fresh(cls, columns: DimmingColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.rated_w)
        return cls(np.full(rows, NEVER, np.int64), np.zeros(rows))


def measure(
    columns: DimmingColumns, memory: DimmingMemory, samples: Samples
) -> Outcome:
    """Return the share at each sample of power, see `measure.Measure`."""
    is_level = _are_levels(columns, samples)
    # Told and drawn in one report: what was told comes first, whatever the order there.
    order = in_order(samples.slot, samples.at_us, ~is_level)
    row = columns.place[samples.slot[order]]
    told_us, told_pct = _told(memory, row, is_level[order], samples.take(order))
    value, known = np.zeros(len(samples)), np.zeros(len(samples), np.bool_)
    power_w, at_us = samples.value[order], samples.at_us[order]
    value[order] = power_w / (columns.rated_w[row] * np.maximum(told_pct, 1.0)) * 1e4
    known[order] = (
        ~is_level[order]
        & (at_us - told_us <= columns.gap_us[row])
        & (told_pct >= LEAST_PCT)
        & (power_w >= LIT_W)
    )
    return value, known


def _are_levels(columns: DimmingColumns, samples: Samples) -> NDArray[np.bool_]:
    if samples.readings is None:
        raise TypeError("dimming judges readings")
    level_series = columns.level_series[columns.place[samples.slot]]
    is_level: NDArray[np.bool_] = (
        samples.readings.series_id[samples.row] == level_series
    )
    return is_level


def _told(
    memory: DimmingMemory,
    row: NDArray[np.intp],
    is_level: NDArray[np.bool_],
    samples: Samples,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return when and what level was last told at each sample, and remember the last.

    Args:
        memory: Changed in place.
        row: Of each sample here, equal ones together.
        is_level: Which samples tell a level.
        samples: In order.
    """
    newest = np.maximum.accumulate(np.where(is_level, np.arange(len(row)), -1))
    here = (newest >= 0) & (row[newest] == row)
    at_us = np.where(here, samples.at_us[newest], memory.at_us[row])
    level = np.where(here, samples.value[newest], memory.level_pct[row])
    last = np.flatnonzero(np.diff(row, append=-1))
    memory.at_us[row[last]], memory.level_pct[row[last]] = at_us[last], level[last]
    return at_us, level
