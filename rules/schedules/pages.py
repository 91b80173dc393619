"""Turns of schedules, made for a stretch of time at once and kept: its pages."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.schedules.schedule import FOREVER


class Page(NamedTuple):
    """The turns of a stretch of time.

    Attributes:
        was_open: Whether it is open just before the stretch.
        turns_us: When it opens and closes, in turns, shape (k,).
    """

    was_open: bool
    turns_us: NDArray[np.int64]


class Asked(NamedTuple):
    """Rows that ask the same of the same page.

    Attributes:
        rows: Places in the columns asked, shape (n,).
        place: Which of the different asks.
        number: Which page of it.
    """

    rows: NDArray[np.intp]
    place: int
    number: int


def by_page(
    place: NDArray[np.intp], at_us: NDArray[np.int64], *, page_us: int, asks: int
) -> list[Asked]:
    """Return which rows ask what of which page.

    Args:
        place: Which of the different asks each row has, shape (n,).
        at_us: The time each asks for, shape (n,).
        page_us: How long a page is.
        asks: How many different asks there are.
    """
    if not len(place):  # the split of nothing has one part
        return []
    # One integer each: unique pairs would be found far more slowly.
    pages, which = np.unique(at_us // page_us * asks + place, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(pages)))[:-1]
    return [
        Asked(rows, int(page) % asks, int(page) // asks)
        for rows, page in zip(np.split(order, ends), pages, strict=True)
    ]


def open_at(
    asked: Iterable[Asked],
    page: Callable[[int, int], Page],
    at_us: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Tell which rows are open; `page` gives that of a place and number."""
    found = np.zeros(len(at_us), np.bool_)
    for rows, place, number in asked:
        was_open, turns_us = page(place, number)
        turned = np.searchsorted(turns_us, at_us[rows], "right")
        found[rows] = was_open ^ (turned % 2 == 1)
    return found


def next_after(
    asked: Iterable[Asked],
    turns: Callable[[int, int], NDArray[np.int64]],
    after_us: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return when rows next turn; `turns` gives those from a place and number on."""
    found = np.full(len(after_us), FOREVER, np.int64)
    for rows, place, number in asked:
        turns_us = turns(place, number)
        next_ = np.searchsorted(turns_us, after_us[rows], "right")
        found[rows] = np.append(turns_us, FOREVER)[next_]
    return found


def turns_from(
    page: Callable[[int], Page], number: int, *, most: int
) -> NDArray[np.int64]:
    """Return the turns of a page, and of the next that has any, among `most`."""
    turns_us = [page(number).turns_us]
    for later in range(number + 1, number + most):
        turns_us.append(page(later).turns_us)
        if len(turns_us[-1]):
            break
    return np.concatenate(turns_us)
