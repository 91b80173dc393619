"""Readings or positions, whichever: joining them, and the newest of each identity."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vocabulary.position import Positions
from vocabulary.quality import Quality
from vocabulary.reading import Readings
from vocabulary.times import SECOND_US

AHEAD_US = 5 * 60 * SECOND_US
"""A sample further than this ahead of its receipt is future, flag or no flag."""

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


def is_believable(
    times_us: NDArray[np.int64],
    received_us: NDArray[np.int64] | int,
    quality: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Tell which samples may be the newest: none from the future.

    Args:
        times_us: When each was taken, shape (n,).
        received_us: When it was received, shape (n,), or when all were.
        quality: Its quality bits, shape (n,).
    """
    told: NDArray[np.bool_] = quality & Quality.FUTURE == 0
    told &= times_us <= received_us + AHEAD_US
    return told
