"""Areas drawn into squares: surely inside, surely outside, or crossed by a border.

Coordinates are counted in *steps* of 1e-7 degree from (-180, -90), shifted by half a
step. Fixes are whole steps, so no fix ever lies on a line between two squares: where
rounding may put a border on the wrong side of such a line, no fix is in between. That
is what makes "surely" exact. A square's side is a power of two in steps.

Borders are found edge by edge and row by row; what is between them is inside where an
odd number of borders lies to the west (even-odd rule, which holes and the parts of a
valid multipolygon obey).
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely
from numpy.typing import NDArray

from vocabulary.position import DEGREES_E7

OUTSIDE, INSIDE, BORDER = 0, 1, 2
"""What a square is to an area."""

WEST_STEPS, SOUTH_STEPS = 1_800_000_000, 900_000_000
"""What is added to degrees times 1e7."""

MOST_AREAS = 1 << 12
"""Most areas drawn at once: area, row and column must fit one int64."""

_ROW_BITS, _X_BITS = 19, 32


@dataclass(frozen=True, slots=True)
class Edges:
    """Straight edges of areas, in steps; columns of shape (n,).

    Attributes:
        area: Which area each belongs to.
        x_a: East, where it begins.
        y_a: North.
        x_b: East, where it ends.
        y_b: North.
    """

    area: NDArray[np.int64]
    x_a: NDArray[np.float64]
    y_a: NDArray[np.float64]
    x_b: NDArray[np.float64]
    y_b: NDArray[np.float64]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Self:
        """Return some of the edges, by index or mask."""
        return type(self)(
            *(getattr(self, name)[rows] for name in self.__dataclass_fields__)
        )


@dataclass(frozen=True, slots=True)
class Pages:
    """Square blocks of squares, each of one area; columns of shape (n,).

    Attributes:
        area: Which area.
        row: Of the block, counted in blocks from the south.
        column: Counted in blocks from the west.
    """

    area: NDArray[np.int64]
    row: NDArray[np.int64]
    column: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.area)

    def keys(self) -> NDArray[np.int64]:
        """Return one number for each; ascending where the pages are ordered."""
        return _key(self.area, self.row, self.column)


def edges_of(areas: NDArray[np.object_]) -> Edges:
    """Return the edges of polygons and multipolygons in degrees, shape (n,)."""
    parts, area_of_part = shapely.get_parts(areas, return_index=True)
    rings, part_of_ring = shapely.get_rings(parts, return_index=True)
    corners, ring = shapely.get_coordinates(rings, return_index=True)
    follows = np.flatnonzero(ring[1:] == ring[:-1])
    area = area_of_part[part_of_ring[ring[follows]]].astype(np.int64)
    x = corners[:, 0] * DEGREES_E7 + (WEST_STEPS + 0.5)
    y = corners[:, 1] * DEGREES_E7 + (SOUTH_STEPS + 0.5)
    return Edges(area, x[follows], y[follows], x[follows + 1], y[follows + 1])


def drawn(edges: Edges, pages: Pages, *, shift: int, bits: int) -> NDArray[np.uint8]:
    """Return what the squares of some pages are to the pages' areas.

    Args:
        edges: Of fewer than `MOST_AREAS` areas.
        pages: Ascending by key; together they hold every border of their areas.
        shift: A square's side is `1 << shift` steps.
        bits: A page is `1 << bits` squares wide and high.

    Returns:
        OUTSIDE, INSIDE or BORDER, shape (pages, rows, columns).
    """
    if not len(pages):
        return np.zeros((0, 1 << bits, 1 << bits), np.uint8)
    squares = _insides(edges, pages, shift=shift, bits=bits)
    area, row, column = _crossed(edges, shift)
    page, found = _page_of(pages, area, row >> bits, column >> bits)
    mask = (1 << bits) - 1
    squares[page[found], row[found] & mask, column[found] & mask] = BORDER
    return squares


def _crossed(
    edges: Edges, shift: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return area, row and column of the squares that edges pass through."""
    side = float(1 << shift)
    low, high = np.minimum(edges.y_a, edges.y_b), np.maximum(edges.y_a, edges.y_b)
    edge, row = _ranges(_floor(low, side), _floor(high, side))
    at = edges.take(edge)
    x_low = _x_at(at, np.maximum(row * side, low[edge]), at.x_a)
    x_high = _x_at(at, np.minimum((row + 1) * side, high[edge]), at.x_b)
    west, east = np.minimum(x_low, x_high), np.maximum(x_low, x_high)
    piece, column = _ranges(_floor(west, side), _floor(east, side))
    return at.area[piece], row[piece], column


