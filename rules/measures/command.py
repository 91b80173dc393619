"""`command`: for how long a device has not done what it says it has done.

    order        said     answered            after_s
    what is read  0    0     :  0      0      :  0      0        250
    seconds       0    0     :  10    40      :  70    100         0
                             └─ the clock      └─ raised            └─ obeyed

The order that counts is the last one that left us and changes the light; an earlier one
is overtaken, and whether it was done is unknown for good. The same order once more goes
on counting from the first answer. Readings of before the answer count neither way.

Unknown stays unknown: where no reading comes for longer than the gap, the device may
have obeyed unseen, and that order is not counted any more.

What was not done in time is owed. It is made good by a reading that shows it after all,
or by another order that is seen to be done; one that asks for what is so already (a
dark lamp told to be dark) is no proof of anything. Meanwhile nothing is known, so an
alarm that stands goes on standing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.engine.samples import Samples, rounds
from rules.engine.times import NEVER
from rules.measures.measure import Columns, Memory, Outcome, Settings
from rules.plan.fan import Fan
from vocabulary.times import SECOND_US

QUANTITIES = ("contactor_on", "power_w", "dimming_pct")
"""Quantities that may show what an order does, see `vocabulary.command_effect`."""

NONE = -1
"""In place of a quantity where no order counts."""


@dataclass(frozen=True, slots=True)
class CommandSettings(Settings):
    """What one slot asks.

    Attributes:
        device_id: Whose commands.
        orders: Kinds of orders that are judged.
        series: Series id of each of `QUANTITIES`, -1 for those it has not.
        after_s: Seconds after the answer in which it must be seen to be done.
        gap_s: How far apart readings may be for nothing to have been missed.
    """

    device_id: int
    orders: frozenset[str]
    series: tuple[int, ...]
    after_s: float
    gap_s: float


@dataclass(frozen=True, slots=True)
class CommandColumns(Columns):
    """The settings of all slots, shape (rows,), `series` (rows, quantities).

    Attributes:
        by_device: From a device id to its rows.
    """

    by_device: Fan
    orders: tuple[frozenset[str], ...]
    series: NDArray[np.int64]
    after_us: NDArray[np.int64]
    gap_us: NDArray[np.int64]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[CommandSettings]) -> Self:
        """Return the columns of some settings."""
        series = np.array([one.series for one in asked], np.int64)
        return cls(
            place,
            Fan.of([one.device_id for one in asked], range(len(asked))),
            tuple(one.orders for one in asked),
            series.reshape(-1, len(QUANTITIES)),
            np.array([round(one.after_s * SECOND_US) for one in asked], np.int64),
            np.array([round(one.gap_s * SECOND_US) for one in asked], np.int64),
        )


@dataclass(slots=True)
class CommandMemory(Memory):
    """The order that counts and the one that is owed of each slot, shape (rows,).

    Attributes:
        latest: Highest number of an order that changed anything; 0 before the first.
        number: Of the order that counts.
        quantity: Which of `QUANTITIES` shows it; NONE where none counts.
        low: Least value that shows it.
        high: Greatest value that shows it.
        since_us: When the device said that it has done it; NEVER before that.
        heard_us: The newest reading of that quantity since then.
        was_else: Whether something else was read just before it or since.
        owed: Which of `QUANTITIES` shows what was not done in time; NONE for nothing.
        owed_low: Least value that shows it.
        owed_high: Greatest value that shows it.
        newest: The newest reading of each of `QUANTITIES`, NaN before the first, shape
            (rows, quantities).
    """

    latest: NDArray[np.int64]
    number: NDArray[np.int64]
    quantity: NDArray[np.int8]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    since_us: NDArray[np.int64]
    heard_us: NDArray[np.int64]
    was_else: NDArray[np.bool_]
    owed: NDArray[np.int8]
    owed_low: NDArray[np.float64]
    owed_high: NDArray[np.float64]
    newest: NDArray[np.float64]

    @classmethod
    def fresh(cls, columns: CommandColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.orders)
        return cls(
            latest=np.zeros(rows, np.int64),
            number=np.zeros(rows, np.int64),
            quantity=np.full(rows, NONE, np.int8),
            low=np.zeros(rows),
            high=np.zeros(rows),
            since_us=np.full(rows, NEVER, np.int64),
            heard_us=np.full(rows, NEVER, np.int64),
            was_else=np.zeros(rows, np.bool_),
            owed=np.full(rows, NONE, np.int8),
            owed_low=np.zeros(rows),
            owed_high=np.zeros(rows),
            newest=np.full((rows, len(QUANTITIES)), np.nan),
        )


def measure(
    columns: CommandColumns, memory: CommandMemory, samples: Samples
) -> Outcome:
    """Return seconds at each sample and about which command, see `measure.Measure`."""
    if samples.readings is None:
        raise TypeError("commands are judged by readings")
    row = columns.place[samples.slot]
    series_id = samples.readings.series_id[samples.row]
    quantity = (columns.series[row] == series_id[:, np.newaxis]).argmax(axis=1)
    seconds, known = np.zeros(len(samples)), np.ones(len(samples), np.bool_)
    about = np.full(len(samples), -1, np.intp)
    if (memory.quantity[row] != NONE).any() or (memory.owed[row] != NONE).any():
        for turn in rounds(samples.slot):
            seconds[turn], known[turn], about[turn] = _after(
                columns, memory, samples.take(turn), quantity[turn]
            )
    memory.newest[row, quantity] = samples.value  # of several the last, the newest
    return seconds, known, about


def _after(
    columns: CommandColumns,
    memory: CommandMemory,
    samples: Samples,
    quantity: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.intp]]:
    """Return the same for at most one sample of each slot."""
    row, at_us, value = columns.place[samples.slot], samples.at_us, samples.value
    is_of = memory.quantity[row] == quantity
    shows = is_of & (memory.low[row] <= value) & (value <= memory.high[row])
    since_us = memory.since_us[row]
    counts = is_of & (since_us != NEVER) & (at_us >= since_us)
    is_near = at_us - memory.heard_us[row] <= columns.gap_us[row]
    open_us = np.where(counts & is_near & ~shows, at_us - since_us, 0)
    is_over = (open_us > 0) & (open_us >= columns.after_us[row])
    makes_good = (memory.owed[row] == quantity) & (
        (memory.owed_low[row] <= value) & (value <= memory.owed_high[row])
    )
    makes_good |= counts & shows & memory.was_else[row]
    is_known = is_over | makes_good | (memory.owed[row] == NONE)
    about = np.where(open_us > 0, memory.number[row], -1)
    memory.was_else[row] |= is_of & ~shows
    memory.heard_us[row] = np.where(counts, at_us, memory.heard_us[row])
    memory.owed[row[makes_good]] = NONE
    _owe(memory, row[is_over])
    memory.quantity[row[counts & (shows | ~is_near)]] = NONE
    return open_us / SECOND_US, is_known, about


def _owe(memory: CommandMemory, row: NDArray[np.intp]) -> None:
    """Let what was not done in time be owed."""
    memory.owed[row] = memory.quantity[row]
    memory.owed_low[row], memory.owed_high[row] = memory.low[row], memory.high[row]
