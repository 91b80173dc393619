"""Samples held until nothing older can come in time any more, lane by lane.

What a lane's slots are to judge waits here until its allowed lateness has passed since
its own time, and comes out in the order of those times. So it makes no difference in
which order, or how often, it came in. Nothing is left out: of a series that sends more
than `MOST_OF_SERIES` rows within the lateness, the oldest come out before their time.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.engine.columns import joined, sliced
from rules.engine.learned import Content
from rules.engine.times import NEVER
from rules.plan.lane import Lane
from vocabulary.position import Positions
from vocabulary.reading import Readings

MOST_OF_SERIES = 4096
"""Most rows of one series, or fixes of one vehicle, that a lane holds for long."""

LEAST_RECENT = 1024
"""Fewest rows that are sorted in at once."""

Rows = TypeVar("Rows", Readings, Positions)


@dataclass(frozen=True, slots=True)
class Pile(Generic[Rows]):
    """Rows that wait.

    Attributes:
        ordered: By their own time.
        recent: Not yet sorted in.
    """

    ordered: Rows
    recent: Rows

    def __len__(self) -> int:
        return len(self.ordered) + len(self.recent)


@dataclass(frozen=True, slots=True)
class Held:
    """What waits in one lane; never changed in place."""

    readings: Pile[Readings]
    positions: Pile[Positions]

    @classmethod
    def nothing(cls) -> Self:
        """Return an empty lane."""
        readings, positions = Readings.empty(), Positions.empty()
        return cls(Pile(readings, readings), Pile(positions, positions))

    def __len__(self) -> int:
        return len(self.readings) + len(self.positions)


@dataclass(frozen=True, slots=True)
class Due:
    """What comes out of a lane at one entry.

    Attributes:
        contents: To judge one after the other.
        early: How many rows of them come out before their time.
    """

    contents: tuple[Content, ...]
    early: int = 0


def hold(lane: Lane, held: Held, content: Content, at_us: int) -> tuple[Held, Due]:
    """Return what waits after an entry, and what is due at it.

    Args:
        lane: Whose.
        held: What waited before.
        content: Of the entry.
        at_us: The entry's time.
    """
    if lane.late_us == 0 and not len(held):
        return held, Due((content,))
    readings = lane.readings(content) if isinstance(content, Readings) else None
    positions = lane.positions(content) if isinstance(content, Positions) else None
    until_us = at_us - lane.late_us if lane.late_us else -NEVER
    kept, due, early = _pass(held.readings, readings, until_us)
    kept_too, due_too, early_too = _pass(held.positions, positions, until_us)
    contents = tuple(rows for rows in (due, due_too) if len(rows))
    return Held(kept, kept_too), Due(contents, early + early_too)


def hold_all(
    lane: Lane, held: Held, told: Iterable[tuple[Content, int]]
) -> tuple[Held, list[tuple[Content, ...]], int]:
    """Return what waits after entries, what is due at each, and how much of it early.

    Args:
        lane: Whose.
        held: What waited before.
        told: Content and time of each entry, in journal order.
    """
    contents, early = [], 0
    for content, at_us in told:
        held, due = hold(lane, held, content, at_us)
        contents.append(due.contents)
        early += due.early
    return held, contents, early


def rows_of(held: Held) -> tuple[Readings, Readings, Positions, Positions]:
    """Return all that waits in a lane, as it lies."""
    readings, positions = held.readings, held.positions
    return readings.ordered, readings.recent, positions.ordered, positions.recent


def more(held: Held, other: Held) -> Held:
    """Return a lane in which waits what waited in two."""
    return Held(
        _added(held.readings, other.readings), _added(held.positions, other.positions)
    )


def _added(pile: Pile[Rows], other: Pile[Rows]) -> Pile[Rows]:
    recent = joined(joined(pile.recent, other.ordered), other.recent)
    return Pile(pile.ordered, recent)


def _pass(
    pile: Pile[Rows], new: Rows | None, until_us: int
) -> tuple[Pile[Rows], Rows, int]:
    """Return the pile after some rows have come in, what is due, and how much early."""
    ordered, recent = pile.ordered, pile.recent
    if new is not None and len(new):
        recent = joined(recent, new)
    if not len(ordered) and not len(recent):
        return pile, recent, 0
    ripe = _times(recent) <= until_us
    n_due = int(np.searchsorted(_times(ordered), until_us, "right"))
    due = sliced(ordered, slice(n_due))
    if n_due:
        ordered = sliced(ordered, slice(n_due, None))
    if ripe.any():
        due, recent = joined(due, recent.take(ripe)), recent.take(~ripe)
    if len(recent) <= max(LEAST_RECENT, len(ordered) // 4):
        return Pile(ordered, recent), _in_order(due) if len(due) else due, 0
    ordered = joined(ordered, recent)
    ordered = ordered.take(np.argsort(_times(ordered), kind="stable"))
    surplus = _surplus(_ids(ordered))
    due = joined(due, ordered.take(surplus))
    pile = Pile(ordered.take(~surplus), sliced(recent, slice(0)))
    return pile, _in_order(due), int(surplus.sum())


def _surplus(ids: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Tell which rows of an ordered pile are too many of their series: its oldest."""
    surplus = np.zeros(len(ids), np.bool_)
    count = np.bincount(ids)
    for flooding in np.flatnonzero(count > MOST_OF_SERIES):
        rows = np.flatnonzero(ids == flooding)
        surplus[rows[:-MOST_OF_SERIES]] = True
    return surplus


def _in_order(due: Rows) -> Rows:
    keys: list[NDArray[np.generic]]
    if isinstance(due, Readings):
        keys = [due.quality, due.value]
    else:
        keys = [due.quality, due.speed_kmh, due.lat_e7, due.lon_e7]
    return due.take(np.lexsort((*keys, _ids(due), _times(due))))


def _times(rows: Readings | Positions) -> NDArray[np.int64]:
    return rows.measured_us if isinstance(rows, Readings) else rows.fixed_us


def _ids(rows: Readings | Positions) -> NDArray[np.int32]:
    return rows.series_id if isinstance(rows, Readings) else rows.device_id
