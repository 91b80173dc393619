"""What one entry says to each slot, in the order in which it is judged."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vocabulary.position import Positions
from vocabulary.reading import Readings

KEY_BITS = 63
"""Of an int64 that is not negative."""

MOST_SHORT = 1 << 16
"""Rows that a uint16 can count."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Samples as columns of shape (n,).

    Attributes:
        slot: The slot each is for.
        row: The row of the entry it is from.
        at_us: Its own time, microseconds since 1970.
        value: In the unit of the slot's limit.
        quality: `Quality` bits.
        fixes: What `row` counts in, if that is positions.
        about: What each is about in particular, see `measure.Outcome`; None if nothing.
        readings: What `row` counts in, if that is readings.
    """

    slot: NDArray[np.intp]
    row: NDArray[np.intp]
    at_us: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.int32]
    fixes: Positions | None = None
    about: NDArray[np.intp] | None = None
    readings: Readings | None = None

    def __len__(self) -> int:
        return len(self.slot)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return some of the samples, by index or mask; a mask of all returns these."""
        if rows.dtype == np.bool_:
            if rows.all():
                return self
            rows = np.flatnonzero(rows)
        return type(self)(
            self.slot.take(rows),
            self.row.take(rows),
            self.at_us.take(rows),
            self.value.take(rows),
            self.quality.take(rows),
            self.fixes,
            None if self.about is None else self.about.take(rows),
            self.readings,
        )

    def part(self, rows: slice) -> Self:
        """Return a stretch of the samples, in the same columns."""
        return type(self)(
            self.slot[rows],
            self.row[rows],
            self.at_us[rows],
            self.value[rows],
            self.quality[rows],
            self.fixes,
            None if self.about is None else self.about[rows],
            self.readings,
        )

    def and_also(self, other: Self) -> Self:
        """Return these samples and others, which are from no row and about nothing."""
        about = self.about
        if about is not None:
            about = np.concatenate((about, np.full(len(other), -1, np.intp)))
        return replace(
            self,
            slot=np.concatenate((self.slot, other.slot)),
            row=np.concatenate((self.row, other.row)),
            at_us=np.concatenate((self.at_us, other.at_us)),
            value=np.concatenate((self.value, other.value)),
            quality=np.concatenate((self.quality, other.quality)),
            about=about,
        )

    def by_slot_and_time(self) -> Self:
        """Return the samples of each slot together, oldest first.

        Those of the same time keep the order of the entry.
        """
        if is_each_once(self.slot):  # as in most entries; a sort costs far more
            return self
        return self.take(in_order(self.slot, self.at_us))


def is_each_once(places: NDArray[np.intp]) -> bool:
    """Tell whether no place occurs twice; they are not negative."""
    rows = np.arange(len(places))
    row_of = np.empty(places.max(initial=-1) + 1, np.intp)
    row_of[places] = rows
    return bool((row_of[places] == rows).all())


def in_order(
    place: NDArray[np.intp],
    at_us: NDArray[np.int64],
    comes_second: NDArray[np.bool_] | None = None,
) -> NDArray[np.intp]:
    """Return the rows by place, then time, then which come second, then as they stand.

    Args:
        place: Not negative, shape (n,).
        at_us: Shape (n,).
        comes_second: Of those of one place and time; None for none.
    """
    row = np.arange(len(place))
    if len(place) < 2:  # noqa: PLR2004 nothing to order
        return row
    second = np.zeros(len(place), np.bool_) if comes_second is None else comes_second
    since_us, until_us = int(at_us.min()), int(at_us.max())
    time_bits, row_bits = (until_us - since_us).bit_length(), len(place).bit_length()
    if int(place.max()).bit_length() + time_bits + 1 + row_bits > KEY_BITS:
        return np.lexsort((second, at_us, place))
    # All of it in one number each: sorting those is ten times as fast.
    key = (place << time_bits) + (at_us - since_us)
    key = (((key << 1) + second) << row_bits) + row
    key.sort()
    return key & ((1 << row_bits) - 1)


def first_of_slot(slot: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return where each slot begins in a column where equal slots stand together."""
    begins = np.ones(len(slot), np.bool_)
    np.not_equal(slot[1:], slot[:-1], out=begins[1:])
    return np.flatnonzero(begins)


def rows_of_slots(first: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """Return how many of `n` rows each slot has, by where each begins."""
    ends = np.empty_like(first)
    ends[:-1], ends[-1:] = first[1:], n
    return ends - first


def rounds(slot: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield rows so that each slot occurs at most once per round, in its order.

    The k-th round holds the k-th sample of every slot that has that many.

    Args:
        slot: Shape (n,), equal slots together.
    """
    first = first_of_slot(slot)
    if len(first) == len(slot):  # one sample each, as most entries have
        yield first
        return
    turn = np.arange(len(slot)) - np.repeat(first, rows_of_slots(first, len(slot)))
    if len(slot) <= MOST_SHORT:
        turn = turn.astype(np.uint16)  # those are sorted without comparing
    order = np.argsort(turn, kind="stable")
    yield from np.split(order, np.cumsum(np.bincount(turn))[:-1])
