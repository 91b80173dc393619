"""The raster of an index: pages of squares, and the areas that squares name."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

LEVELS = ((27, 5), (22, 5), (17, 5), (13, 4))
"""Of each level: log2 of a square's side in steps, and of a page's width in squares."""

FINEST = len(LEVELS) - 1
"""The last of them."""


@dataclass(frozen=True, slots=True)
class Named:
    """Squares that name an area, at one level; columns of shape (n,).

    Attributes:
        row: Of the square, from the south.
        column: From the west.
        area: Which area.
        is_sure: Whether all of the square is within it; else its border passes there.
        is_listed: Whether the square's list names it; else a finer page does.
    """

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    area: NDArray[np.int64]
    is_sure: NDArray[np.bool_]
    is_listed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the raster, all its pages in a row; page 0 is empty.

    Attributes:
        shift: A square's side is `1 << shift` steps.
        bits: A page is `1 << bits` squares wide and high.
        page: Page of the next level below each square; 0 for none.
        areas: Which list of areas each square has; 0 for none.
    """

    shift: int
    bits: int
    page: NDArray[np.int32]
    areas: NDArray[np.int32]

    def squares(
        self,
        page: NDArray[np.int32],
        x: NDArray[np.uint32],
        y: NDArray[np.uint32],
    ) -> NDArray[np.int64]:
        """Return the square of each point in its page, counted over all pages."""
        mask = np.uint32((1 << self.bits) - 1)
        shift = np.uint32(self.shift)
        place = (((y >> shift) & mask) << np.uint32(self.bits)) | ((x >> shift) & mask)
        return (page.astype(np.int64) << (2 * self.bits)) + place


@dataclass(frozen=True, slots=True)
class Lists:
    """Lists of areas; the first is empty.

    Attributes:
        first: Where each begins in `members`.
        surely: How many of its areas surely hold what is in its squares.
        in_all: How many areas it has.
        members: The lists one after the other, in each the sure ones first.
    """

    first: NDArray[np.int32]
    surely: NDArray[np.int32]
    in_all: NDArray[np.int32]
    members: NDArray[np.int32]

    @classmethod
    def none(cls) -> Self:
        """Return the empty one alone."""
        zero = np.zeros(1, np.int32)
        return cls(zero, zero, zero, np.empty(0, np.int32))

    def longer(
        self, square: NDArray[np.int64], named: Named, size: int
    ) -> tuple[Self, NDArray[np.int32]]:
        """Return these and one list for each square, and which list each square has.

        Args:
            square: Place of each named square among those of all pages.
            named: The squares.
            size: How many squares there are.
        """
        rows = np.flatnonzero(named.is_listed)
        rows = rows[np.lexsort((named.area[rows], ~named.is_sure[rows], square[rows]))]
        if not len(rows):
            return self, np.empty(0, np.int32)
        squares, first, count = np.unique(
            square[rows], return_index=True, return_counts=True
        )
        of_square = np.zeros(size, np.int32)
        of_square[squares] = len(self.first) + np.arange(len(squares))
        surely = np.add.reduceat(named.is_sure[rows], first, dtype=np.int32)
        longer = (first + len(self.members), surely, count, named.area[rows])
        before = (self.first, self.surely, self.in_all, self.members)
        columns = [
            np.concatenate((had, more.astype(np.int32)))
            for had, more in zip(before, longer, strict=True)
        ]
        return type(self)(*columns), of_square
