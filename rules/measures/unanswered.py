"""`command`: for how long a device that is heard has not answered an order.

    order            said                                  answered
    what is read  x   :   x    x    x   (silent)   x    x     :   x
    seconds       0   :  10   40   70               70  100   :   0
                      └─ the clock         └─ stands still   └─ raised before, over now

An order that left us and is not answered runs the clock; the next one before an answer
goes on with it. Only time in which the device is heard counts, from reading to reading
as far as the largest gap: of a silent one nobody can tell, and its silence is another
rule's matter. An order that is refused is answered; one that has expired or was taken
back need not be answered any more, and proves nothing.

What was not answered in time is owed: nothing is known until the device answers an
order, be it another one, so that an alarm that stands goes on standing.
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

NO_ORDER = 0
"""In place of a number where no order waits for an answer."""


@dataclass(frozen=True, slots=True)
class UnansweredSettings(Settings):
    """What one slot asks.

    Attributes:
        device_id: Whose commands.
        orders: Kinds of orders that are judged.
        after_s: Seconds in which it must answer.
        gap_s: How far apart readings may be for the time between them to count.
    """

    device_id: int
    orders: frozenset[str]
    after_s: float
    gap_s: float


@dataclass(frozen=True, slots=True)
class UnansweredColumns(Columns):
    """The settings of all slots, shape (rows,).

    Attributes:
        by_device: From a device id to its rows.
    """

    by_device: Fan
    orders: tuple[frozenset[str], ...]
    after_us: NDArray[np.int64]
    gap_us: NDArray[np.int64]

    @classmethod
    def of(cls, place: NDArray[np.intp], asked: Sequence[UnansweredSettings]) -> Self:
        """Return the columns of some settings."""
        return cls(
            place,
            Fan.of([one.device_id for one in asked], range(len(asked))),
            tuple(one.orders for one in asked),
            np.array([round(one.after_s * SECOND_US) for one in asked], np.int64),
            np.array([round(one.gap_s * SECOND_US) for one in asked], np.int64),
        )


@dataclass(slots=True)
class UnansweredMemory(Memory):
    """The order that waits of each slot, shape (rows,).

    Attributes:
        number: Of the newest order that waits; `NO_ORDER` where none does.
        since_us: When the clock began; NEVER where it does not run.
        heard_us: The newest reading since then, at first when it began.
        waited_us: For how long the device was heard since then.
        is_owed: Whether an order was not answered in time, and none since.
    """

    number: NDArray[np.int64]
    since_us: NDArray[np.int64]
    heard_us: NDArray[np.int64]
    waited_us: NDArray[np.int64]
    is_owed: NDArray[np.bool_]

    @classmethod
    def fresh(cls, columns: UnansweredColumns) -> Self:
        """Return the memory of slots that have seen nothing."""
        rows = len(columns.orders)
        never = np.full(rows, NEVER, np.int64)
        return cls(
            np.full(rows, NO_ORDER, np.int64),
            never,
            never.copy(),
            np.zeros(rows, np.int64),
            np.zeros(rows, np.bool_),
        )


def measure(
    columns: UnansweredColumns, memory: UnansweredMemory, samples: Samples
) -> Outcome:
    """Return seconds at each sample and about which command, see `measure.Measure`."""
    row = columns.place[samples.slot]
    seconds, known = np.zeros(len(samples)), np.ones(len(samples), np.bool_)
    about = np.full(len(samples), -1, np.intp)
    if (memory.number[row] != NO_ORDER).any() or memory.is_owed[row].any():
        for turn in rounds(samples.slot):
            at = row[turn]
            waited_us = _waited(columns, memory, at, samples.at_us[turn])
            is_over = (waited_us > 0) & (waited_us >= columns.after_us[at])
            memory.is_owed[at] |= is_over
            seconds[turn] = waited_us / SECOND_US
            known[turn] = is_over | ~memory.is_owed[at]
            about[turn] = np.where(waited_us > 0, memory.number[at], -1)
    return seconds, known, about


def _waited(
    columns: UnansweredColumns,
    memory: UnansweredMemory,
    row: NDArray[np.intp],
    at_us: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return for how long devices were heard that have not answered, and note it."""
    waits = (memory.number[row] != NO_ORDER) & (at_us >= memory.since_us[row])
    step_us = at_us - memory.heard_us[row]
    step_us = np.where(waits & (step_us <= columns.gap_us[row]), step_us, 0)
    memory.waited_us[row] += step_us
    memory.heard_us[row] = np.where(waits, at_us, memory.heard_us[row])
    return np.where(waits, memory.waited_us[row], 0)
