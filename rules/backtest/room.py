"""How much is kept of what is found, and up to when that is all of it. Pure.

Of what there is no room for the latest goes, so that up to some time nothing is missing
and every figure is right; whoever is told the rest learns from when on it is missing.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, TypeVar

from rules.backtest.lines import AlarmLine, CaseLine

Line = TypeVar("Line", AlarmLine, CaseLine)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How much is kept in memory.

    Attributes:
        lines: Alarms, and as many cases, would-be ones and as many real ones.
        steps: People's steps on real cases; some each.
    """

    lines: int = 100_000
    steps: int = 1_000_000


@dataclass(slots=True, kw_only=True)
class Earliest(Generic[Line]):
    """The earliest of what comes in any order.

    Attributes:
        most: How many there is room for.
        begins: Tells when one begins.
        left_off: For how many there was none.
        left_from: When the earliest of those begins; None if there are none.
    """

    most: int
    begins: Callable[[Line], datetime]
    left_off: int = 0
    left_from: datetime | None = None
    _kept: list[tuple[float, int, Line]] = field(default_factory=list)

    def add(self, line: Line) -> None:
        """Keep one; the latest goes if that is one too many."""
        at = self.begins(line)
        # A heap has the least on top, and the latest is what has to go.
        item = -at.timestamp(), -line.id, line
        if len(self._kept) < self.most:
            heapq.heappush(self._kept, item)
            return
        gone = heapq.heappushpop(self._kept, item)[2]
        self.left_off += 1
        self.left_from = earliest((self.left_from, self.begins(gone)))

    def lines(self) -> list[Line]:
        """Return what is kept, in no order."""
        return [line for _, _, line in self._kept]


def kept(
    rows: Sequence[Row], most: int, at: Callable[[Row], datetime]
) -> tuple[list[Row], datetime | None]:
    """Return what there is room for, and from when on something is missing.

    Args:
        rows: In their order; one more than `most` if there are too many.
        most: How many there is room for.
        at: Tells when one begins.
    """
    return list(rows[:most]), at(rows[most]) if len(rows) > most else None


def earliest(times: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest time; None if there is none."""
    return min((at for at in times if at is not None), default=None)
