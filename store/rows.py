"""Readings or positions, whichever: joining them, and the newest of each identity."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vocabulary.position import Positions
from vocabulary.reading import Readings

Rows = TypeVar("Rows", Readings, Positions)
"""Columns of one of the two tables of telemetry."""


def joined(kind: type[Rows], parts: Sequence[Rows]) -> Rows:
    """Return the rows of all parts, one part after the other."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return kind.empty()
    return kind(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in kind.__dataclass_fields__
        )
    )


def newest_of_each(
    ids: NDArray[np.int32], times_us: NDArray[np.int64]
) -> NDArray[np.intp]:
    """Return the row with the newest time of each identity; of equal ones the last.

    Args:
        ids: Whose each row is, shape (n,).
        times_us: When it was taken, shape (n,).
    """
    order = np.lexsort((times_us, ids))
    is_last = np.ones(len(order), np.bool_)
    is_last[:-1] = ids[order][1:] != ids[order][:-1]
    return order[is_last]
