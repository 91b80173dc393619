"""What is surely new, what is late and what is a repeat: pure, over columns.

A watermark is the newest time known of a series or vehicle. A row newer than it is
almost surely not stored yet; a row older than it is late. Rows from the future never
move it: one device with a wrong clock must not make the next day of its series late.
"""

import numpy as np
from numpy.typing import NDArray

UNKNOWN = np.iinfo(np.int64).min
"""Watermark of what was not asked for yet."""

NOTHING_YET = UNKNOWN + 1
"""Watermark of what has no row."""


class Watermarks:
    """Newest time by identity; only ever too low, which costs time and nothing else."""

    def __init__(self) -> None:
        self._newest_us: NDArray[np.int64] = np.full(1024, UNKNOWN, np.int64)

    def of(self, ids: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return the watermark of each identity, microseconds, shape of `ids`."""
        self._grow(ids)
        return self._newest_us[ids]

    def unknown(self, ids: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return the identities that have none, once each."""
        return np.unique(ids[self.of(ids) == UNKNOWN])

    def raise_to(self, ids: NDArray[np.int32], times_us: NDArray[np.int64]) -> None:
        """Raise the watermark of each identity to the time beside it."""
        self._grow(ids)
        np.maximum.at(self._newest_us, ids, times_us)

    def forget(self, ids: NDArray[np.int32]) -> None:
        """Make the watermarks of these identities unknown."""
        self._grow(ids)
        self._newest_us[ids] = UNKNOWN

    def _grow(self, ids: NDArray[np.int32]) -> None:
        needed = int(ids.max(initial=-1)) + 1
        if needed > len(self._newest_us):
            more = np.full(needed, UNKNOWN, np.int64)
            self._newest_us = np.concatenate((self._newest_us, more))


def first_of_each(*keys: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return which rows are the first with their key, shape (n,).

    Args:
        keys: The columns of the key, each of shape (n,).
    """
    order = np.lexsort(keys[::-1])  # stable: of equal rows the first stays first
    differs = np.zeros(max(len(order) - 1, 0), np.bool_)
    for key in keys:
        arranged = key[order]
        differs |= arranged[1:] != arranged[:-1]
    first = np.ones(len(order), np.bool_)
    first[order[1:]] = differs
    return first


def late_rows(
    ids: NDArray[np.int32],
    times_us: NDArray[np.int64],
    newest_us: NDArray[np.int64],
    moves: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Return which rows are older than what was known when they came, shape (n,).

    Args:
        ids: Series or device of each row, in order of arrival.
        times_us: Its own time.
        newest_us: The watermark of its identity before these rows.
        moves: Whether it moves the watermark; those that do not are never late.
    """
    if len(ids) == 0:
        return np.zeros(0, np.bool_)
    order = np.argsort(ids, kind="stable")
    is_start = np.ones(len(ids), np.bool_)
    is_start[1:] = ids[order][1:] != ids[order][:-1]
    counted = np.where(moves, times_us, NOTHING_YET)[order]
    known = _greatest_before(counted, is_start)
    late = np.empty(len(ids), np.bool_)
    late[order] = times_us[order] < np.maximum(known, newest_us[order])
    return late & moves


def _greatest_before(
    times_us: NDArray[np.int64], is_start: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """Return the greatest earlier time in each row's group; UNKNOWN for its first."""
    # Ranks are small, so group and rank fit one integer that only grows by group: its
    # running maximum is the running maximum within each group.
    sorted_us, rank = np.unique(times_us, return_inverse=True)
    group = np.cumsum(is_start) - 1
    peak = np.maximum.accumulate(group * len(sorted_us) + rank)
    greatest = sorted_us[peak - group * len(sorted_us)]
    before = np.empty_like(times_us)
    before[1:] = greatest[:-1]
    before[is_start] = UNKNOWN
    return before
