"""`doubt`: a depth of water, if it can be believed; or if it can not.

While it rains, and where nobody can say that it does not, depth is believed. Where a
rain gauge says that it is dry, water must behave like it: it rises in several steps,
and its surface is smooth from sample to sample. Trash under an ultrasonic gauge is
there at once, and a mount that hangs loose makes noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, in_order, rounds
from rules.engine.times import NEVER
from rules.measures.measure import Columns, Memory, Outcome, Settings
from rules.measures.ring import push
from vocabulary.times import SECOND_US

WIDTH = 6
"""Samples over which roughness is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtSettings(Settings):
    """What one slot asks.

    Attributes:
        rain_series: Rain near by; -1 if there is no gauge.
        rain_gap_s: How old it may be and still be known.
        rain_from: From here on it rains.
        floor: At and below this depth there is nothing to doubt.
        step_share: A rise is sudden if one step is such a share of it.
        rough: A surface is noise if it bends by so much from sample to sample, in the
            depth's unit.
        wants_doubtful: Whether what can not be believed is judged, not what can.
    """

    rain_series: int
    rain_gap_s: float
    rain_from: float
    floor: float
    step_share: float
    rough: float
    wants_doubtful: bool


@dataclass(frozen=True, slots=True)
class DoubtColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    rain_series: NDArray[np.int64]
    rain_gap_us: NDArray[np.int64]
    rain_from: NDArray[np.float64]
    floor: NDArray[np.float64]
    step_share: NDArray[np.float64]
    rough: NDArray[np.float64]
    wants_doubtful: NDArray[np.bool_]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[DoubtSettings]) -> Self:
        """Return the columns of some settings."""
        gaps_us = [round(one.rain_gap_s * SECOND_US) for one in asked]
        return cls(
            place,
            np.array([one.rain_series for one in asked], np.int64),
            np.array(gaps_us, np.int64),
            np.array([one.rain_from for one in asked], np.float64),
            np.array([one.floor for one in asked], np.float64),
            np.array([one.step_share for one in asked], np.float64),
            np.array([one.rough for one in asked], np.float64),
            np.array([one.wants_doubtful for one in asked], np.bool_),
        )


@dataclass(slots=True)
class DoubtMemory(Memory):
    """What was seen of each place, shape (rows,) unless said otherwise.

    Attributes:
        rain_us: Time of the newest rain sample.
        rain: Its value.
        step: The largest rise from one sample to the next since the water came.
        peak: The greatest depth since then.
        depth: The newest depths, 0 before the first, shape (rows, WIDTH).
    """

    rain_us: NDArray[np.int64]
    rain: NDArray[np.float64]
    step: NDArray[np.float64]
    peak: NDArray[np.float64]
    depth: NDArray[np.float64]

    @classmethod
    def fresh(cls, columns: DoubtColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        n = len(columns.floor)
        none, depth = np.full(n, NEVER, np.int64), np.zeros((n, WIDTH))
        return cls(none, np.zeros(n), np.zeros(n), np.zeros(n), depth)


def measure(columns: DoubtColumns, memory: DoubtMemory, samples: Samples) -> Outcome:
    """Return the depth at each sample of it, see `measure.Measure`."""
    if samples.readings is None:
        raise TypeError("doubt judges readings")
    series_id = samples.readings.series_id[samples.row]
    is_rain = series_id == columns.rain_series[columns.place[samples.slot]]
    # Of one instant the rain counts first.
    order = in_order(samples.slot, samples.at_us, ~is_rain)
    value, known = samples.value.copy(), ~is_rain
    for turn in rounds(samples.slot[order]):
        at = order[turn]
        _hear_rain(columns, memory, samples.take(at[is_rain[at]]))
        at = at[~is_rain[at]]
        row = columns.place[samples.slot[at]]
        is_doubtful = _see(columns, memory, row, samples.take(at))
        wanted = columns.wants_doubtful[row]
        # Doubt has an end that must be seen; belief is only suspended.
        value[at] = np.where(wanted & ~is_doubtful, 0, samples.value[at])
        known[at] = wanted | ~is_doubtful
    return value, known


def _hear_rain(columns: DoubtColumns, memory: DoubtMemory, rain: Samples) -> None:
    row = columns.place[rain.slot]
    memory.rain_us[row], memory.rain[row] = rain.at_us, rain.value


def _see(
    columns: DoubtColumns, memory: DoubtMemory, row: NDArray[np.intp], depths: Samples
) -> NDArray[np.bool_]:
    """Take one depth of each row; tell which can not be believed."""
    depth, before = depths.value, memory.depth[row, -1]
    push(memory.depth, row, depth)
    is_water = depth > columns.floor[row]
    memory.step[row] = np.where(
        is_water, np.maximum(memory.step[row], depth - before), 0
    )
    memory.peak[row] = np.where(is_water, np.maximum(memory.peak[row], depth), 0)
    is_near = depths.at_us - memory.rain_us[row] <= columns.rain_gap_us[row]
    is_dry = (memory.rain_us[row] != NEVER) & is_near
    is_dry &= memory.rain[row] < columns.rain_from[row]
    is_sudden = memory.step[row] >= columns.step_share[row] * memory.peak[row]
    bends = np.abs(np.diff(memory.depth[row], 2, axis=1))
    is_rough = _median(bends) >= columns.rough[row]
    found: NDArray[np.bool_] = is_water & is_dry & (is_sudden | is_rough)
    return found


def _median(bends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each row, of an even number; `numpy.median` takes longer."""
    bends, middle = np.sort(bends, axis=1), bends.shape[1] // 2
    median: NDArray[np.float64] = (bends[:, middle - 1] + bends[:, middle]) / 2
    return median
