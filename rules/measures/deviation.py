"""`deviation`: how far a reading is from what it was at this hour on earlier days.

Each day leaves the mean of each of its hours, in the city's own time. A reading is
compared with the median of its hour over the days before, and told in scatters: 1.4826
times the median distance of those means from their median, which for normal noise is
its standard deviation (Hampel; Leys et al. 2013), but no less than what the rule says.
A few odd days change neither. With too few days it is unknown.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.measures.measure import Columns, Memory, Outcome, Settings
from rules.measures.ring import push
from vocabulary.local_time import local_us
from vocabulary.times import SECOND_US

HOUR_US = 3600 * SECOND_US
"""What a day is cut into."""

DAY_HOURS = 24
"""How many of those it has."""

MOST_DAYS = 60
"""How many days back a rule may look."""

SCATTER_OF_MAD = 1.4826
"""Standard deviation of normal noise, in median absolute deviations."""

NO_DAY = -(1 << 30)
"""The day of what was never filled in."""


@dataclass(frozen=True, slots=True)
class DeviationSettings(Settings):
    """What one slot asks.

    Attributes:
        days: How many days back it looks.
        least_days: With how many of them it is known.
        least_scatter: The least a scatter is, in the reading's unit; more than 0.
        time_zone: The city's IANA zone.
    """

    days: int
    least_days: int
    least_scatter: float
    time_zone: str


@dataclass(frozen=True, slots=True)
class DeviationColumns(Columns):
    """The settings of all slots, shape (rows,); they are all of one city."""

    days: NDArray[np.int32]
    least_days: NDArray[np.intp]
    least_scatter: NDArray[np.float64]
    time_zone: str

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[DeviationSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            np.array([one.days for one in asked], np.int32),
            np.array([one.least_days for one in asked], np.intp),
            np.array([one.least_scatter for one in asked], np.float64),
            asked[0].time_zone if asked else "UTC",
        )


@dataclass(slots=True)
class DeviationMemory(Memory):
    """The hours of earlier days, and the one that is running.

    Attributes:
        mean: Mean of an hour, shape (rows, 24, most days), newest last.
        day: Which day each is of, since 1970.
        hour: The running hour, counted from 1970 in local time, shape (rows,).
        sum: Of its samples.
        samples: How many they are; 0 before the first.
    """

    mean: NDArray[np.float64]
    day: NDArray[np.int32]
    hour: NDArray[np.int64]
    sum: NDArray[np.float64]
    samples: NDArray[np.int64]

    @classmethod
    def fresh(cls, columns: DeviationColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.days)
        shape = (rows, DAY_HOURS, int(columns.days.max(initial=1)))
        return cls(
            np.zeros(shape),
            np.full(shape, NO_DAY, np.int32),
            np.zeros(rows, np.int64),
            np.zeros(rows),
            np.zeros(rows, np.int64),
        )


def measure(
    columns: DeviationColumns, memory: DeviationMemory, samples: Samples
) -> Outcome:
    """Return the deviation at each sample, see `measure.Measure`."""
    deviation = np.full(len(samples), np.nan)
    hour = local_us(samples.at_us, ZoneInfo(columns.time_zone)) // HOUR_US
    for turn in rounds(samples.slot):
        row = columns.place[samples.slot[turn]]
        _add(memory, row, hour[turn], samples.value[turn])
        deviation[turn] = _newest(columns, memory, row, samples.value[turn])
    return deviation, np.isfinite(deviation)


def _add(
    memory: DeviationMemory,
    row: NDArray[np.intp],
    hour: NDArray[np.int64],
    value: NDArray[np.float64],
) -> None:
    """Add samples to their hours; hours that are over are put with those before."""
    over = (memory.hour[row] != hour) & (memory.samples[row] > 0)
    done, was = row[over], memory.hour[row[over]]
    _keep(memory, done, was, memory.sum[done] / memory.samples[done])
    memory.sum[done], memory.samples[done] = 0, 0
    memory.hour[row] = hour
    memory.sum[row] += value
    memory.samples[row] += 1


def _keep(
    memory: DeviationMemory,
    row: NDArray[np.intp],
    hour: NDArray[np.int64],
    mean: NDArray[np.float64],
) -> None:
    """Put the means of hours with those of days before.

    Where clocks go back by two hours, each of the two comes twice, with the other in
    between: that day's mean is then the mean of both times.
    """
    day, place = hour // DAY_HOURS, row * DAY_HOURS + hour % DAY_HOURS
    means, days = (
        each.reshape(-1, each.shape[2]) for each in (memory.mean, memory.day)
    )
    again = days[place, -1] == day
    means[place[again], -1] = (means[place[again], -1] + mean[again]) / 2
    push(means, place[~again], mean[~again])
    push(days, place[~again], day[~again])


def _newest(
    columns: DeviationColumns,
    memory: DeviationMemory,
    row: NDArray[np.intp],
    value: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how far values are from their hour's; NaN where unknown."""
    day, of_day = memory.hour[row] // DAY_HOURS, memory.hour[row] % DAY_HOURS
    days = memory.day[row, of_day]
    counts = days >= (day - columns.days[row])[:, np.newaxis]
    counts &= days < day[:, np.newaxis]  # an hour that comes twice is no earlier day
    enough = np.flatnonzero(counts.sum(axis=1) >= columns.least_days[row])
    deviation = np.full(len(row), np.nan)
    means = np.where(counts[enough], memory.mean[row, of_day][enough], np.nan)
    if len(enough):
        median = np.nanmedian(means, axis=1)
        distance = np.nanmedian(np.abs(means - median[:, np.newaxis]), axis=1)
        least = columns.least_scatter[row[enough]]
        scatter = np.maximum(SCATTER_OF_MAD * distance, least)
        deviation[enough] = (value[enough] - median) / scatter
    return deviation
