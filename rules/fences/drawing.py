"""Many areas into one raster: drawn level by level, then put into pages and lists."""

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from rules.fences.levels import FINEST, LEVELS, Level, Lists, Named
from rules.fences.raster import INSIDE, MOST_AREAS, Pages, drawn, edges_of
from vocabulary.position import DEGREES_E7

PAGES_AT_ONCE = 1 << 15
"""About how many finest pages are drawn together: bounds what building needs."""

MOST_PAGES = 256
"""Most pages below one level for one area. A longer border (380 km at the finest level)
is not drawn finer: its squares, though larger, say that the area must be asked."""


def raster_of(areas: NDArray[np.object_]) -> tuple[tuple[Level, ...], Lists]:
    """Return the raster of polygons and multipolygons in degrees, shape (n,)."""
    return _assembled(_draw_all(areas))


def _draw_all(areas: NDArray[np.object_]) -> list[Named]:
    """Return what the squares of each level name, borders only at the finest.

    At the others a border is named too: it says where a finer page must be.
    """
    found = [_draw(areas[part], part.start) for part in _parts(areas)]
    return [_joined([part[level] for part in found]) for level in range(len(LEVELS))]


def _parts(areas: NDArray[np.object_]) -> Iterator[slice]:
    """Yield stretches of areas that are not too much to draw at once."""
    around = shapely.length(areas) * (DEGREES_E7 / (1 << LEVELS[-2][0]))
    pages = np.cumsum(np.ceil(around) + 1)
    begin = 0
    while begin < len(areas):
        room = (pages[begin - 1] if begin else 0) + PAGES_AT_ONCE
        end = max(int(np.searchsorted(pages, room)), begin + 1)
        yield slice(begin, min(end, begin + MOST_AREAS))
        begin = min(end, begin + MOST_AREAS)


def _draw(areas: NDArray[np.object_], begin: int) -> list[Named]:
    edges = edges_of(areas)
    zeros = np.zeros(len(areas), np.int64)
    pages = Pages(np.arange(len(areas)), zeros, zeros)
    named: list[Named] = []
    for depth, (shift, bits) in enumerate(LEVELS):
        squares = drawn(edges, pages, shift=shift, bits=bits)
        page, row, column = np.nonzero(squares)
        is_sure = squares[page, row, column] == INSIDE
        area = pages.area[page]
        row += pages.row[page] << bits
        column += pages.column[page] << bits
        crossed = np.bincount(area[~is_sure], minlength=len(areas))
        is_long = (crossed > MOST_PAGES)[area] | (depth == FINEST)
        named.append(Named(row, column, area + begin, is_sure, is_sure | is_long))
        order = np.lexsort((column, row, area))
        below = order[~(is_sure | is_long)[order]]
        pages = Pages(area[below], row[below], column[below])
    return named


def _joined(parts: list[Named]) -> Named:
    if not parts:
        none = np.empty(0, np.int64)
        return Named(none, none, none, none.astype(np.bool_), none.astype(np.bool_))
    return Named(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in Named.__slots__)
    )


def _assembled(named: Sequence[Named]) -> tuple[tuple[Level, ...], Lists]:
    blocks = np.zeros(1, np.int64)  # keys of the level's pages, ascending
    levels: list[Level] = []
    lists = Lists.none()
    for depth, ((shift, bits), at) in enumerate(zip(LEVELS, named, strict=True)):
        square = _square_of(blocks, at, bits, is_root=depth == 0)
        size = (len(blocks) + (depth > 0)) << (2 * bits)
        lists, areas = lists.longer(square, at, size)
        finer = ~at.is_listed
        blocks, below = np.unique(
            _block_key(at.row[finer], at.column[finer]), return_inverse=True
        )
        page = np.zeros(size if depth < FINEST else 0, np.int32)
        page[square[finer]] = below + 1
        levels.append(Level(shift, bits, page, areas))
    return tuple(levels), lists


def _square_of(
    blocks: NDArray[np.int64], named: Named, bits: int, *, is_root: bool
) -> NDArray[np.int64]:
    """Return the place of each named square among the squares of all pages."""
    mask = (1 << bits) - 1
    place = ((named.row & mask) << bits) | (named.column & mask)
    block = np.searchsorted(blocks, _block_key(named.row >> bits, named.column >> bits))
    return ((block + (not is_root)) << (2 * bits)) | place


def _block_key(row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.int64]:
    return (row << 32) | column
