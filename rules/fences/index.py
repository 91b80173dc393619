"""Which of many areas hold a point: a raster of squares, fine only along borders.

    32 x 32 squares of 13 degrees ─▶ 32 x 32 of 47 km ─▶ 32 x 32 of 1.5 km ─▶ 16 x 16
    of 91 m

Each square names the areas that it is surely within; only one that some border passes
through has a finer page below it, and the finest name the areas that must be asked
exactly. So most points cost four look-ups and no geometry at all, and the answers are
those of shapely's `intersects_xy` for every point (see `raster`).

Memory grows with the length of the borders, not with the ground covered: one page of
1 KB for each square of 1.5 km that any border passes, 4 octets for each area in each
square.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from rules.fences.drawing import raster_of
from rules.fences.levels import Level, Lists
from rules.fences.raster import SOUTH_STEPS, WEST_STEPS
from vocabulary.position import DEGREES_E7

POINTS_AT_ONCE = 1 << 20
"""Points asked together: bounds what asking needs."""

BLOCK = 1 << 16
"""Points looked up together: what that needs then stays near the processor."""

Pairs: TypeAlias = tuple[NDArray[np.intp], NDArray[np.int32]]
"""Points and areas, one pair in each row."""

NO_PAIRS: Pairs = (np.empty(0, np.intp), np.empty(0, np.int32))
"""None at all."""


@dataclass(frozen=True, slots=True)
class Index:
    """Areas that can be asked which of them hold a point.

    Attributes:
        shapes: The areas, degrees, prepared; shape (areas,).
        levels: The raster.
        lists: Which areas its squares name.
    """

    shapes: NDArray[np.object_]
    levels: tuple[Level, ...]
    lists: Lists

    @classmethod
    def of(cls, shapes: Sequence[shapely.geometry.base.BaseGeometry]) -> Self:
        """Return an index of polygons and multipolygons in degrees.

        Args:
            shapes: Valid, within -180 to 180 and -90 to 90 degrees; may overlap.
        """
        areas = np.empty(len(shapes), np.object_)
        areas[:] = shapes
        shapely.prepare(areas)
        return cls(areas, *raster_of(areas))

    @property
    def octets(self) -> int:
        """How much memory the raster takes, the shapes themselves left out."""
        lists = self.lists
        of_lists = (lists.first, lists.surely, lists.in_all, lists.members)
        of_levels = sum(level.page.nbytes + level.areas.nbytes for level in self.levels)
        return of_levels + sum(column.nbytes for column in of_lists)

    def hits(self, lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]) -> Pairs:
        """Return which points lie in which areas; on a border is in.

        Args:
            lon_e7: Degrees east times 1e7, shape (n,).
            lat_e7: Degrees north times 1e7, shape (n,).

        Returns:
            Rows of points and places of areas, one pair for each time a point is in
            an area, in no order.
        """
        found = [NO_PAIRS]
        for asked in _stretches(len(lon_e7), POINTS_AT_ONCE):
            sure, maybe = self._looked_up(lon_e7[asked], lat_e7[asked])
            for point, area in (
                *sure,
                self._tested(lon_e7[asked], lat_e7[asked], maybe),
            ):
                found.append((point + asked.start, area))
        points, areas = zip(*found, strict=True)
        return np.concatenate(points), np.concatenate(areas)

    def _looked_up(
        self, lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]
    ) -> tuple[list[Pairs], list[Pairs]]:
        """Return who is surely in which area, and who must be asked of which."""
        sure, maybe, lists = [], [NO_PAIRS], self.lists
        for block in _stretches(len(lon_e7), BLOCK):
            for at, listed in self._lists(lon_e7[block], lat_e7[block]):
                point, count = at + block.start, lists.surely[listed]
                first, in_all = lists.first[listed], lists.in_all[listed]
                sure.append(self._named(point, first, count))
                maybe.append(self._named(point, first + count, in_all - count))
        return sure, maybe

    def _tested(
        self,
        lon_e7: NDArray[np.int32],
        lat_e7: NDArray[np.int32],
        maybe: Sequence[Pairs],
    ) -> Pairs:
        """Return those pairs in which the area really holds the point."""
        point, area = (np.concatenate(column) for column in zip(*maybe, strict=True))
        # One area after the other: each is fetched from memory once, which is six
        # times as fast.
        order = np.argsort(area, kind="stable")
        point, area = point[order], area[order]
        lon, lat = lon_e7[point] / DEGREES_E7, lat_e7[point] / DEGREES_E7
        holds = shapely.intersects_xy(self.shapes[area], lon, lat)
        return point[holds], area[holds]

    def _lists(
        self, lon_e7: NDArray[np.int32], lat_e7: NDArray[np.int32]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.int32]]]:
        """Yield, level by level, which points are in squares with lists, and which."""
        # Sums past the largest int32 come out right as uint32.
        x = lon_e7.view(np.uint32) + np.uint32(WEST_STEPS)
        y = lat_e7.view(np.uint32) + np.uint32(SOUTH_STEPS)
        page = np.zeros(len(x), np.int32)
        for level in self.levels:
            square = level.squares(page, x, y)
            if len(level.areas):
                listed = level.areas[square]
                point = np.flatnonzero(listed)
                if len(point):
                    yield point, listed[point]
            if len(level.page):
                page = level.page[square]

    def _named(
        self,
        point: NDArray[np.intp],
        first: NDArray[np.int32],
        count: NDArray[np.int32],
    ) -> Pairs:
        """Return the areas of some stretches of `members`, and the point of each."""
        begin = np.cumsum(count) - count
        step = np.arange(count.sum()) - np.repeat(begin - first, count)
        return np.repeat(point, count), self.lists.members[step]


def _stretches(n: int, length: int) -> Iterator[slice]:
    """Yield stretches of at most `length` that make up `n` rows."""
    for begin in range(0, n, length):
        yield slice(begin, min(begin + length, n))
