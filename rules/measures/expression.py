"""`expression`: 1 where an expression over several series is true, 0 where it is false.

A sample of any of its series says what that one is from its own time on; the others
are what they were last said to be, unless that is longer ago than the largest gap: then
they are unknown, and so is what hangs on them. Samples of one instant are taken
together. A sample that comes after later ones of another series counts from those on,
for the past has been judged.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.files.expression import Expression, evaluate
from rules.measures.measure import Columns, Memory, Outcome, Settings
from vocabulary.times import SECOND_US


@dataclass(frozen=True, slots=True)
class Fed:
    """One operand of one slot.

    Attributes:
        series_id: What it is read from.
        gap_s: How old it may be and still be known.
    """

    series_id: int
    gap_s: float


@dataclass(frozen=True, slots=True)
class ExpressionSettings(Settings):
    """What one slot asks.

    Attributes:
        expression: Shared by all slots of a rule.
        fed: By what, in the order of its operands.
    """

    expression: Expression
    fed: tuple[Fed, ...]


@dataclass(frozen=True, slots=True)
class ExpressionColumns(Columns):
    """The settings of all slots; operands stand at the right end of the second axis.

    Attributes:
        expressions: All there are.
        which: Place of each row's in `expressions`, shape (rows,).
        series: Series ids, -1 where there is none, shape (rows, most operands).
        gap_us: How old each may be, shape (rows, most operands).
    """

    expressions: tuple[Expression, ...]
    which: NDArray[np.intp]
    series: NDArray[np.int64]
    gap_us: NDArray[np.int64]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[ExpressionSettings]) -> Self:
        """Return the columns of some settings."""
        known = {one.expression.text: one.expression for one in asked}
        texts = list(known)
        width = max((len(one.fed) for one in asked), default=1)
        series = np.full((len(asked), width), -1, np.int64)
        gap_us = np.zeros((len(asked), width), np.int64)
        for row, one in enumerate(asked):
            first = width - len(one.fed)
            series[row, first:] = [fed.series_id for fed in one.fed]
            gap_us[row, first:] = [round(fed.gap_s * SECOND_US) for fed in one.fed]
        which = np.array([texts.index(one.expression.text) for one in asked], np.intp)
        return cls(place, tuple(known.values()), which, series, gap_us)


@dataclass(slots=True)
class ExpressionMemory(Memory):
    """The newest sample of each operand, shape (rows, most operands)."""

    at_us: NDArray[np.int64]
    value: NDArray[np.float64]

    @classmethod
    def fresh(cls, columns: ExpressionColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        shape = columns.series.shape
        return cls(np.full(shape, NEVER, np.int64), np.zeros(shape))


def measure(
    columns: ExpressionColumns, memory: ExpressionMemory, samples: Samples
) -> Outcome:
    """Return the truth at each sample, see `measure.Measure`."""
    told = np.empty((len(samples), columns.series.shape[1]))
    is_news = np.zeros(len(samples), np.bool_)
    for turn in rounds(samples.slot):
        row = columns.place[samples.slot[turn]]
        is_news[turn] = _take(columns, memory, row, samples.take(turn))
        age_us = samples.at_us[turn, np.newaxis] - memory.at_us[row]
        is_fresh = age_us <= columns.gap_us[row]
        told[turn] = np.where(is_fresh, memory.value[row], np.nan)
    true, known = _truth(columns, columns.place[samples.slot], told)
    return true.astype(np.float64), known & _ends_moment(samples, is_news)


def _take(
    columns: ExpressionColumns,
    memory: ExpressionMemory,
    row: NDArray[np.intp],
    samples: Samples,
) -> NDArray[np.bool_]:
    """Remember one sample of each row; tell which are no older than their series."""
    if samples.readings is None:
        raise TypeError("an expression judges readings")
    readings = samples.readings
    series_id = readings.series_id[samples.row]
    own_us = readings.measured_us[samples.row]
    operand = (columns.series[row] == series_id[:, np.newaxis]).argmax(axis=1)
    is_news: NDArray[np.bool_] = own_us >= memory.at_us[row, operand]
    row, operand = row[is_news], operand[is_news]
    memory.at_us[row, operand] = own_us[is_news]
    memory.value[row, operand] = samples.value[is_news]
    return is_news


def _truth(
    columns: ExpressionColumns, row: NDArray[np.intp], told: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return whether each is true and whether that is known."""
    true, known = np.zeros(len(row), np.bool_), np.zeros(len(row), np.bool_)
    which = columns.which[row]
    for place in np.unique(which):
        expression, at = columns.expressions[place], np.flatnonzero(which == place)
        first = told.shape[1] - len(expression.operands)
        operands = {
            operand: told[at, first + number]
            for number, operand in enumerate(expression.operands)
        }
        true[at], known[at] = evaluate(expression, operands)
    return true, known


def _ends_moment(samples: Samples, is_news: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell which samples are the last of their slot and instant that say anything."""
    last = np.zeros(len(samples), np.bool_)
    at = np.flatnonzero(is_news)
    slot, at_us = samples.slot[at], samples.at_us[at]
    last[at] = True
    last[at[:-1]] = (slot[1:] != slot[:-1]) | (at_us[1:] != at_us[:-1])
    return last
