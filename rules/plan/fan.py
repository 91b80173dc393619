"""From ids of the wire or the registry to what hangs on them, by plain indexing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Fan:
    """What each id leads to: none, one or several targets.

    Attributes:
        start: Where the targets of an id begin in `target`, by id.
        count: How many it has, by id. The last is of no id, and none: that of all that
            are not known.
        target: The targets, those of one id together and ascending.
        has_any: Whether it has any, by id.
    """

    start: NDArray[np.intp]
    count: NDArray[np.intp]
    target: NDArray[np.intp]
    has_any: NDArray[np.bool_]

    @classmethod
    def of(cls, ids: Sequence[int], targets: Sequence[int]) -> Self:
        """Return the fan that leads from each of `ids` to the target beside it."""
        id_column = np.asarray(ids, np.intp)
        target = np.asarray(targets, np.intp)
        size = int(id_column.max(initial=-1)) + 2
        count = np.bincount(id_column, minlength=size).astype(np.intp)
        order = np.lexsort((target, id_column))
        return cls(np.cumsum(count) - count, count, target[order], count > 0)

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
        place = ids.take(row)
        count, start = self.count.take(place), self.start.take(place)
        if count.max(initial=1) == 1:
            return self.target.take(start), row
        begin = np.cumsum(count) - count
        target = np.repeat(start - begin, count)
        target += np.arange(len(target))
        return self.target.take(target), np.repeat(row, count)

    def leads(self, ids: NDArray[np.integer]) -> NDArray[np.bool_]:
        """Tell which ids lead anywhere, shape (n,)."""
        return look_up(self.has_any, ids)


def index_by_id(ids: Sequence[int]) -> NDArray[np.intp]:
    """Return the position of each id in `ids`, by id; -1 for ids that are not there.

    The last is of no id: that of all that are not known.
    """
    index = np.full(max(ids, default=-1) + 2, -1, np.intp)
    index[np.asarray(ids, np.intp)] = np.arange(len(ids))
    return index


def look_up(index: NDArray[T], ids: NDArray[np.integer]) -> NDArray[T]:
    """Return `index` at each id; its last item where the id is unknown.

    Args:
        index: By id, and one more.
        ids: Any; shape (n,).
    """
    if ids.dtype == np.int32:  # ids of the wire, and many
        # Seen without its sign, a negative id lies beyond the end, as others unknown.
        return index.take(ids.view(np.uint32), mode="clip")
    return index.take(np.where(ids < 0, len(index), ids), mode="clip")
