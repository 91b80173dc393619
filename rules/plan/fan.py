"""From ids of the wire or the registry to what hangs on them, by plain indexing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Fan:
    """What each id leads to: none, one or several targets.

    Attributes:
        start: Where the targets of an id begin in `target`, by id.
        count: How many it has, by id.
        target: The targets, those of one id together and ascending.
    """

    start: NDArray[np.intp]
    count: NDArray[np.intp]
    target: NDArray[np.intp]

    @classmethod
    def of(cls, ids: Sequence[int], targets: Sequence[int]) -> Self:
        """Return the fan that leads from each of `ids` to the target beside it."""
        id_column = np.asarray(ids, np.intp)
        target = np.asarray(targets, np.intp)
        count = np.bincount(id_column).astype(np.intp)
        order = np.lexsort((target, id_column))
        return cls(np.cumsum(count) - count, count, target[order])

    def spread(
        self, ids: NDArray[np.integer]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return every target of every id, and the row of the id it belongs to.

        Args:
            ids: Shape (n,); unknown ones lead nowhere.

        Returns:
            Targets and rows, each of shape (m,), in the order of the rows.
        """
        row = np.flatnonzero(self.leads(ids))
        place = ids[row].astype(np.intp)
        count = self.count[place]
        if count.max(initial=1) == 1:
            return self.target[self.start[place]], row
        first = np.cumsum(count) - count
        step = np.arange(count.sum()) - np.repeat(first, count)
        target = self.target[np.repeat(self.start[place], count) + step]
        return target, np.repeat(row, count)

    def leads(self, ids: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which ids lead anywhere, shape (n,)."""
        if not len(self.count):
            return np.zeros(len(ids), np.bool_)
        known = (ids >= 0) & (ids < len(self.count))
        return known & (self.count.take(ids, mode="clip") > 0)


def index_by_id(ids: Sequence[int]) -> NDArray[np.intp]:
    """Return the position of each id in `ids`, by id; -1 for ids that are not there."""
    index = np.full(max(ids, default=-1) + 1, -1, np.intp)
    index[np.asarray(ids, np.intp)] = np.arange(len(ids))
    return index


def look_up(index: NDArray[np.intp], ids: NDArray[np.integer]) -> NDArray[np.intp]:
    """Return `index` at each id; -1 where the id is unknown."""
    if not len(index):
        return np.full(len(ids), -1, np.intp)
    known = (ids >= 0) & (ids < len(index))
    return np.where(known, index.take(ids, mode="clip"), -1)
