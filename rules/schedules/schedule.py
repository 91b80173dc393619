"""What every kind of schedule has: the seam between the engine and `rules.schedules`.

A schedule says when a rule judges. It has three parts, all in one module:

    XAsk        what a rule's `when` says: read from the file
    XCalendar   what all slots ask that have such a schedule: part of the plan. It is
                asked for many slots at once, and answers by nothing but the time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.files.located import Section
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject

FOREVER = 1 << 62
"""The next turn of what never turns again; differences to it still fit an int64."""


class Ask:
    """What a rule's `when` says; a frozen dataclass."""

    __slots__ = ()


class Calendar(Protocol):
    """When the slots of one kind of schedule are open."""

    def is_open(
        self, row: NDArray[np.intp], at_us: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell whether slots are open; one that opens at an instant is open at it.

        Args:
            row: The slots' rows here, shape (n,).
            at_us: When, shape (n,).
        """

    def next_turn_us(
        self, row: NDArray[np.intp], after_us: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return when slots next open or close, after a time; FOREVER if never.

        Args:
            row: The slots' rows here, shape (n,).
            after_us: After when, shape (n,).
        """


A = TypeVar("A", bound=Ask)


@dataclass(frozen=True, slots=True)
class ScheduleKind:
    """One line of the table of schedules.

    Attributes:
        ask: What `read` returns.
        read: Reads it from the `when` of a rule file.
        compile: Makes the calendar of what the slots ask, by row.
    """

    ask: type[Ask]
    read: Callable[[Section], Ask]
    compile: Callable[[Sequence[tuple[Ask, Subject]], PlanSource], Calendar]

    @classmethod
    def of(
        cls,
        ask: type[A],
        read: Callable[[Section], A],
        compiled: Callable[[Sequence[tuple[A, Subject]], PlanSource], Calendar],
    ) -> Self:
        """Return the line for the parts of a schedule."""
        return cls(
            ask,
            read,
            lambda asked, source: compiled(
                [(one, of) for one, of in asked if isinstance(one, ask)], source
            ),
        )
