"""`from_rest`: how far a reading is from where it is when all is well.

Every cover lies at an angle of its own, and every pressure point has a pressure of its
own. Where that is, is learned: the first so many samples that agree are it, if it is
plausible. From then on it follows the reading slowly, and not at all while the reading
is far from it: what is wrong never becomes the rest, however long it lasts, unless the
rule says after how long it does. A rest that is declared for the device is taken as it
is.

A second reading may have a say: a cover whose own switch says that it is shut is at
rest whatever its angle, for then the angle is that of a sensor that has come off.
"""

import math
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

LONGEST_STEP_S = 3600.0
"""The rest follows over no longer a pause than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FromRestSettings(Settings):
    """What one slot asks.

    Attributes:
        declared: Where the device rests, if somebody said; NaN if nobody did.
        assumed: What counts until it is learned; NaN if nothing is known until then.
        learn: How many samples must agree.
        steady: Half of these may lie no further apart.
        low: Least plausible rest.
        high: Greatest plausible rest.
        follow_per_s: How fast the rest follows.
        within: From here on it does not.
        relearn_s: After so long out there it is learned anew; infinite for never.
        is_signed: Whether too low is below 0; else both ways are the same.
        gate: The series that has a say; -1 for none.
        gate_sign: 1 if it must be at or above its limit for the reading to count, -1 if
            at or below; else the device counts as at rest.
        gate_limit: Its limit.
        gate_gap_s: How old it may be and still be known.
        gate_must: Whether nothing is known while it is not; else the reading counts.
    """

    declared: float = math.nan
    assumed: float = math.nan
    learn: int
    steady: float
    low: float = -math.inf
    high: float = math.inf
    follow_per_s: float
    within: float
    relearn_s: float = math.inf
    is_signed: bool = False
    gate: int = -1
    gate_sign: float = 1.0
    gate_limit: float = 0.0
    gate_gap_s: float = 0.0
    gate_must: bool = False


@dataclass(frozen=True, slots=True)
class FromRestColumns(Columns):
    """The settings of all slots, shape (rows,)."""

    declared: NDArray[np.float64]
    assumed: NDArray[np.float64]
    learn: NDArray[np.intp]
    steady: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    follow_per_s: NDArray[np.float64]
    within: NDArray[np.float64]
    relearn_s: NDArray[np.float64]
    is_signed: NDArray[np.bool_]
    gate: NDArray[np.int64]
    gate_sign: NDArray[np.float64]
    gate_limit: NDArray[np.float64]
    gate_gap_us: NDArray[np.int64]
    gate_must: NDArray[np.bool_]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[FromRestSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([one.declared for one in asked], np.float64),
            np.array([one.assumed for one in asked], np.float64),
            np.array([one.learn for one in asked], np.intp),
            np.array([one.steady for one in asked], np.float64),
            np.array([one.low for one in asked], np.float64),
            np.array([one.high for one in asked], np.float64),
            np.array([one.follow_per_s for one in asked], np.float64),
            np.array([one.within for one in asked], np.float64),
            np.array([one.relearn_s for one in asked], np.float64),
            np.array([one.is_signed for one in asked], np.bool_),
            np.array([one.gate for one in asked], np.int64),
            np.array([one.gate_sign for one in asked], np.float64),
            np.array([one.gate_limit for one in asked], np.float64),
            np.array([round(one.gate_gap_s * SECOND_US) for one in asked], np.int64),
            np.array([one.gate_must for one in asked], np.bool_),
        )


@dataclass(slots=True)
class FromRestMemory(Memory):
    """Where each device rests, shape (rows,) unless said otherwise.

    Attributes:
        rest: Where it does; NaN before that is known.
        is_learned: Whether it was learned or declared, not assumed.
        at_us: Time of the newest sample.
        far_s: For how long the reading has been too far from it to be followed.
        gate_us: Time of the newest sample of the reading that has a say.
        gate: Its value.
        value: The newest samples, shape (rows, most samples to learn from).
    """

    rest: NDArray[np.float64]
    is_learned: NDArray[np.bool_]
    at_us: NDArray[np.int64]
    far_s: NDArray[np.float64]
    gate_us: NDArray[np.int64]
    gate: NDArray[np.float64]
    value: NDArray[np.float64]

    @classmethod
    def fresh(cls, columns: FromRestColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        n = len(columns.learn)
        is_declared = np.isfinite(columns.declared)
        return cls(
            np.where(is_declared, columns.declared, columns.assumed),
            is_declared,
            np.full(n, NEVER, np.int64),
            np.zeros(n),
            np.full(n, NEVER, np.int64),
            np.zeros(n),
            np.full((n, int(columns.learn.max(initial=1))), np.nan),
        )


def measure(
    columns: FromRestColumns, memory: FromRestMemory, samples: Samples
) -> Outcome:
    """Return how far from its rest each sample is, see `measure.Measure`."""
    off, is_gate = np.full(len(samples), np.nan), _is_gate(columns, samples)
    # Of one instant the reading that has a say counts first.
    order = in_order(samples.slot, samples.at_us, ~is_gate)
    for turn in rounds(samples.slot[order]):
        at = order[turn]
        gates = samples.take(at[is_gate[at]])
        row = columns.place[gates.slot]
        memory.gate_us[row], memory.gate[row] = gates.at_us, gates.value
        at = at[~is_gate[at]]
        off[at] = _off(columns, memory, samples.take(at))
    return off, np.isfinite(off)


def _is_gate(columns: FromRestColumns, samples: Samples) -> NDArray[np.bool_]:
    if samples.readings is None:
        raise TypeError("a rest is that of readings")
    series_id = samples.readings.series_id[samples.row]
    found: NDArray[np.bool_] = series_id == columns.gate[columns.place[samples.slot]]
    return found


def _off(
    columns: FromRestColumns, memory: FromRestMemory, samples: Samples
) -> NDArray[np.float64]:
    """Take one sample of each slot; return how far off it is, NaN if unknown."""
    row = columns.place[samples.slot]
    push(memory.value, row, samples.value)
    _learn(columns, memory, row)
    found = samples.value - memory.rest[row]
    _follow(columns, memory, row, samples.at_us, found)
    off = np.where(columns.is_signed[row], found, np.abs(found))
    age_us = samples.at_us - memory.gate_us[row]
    is_told = (memory.gate_us[row] != NEVER) & (age_us <= columns.gate_gap_us[row])
    sign = columns.gate_sign[row]
    is_shut = is_told & (sign * memory.gate[row] < sign * columns.gate_limit[row])
    is_unknown = columns.gate_must[row] & ~is_told
    return np.where(is_unknown, np.nan, np.where(is_shut, 0, off))


def _learn(
    columns: FromRestColumns, memory: FromRestMemory, row: NDArray[np.intp]
) -> None:
    """Take the newest samples for the rest, where it is not known and they agree."""
    is_open = ~memory.is_learned[row] & ~np.isfinite(columns.declared[row])
    row = row[is_open | (memory.far_s[row] >= columns.relearn_s[row])]
    # The oldest that counts is there only if all that follow are.
    oldest = memory.value.shape[1] - columns.learn[row]
    row = row[np.isfinite(memory.value[row, oldest])]
    if not len(row):
        return
    width = memory.value.shape[1]
    counted = np.arange(width) >= width - columns.learn[row, np.newaxis]
    value = np.where(counted, memory.value[row], np.nan)
    # A lorry's wheel among them does not matter: the middle half must agree.
    lower, rest, upper = _quartiles(value, columns.learn[row])
    is_sound = upper - lower <= columns.steady[row]
    is_sound &= (rest >= columns.low[row]) & (rest <= columns.high[row])
    row = row[is_sound]
    memory.rest[row] = rest[is_sound]
    memory.is_learned[row] = True
    memory.far_s[row] = 0


def _quartiles(
    value: NDArray[np.float64], count: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return the quartiles of so many values of each row; the others are NaN.

    As `numpy.nanquantile` gives them, which goes row by row.
    """
    value = np.sort(value, axis=1)  # NaN comes last
    place = np.multiply.outer((0.25, 0.5, 0.75), count - 1)
    below = place.astype(np.intp)
    row, above = np.arange(len(value)), np.minimum(below + 1, count - 1)
    low, high = value[row, below], value[row, above]
    found: NDArray[np.float64] = low + (high - low) * (place - below)
    return found


def _follow(
    columns: FromRestColumns,
    memory: FromRestMemory,
    row: NDArray[np.intp],
    at_us: NDArray[np.int64],
    off: NDArray[np.float64],
) -> None:
    """Let the rest follow its reading, which is `off` from it, where it is near."""
    is_first = memory.at_us[row] == NEVER
    step_s = np.where(is_first, 0, (at_us - memory.at_us[row]) / SECOND_US)
    step_s = np.clip(step_s, 0, LONGEST_STEP_S)
    memory.at_us[row] = at_us
    is_near = memory.is_learned[row] & (np.abs(off) < columns.within[row])
    most = columns.follow_per_s[row] * step_s
    memory.rest[row] += np.where(is_near, np.clip(off, -most, most), 0)
    is_far = memory.is_learned[row] & ~is_near
    memory.far_s[row] = np.where(is_far, memory.far_s[row] + step_s, 0)
