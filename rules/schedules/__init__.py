"""When rules judge: the kinds of schedule, one module each, one line in the table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from rules.files.located import Section
from rules.plan.plan_source import PlanSource
from rules.plan.subject import Subject
from rules.schedules import lamp, local
from rules.schedules.schedule import Ask, Calendar, ScheduleKind

KINDS: Mapping[str, ScheduleKind] = {
    "local": ScheduleKind.of(local.LocalAsk, local.read, local.LocalCalendar.of),
    "lamp": ScheduleKind.of(lamp.LampAsk, lamp.read, lamp.LampCalendar.of),
}
"""The kinds by the key of `when` that says which it is."""


class OnClose(StrEnum):
    """What becomes of an alarm that stands when its schedule closes."""

    KEEP = "keep"  # it stands until a sample within the schedule says otherwise
    CLEAR = "clear"


@dataclass(frozen=True, slots=True)
class When:
    """When a rule judges.

    Attributes:
        ask: The schedule.
        on_close: What becomes of an alarm that stands when it closes.
    """

    ask: Ask
    on_close: OnClose


def read_when(section: Section) -> When | None:
    """Return the schedule that the `when` of a rule file says; None if it is wrong."""
    found = [key for key in KINDS if section.has(key)]
    on_close = section.word("on_close", OnClose, default=OnClose.KEEP)
    ask = KINDS[found[0]].read(section) if found else None
    if len(found) != 1:
        section.fault("", f"needs exactly one of {', '.join(KINDS)}")
    section.done()
    return None if ask is None else When(ask, on_close)


@dataclass(frozen=True, slots=True)
class Schedules:
    """The schedules of all slots that have one, by row.

    Attributes:
        slot: Those slots, ascending, shape (rows,).
        row: Row of each of the plan's slots, -1 for those without a schedule.
        clears: Whether closing clears the alarm, shape (rows,).
        calendar: Place in `calendars` of each row, shape (rows,).
        row_there: Row of each row in its calendar, shape (rows,).
        calendars: Of each kind there is.
    """

    slot: NDArray[np.intp]
    row: NDArray[np.intp]
    clears: NDArray[np.bool_]
    calendar: NDArray[np.intp]
    row_there: NDArray[np.intp]
    calendars: tuple[Calendar, ...]

    @classmethod
    def of(
        cls, whens: Sequence[tuple[When | None, Subject]], source: PlanSource
    ) -> Self:
        """Return the schedules that the slots ask for."""
        asked = [
            (slot, when, subject)
            for slot, (when, subject) in enumerate(whens)
            if when is not None
        ]
        row = np.full(len(whens), -1, np.intp)
        slots = np.array([slot for slot, _, _ in asked], np.intp)
        row[slots] = np.arange(len(asked))
        calendar = np.zeros(len(asked), np.intp)
        row_there = np.zeros(len(asked), np.intp)
        calendars = []
        for place, kind in enumerate(KINDS.values()):
            of_kind = [
                (at, (when.ask, subject))
                for at, (_, when, subject) in enumerate(asked)
                if isinstance(when.ask, kind.ask)
            ]
            rows = [at for at, _ in of_kind]
            calendar[rows], row_there[rows] = place, np.arange(len(rows))
            calendars.append(kind.compile([one for _, one in of_kind], source))
        clears = np.array([w.on_close is OnClose.CLEAR for _, w, _ in asked], np.bool_)
        return cls(slots, row, clears, calendar, row_there, tuple(calendars))

    def __len__(self) -> int:
        return len(self.slot)

    def is_open(
        self, row: NDArray[np.intp], at_us: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Tell whether rows are open at some times, shape (n,) each."""
        found = np.zeros(len(row), np.bool_)
        for place, calendar in enumerate(self.calendars):
            of = self.calendar[row] == place
            if of.any():
                found[of] = calendar.is_open(self.row_there[row[of]], at_us[of])
        return found

    def next_turn_us(
        self, row: NDArray[np.intp], after_us: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return when rows next open or close after some times, shape (n,) each."""
        found = np.zeros(len(row), np.int64)
        for place, calendar in enumerate(self.calendars):
            of = self.calendar[row] == place
            if of.any():
                there = self.row_there[row[of]]
                found[of] = calendar.next_turn_us(there, after_us[of])
        return found