def _insides(edges: Edges, pages: Pages, *, shift: int, bits: int) -> NDArray[np.uint8]:
    """Return INSIDE where an odd number of borders lies west of a square's middle."""
    side, n = float(1 << shift), 1 << bits
    area, row, x = _crossings(edges, side)
    page, found = _page_of(pages, area, row >> bits, _floor(x, side) >> bits)
    # The first square whose middle is east of the border turns, and all after it.
    turns = _floor(x + side / 2, side) - (pages.column[page] << bits)
    toggles = np.zeros((len(pages), n, n + 1), np.uint8)
    np.add.at(toggles, (page[found], row[found] & (n - 1), turns[found]), 1)
    toggles[:, :, 0] += _borders_west(pages, area, row, x, shift=shift, bits=bits)
    squares = np.bitwise_and(np.cumsum(toggles, axis=2, dtype=np.uint8), 1)
    return np.ascontiguousarray(squares[:, :, :n])


def _crossings(
    edges: Edges, side: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return where edges cross the middle lines of rows: area, row, x."""
    low, high = np.minimum(edges.y_a, edges.y_b), np.maximum(edges.y_a, edges.y_b)
    # Half open, so that a corner on a middle line is crossed once: low <= middle < high
    first = np.ceil(low / side - 0.5).astype(np.int64)
    last = np.ceil(high / side - 0.5).astype(np.int64) - 1
    edge, row = _ranges(first, last)
    at = edges.take(edge)
    middle = row.astype(np.float64) * side + side / 2
    return at.area, row, _x_at(at, middle, at.x_a)


def _borders_west(
    pages: Pages,
    area: NDArray[np.int64],
    row: NDArray[np.int64],
    x: NDArray[np.float64],
    *,
    shift: int,
    bits: int,
) -> NDArray[np.uint8]:
    """Return how many borders lie west of each row of each page, shape (pages, rows).

    Counted modulo 256, which is enough to tell odd from even.
    """
    keys = np.sort(_row_key(area, row) + np.floor(x).astype(np.int64))
    rows = (pages.row[:, np.newaxis] << bits) + np.arange(1 << bits)
    row_key = _row_key(pages.area[:, np.newaxis], rows)
    west = (pages.column << (bits + shift))[:, np.newaxis]
    count = np.searchsorted(keys, row_key + west) - np.searchsorted(keys, row_key)
    return (count & 0xFF).astype(np.uint8)


def _row_key(area: NDArray[np.int64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    return ((area << _ROW_BITS) + row) << _X_BITS


def _page_of(
    pages: Pages,
    area: NDArray[np.int64],
    row: NDArray[np.int64],
    column: NDArray[np.int64],
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return which page holds each square, and whether one does."""
    keys, wanted = pages.keys(), _key(area, row, column)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted


def _key(
    area: NDArray[np.int64], row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.int64]:
    return (((area << _ROW_BITS) + row) << _ROW_BITS) + column


def _x_at(
    edges: Edges, y: NDArray[np.float64], level: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return x where each edge has `y`; `level` where it runs along a parallel."""
    rise = edges.y_b - edges.y_a
    is_level = rise == 0
    share = np.clip((y - edges.y_a) / np.where(is_level, 1.0, rise), 0.0, 1.0)
    return np.where(is_level, level, edges.x_a + share * (edges.x_b - edges.x_a))


def _floor(at: NDArray[np.float64], side: float) -> NDArray[np.int64]:
    return np.floor(at / side).astype(np.int64)


def _ranges(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Return every number from `first` to `last`, and the row it is of."""
    count = np.maximum(last - first + 1, 0)
    row = np.repeat(np.arange(len(first)), count)
    begin = np.cumsum(count) - count
    return row, np.arange(count.sum()) - np.repeat(begin - first, count)
