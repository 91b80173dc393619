"""The newest samples of each slot, newest last, in a second axis of bounded width."""

import math

import numpy as np
from numpy.typing import NDArray

LEAST = 16
"""Fewest samples of a window that are kept, for devices faster than they should be."""

MOST = 512
"""Most samples of a window that are kept: at most 8 KiB for each slot."""


def capacity(window_s: float, interval_s: float) -> int:
    """Return how many samples to keep for a window: twice what a device should send."""
    expected = math.ceil(window_s / interval_s) if interval_s > 0 else MOST
    return min(max(2 * expected + 2, LEAST), MOST)


def push(ring: NDArray[np.generic], row: NDArray[np.intp], new: np.ndarray) -> None:
    """Append one item to each of some rows of a ring; the oldest falls out.

    Args:
        ring: Shape (rows, width); changed in place.
        row: Shape (n,), none twice.
        new: Shape (n,).
    """
    ring[row, :-1] = ring[row, 1:]
    ring[row, -1] = new


def within(
    at_us: NDArray[np.int64], window_us: NDArray[np.int64], kept: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which items of some rows lie in the window that ends with the newest.

    Args:
        at_us: The items' times, newest last, shape (n, width).
        window_us: How long the windows are, shape (n,).
        kept: How many items of each row count, shape (n,).
    """
    width = at_us.shape[1]
    counted = np.arange(width) >= width - kept[:, np.newaxis]
    inside: NDArray[np.bool_] = at_us >= at_us[:, -1:] - window_us[:, np.newaxis]
    inside &= counted
    return inside
