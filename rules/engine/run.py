"""Runs: entries that follow each other, whose rows are judged in one go.

To judge ten thousand rows at once costs little more than a hundred. Each row keeps the
place of its entry, so that what comes of it can be told of the right one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from rules.engine.columns import all_joined, sliced
from rules.engine.learned import Content
from vocabulary.position import Positions
from vocabulary.reading import Readings

MOST_ROWS = 50_000
"""Most rows that are put together; an entry that has more stays as it is."""

Rows = TypeVar("Rows", Readings, Positions)


@dataclass(frozen=True, slots=True)
class Run:
    """Entries that follow each other, by their places among all that are folded.

    Attributes:
        first: Place of the first.
        end: Place after the last.
        readings: Of all of them, one entry after the other.
        of_reading: Place of the entry of each, shape (n,), ascending.
        positions: The same for fixes.
        of_position: The same for fixes, shape (m,).
        words: Places of entries with a word on a command; it holds from there on.
    """

    first: int
    end: int
    readings: Readings
    of_reading: NDArray[np.intp]
    positions: Positions
    of_position: NDArray[np.intp]
    words: NDArray[np.intp]

    def __len__(self) -> int:
        return self.end - self.first

    def part(self, first: int, end: int) -> "Run":
        """Return some of the entries; their rows are views."""
        if first <= self.first and end >= self.end:
            return self
        among = slice(*np.searchsorted(self.of_reading, (first, end)))
        among_fixes = slice(*np.searchsorted(self.of_position, (first, end)))
        return replace(
            self,
            first=first,
            end=end,
            readings=sliced(self.readings, among),
            of_reading=self.of_reading[among],
            positions=sliced(self.positions, among_fixes),
            of_position=self.of_position[among_fixes],
            words=self.words[(first <= self.words) & (self.words < end)],
        )


def put_together(
    contents: Sequence[Sequence[Content]], words: NDArray[np.intp]
) -> Iterator[Run]:
    """Yield all entries, as many at once as may be.

    Args:
        contents: What each entry, by its place, gives a lane to judge.
        words: Places of entries with a word on a command that is judged there.
    """
    first, rows = 0, 0
    for place, of_entry in enumerate(contents):
        more = sum(
            len(rows) for rows in of_entry if isinstance(rows, Readings | Positions)
        )
        if rows and rows + more > MOST_ROWS:
            yield _run(contents, words, first, place)
            first, rows = place, 0
        rows += more
    if contents:
        yield _run(contents, words, first, len(contents))


def _run(
    contents: Sequence[Sequence[Content]],
    words: NDArray[np.intp],
    first: int,
    end: int,
) -> Run:
    told = [(place, rows) for place in range(first, end) for rows in contents[place]]
    readings = [(place, rows) for place, rows in told if isinstance(rows, Readings)]
    positions = [(place, rows) for place, rows in told if isinstance(rows, Positions)]
    return Run(
        first,
        end,
        *_joined(readings, Readings.empty()),
        *_joined(positions, Positions.empty()),
        words[(first <= words) & (words < end)],
    )


def _joined(
    told: Sequence[tuple[int, Rows]], none: Rows
) -> tuple[Rows, NDArray[np.intp]]:
    """Return the rows of all, and the place that stands beside each."""
    places = np.array([place for place, _ in told], np.intp)
    of_row = np.repeat(places, [len(rows) for _, rows in told])
    return all_joined([rows for _, rows in told] or [none]), of_row
