"""The geofences that some rules ask about: who is in which, how deep, how far outside.

Every slot asks about a *set* of fences: the vehicle's own area, those of a kind, all.
A thousand vehicles that ask about ten thousand fences share one set and one index.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from devices.registry.areas import geofence_area
from rules.fences.index import Index
from rules.fences.plane import Plane, Points, ways_between
from vocabulary.registry_facts import GeofenceFacts

FenceSet: TypeAlias = tuple[GeofenceFacts, ...]
"""Fences by ascending id."""

NO_FENCE = -1
"""In place of a fence where there is none."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Fences, ready to be asked.

    Attributes:
        fences: By ascending id; other columns name them by their place here.
        ids: Their ids, shape (fences,).
        index: Which of them hold a point.
        plane: How far they are.
    """

    fences: FenceSet
    ids: NDArray[np.int64]
    index: Index
    plane: Plane

    @classmethod
    def of(cls, fences: FenceSet) -> Self:
        """Return the ground of some fences, by ascending id."""
        areas = [geofence_area(fence) for fence in fences]
        ids = np.array([fence.id for fence in fences], np.int64)
        return cls(fences, ids, Index.of(areas), Plane.of(areas))

    def places(self, ids: NDArray[np.int64]) -> NDArray[np.intp]:
        """Return the places of fences by their ids; NO_FENCE for unknown ones."""
        if not len(self.ids):
            return np.full(len(ids), NO_FENCE, np.intp)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[place] == ids, place, NO_FENCE)


@lru_cache(maxsize=8)
def ground_of(fences: FenceSet) -> Ground:
    """Return the ground of some fences; kept, since plans change more than fences."""
    return Ground.of(fences)


@dataclass(frozen=True, slots=True)
class Sets:
    """Sets of fences that slots ask about.

    Attributes:
        ground: All fences of all sets.
        of_row: Which set each slot asks about, shape (rows,).
        only: The fence of sets of one, else NO_FENCE; shape (sets,).
        member: Set and fence of every membership in one number, ascending.
        trees: Place of the fences of sets of several, and those on the map.
    """

    ground: Ground
    of_row: NDArray[np.intp]
    only: NDArray[np.intp]
    member: NDArray[np.int64]
    trees: dict[int, tuple[NDArray[np.intp], shapely.STRtree]]

    @classmethod
    def of(cls, asked: Sequence[FenceSet]) -> Self:
        """Return the sets that some rows ask about, none of them empty."""
        shared = {id(fences): fences for fences in asked}
        keys = {same: tuple(f.id for f in fences) for same, fences in shared.items()}
        number = {key: at for at, key in enumerate(dict.fromkeys(keys.values()))}
        all_fences = {f.id: f for fences in shared.values() for f in fences}
        ground = ground_of(tuple(f for _, f in sorted(all_fences.items())))
        places = [ground.places(np.array(key, np.int64)) for key in number]
        width = len(ground.fences)
        return cls(
            ground=ground,
            of_row=np.array([number[keys[id(fences)]] for fences in asked], np.intp),
            only=np.array([p[0] if len(p) == 1 else NO_FENCE for p in places], np.intp),
            member=np.concatenate(
                [
                    np.empty(0, np.int64),
                    *(p + at * width for at, p in enumerate(places)),
                ]
            ).astype(np.int64),
            trees={
                at: (p, shapely.STRtree(ground.plane.shapes[p]))
                for at, p in enumerate(places)
                if len(p) > 1
            },
        )

    def inside(
        self,
        row: NDArray[np.intp],
        lon_e7: NDArray[np.int32],
        lat_e7: NDArray[np.int32],
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which samples are in which fences of their rows' sets.

        Args:
            row: Of each sample, shape (n,).
            lon_e7: Degrees east times 1e7, shape (n,).
            lat_e7: Degrees north times 1e7, shape (n,).

        Returns:
            Samples and fences, ascending by sample, then fence.
        """
        width = len(self.ground.fences)
        sample, fence = self.ground.index.hits(lon_e7, lat_e7)
        mine = self._is_member(self.of_row[row[sample]] * width + fence)
        pairs = sample[mine] * width + fence[mine]
        pairs.sort()
        return np.divmod(pairs, max(width, 1))

    def nearest(self, row: NDArray[np.intp], points: Points) -> NDArray[np.intp]:
        """Return which fence of its set is nearest to each point.

        Args:
            row: Of each point, shape (n,).
            points: Shape (n,).
        """
        of_set = self.of_row[row]
        fence = self.only[of_set]
        for at in np.unique(of_set[fence == NO_FENCE]):
            places, tree = self.trees[int(at)]
            asked = np.flatnonzero(of_set == at)
            spots = shapely.points(points.x[asked], points.y[asked])
            spot, found = tree.query_nearest(spots, all_matches=True)
            # Of several as near, the first in the tree's own order would be chance.
            order = np.lexsort((places[found], spot))
            first = np.flatnonzero(np.diff(spot[order], prepend=-1))
            fence[asked] = places[found[order]][first]
        return fence

    def crossed(
        self, row: NDArray[np.intp], begin: Points, end: Points
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Return how far each way leads through fences, and through which most.

        Args:
            row: Of each way, shape (n,).
            begin: Where each begins, shape (n,).
            end: Where it ends.

        Returns:
            Metres in the fence with most of the way, or NaN where no fence is touched;
            that fence, or NO_FENCE.
        """
        way, fence = self._touched(row, begin, end)
        within_m = self.ground.plane.within_m(fence, begin.take(way), end.take(way))
        best_m = np.full(len(row), np.nan)
        best = np.full(len(row), NO_FENCE, np.intp)
        order = np.lexsort((-fence, within_m, way))  # the last of each way counts
        best_m[way[order]], best[way[order]] = within_m[order], fence[order]
        return best_m, best

    def _touched(
        self, row: NDArray[np.intp], begin: Points, end: Points
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        of_set, ways = self.of_row[row], ways_between(begin, end)
        shapes = self.ground.plane.shapes
        single = np.flatnonzero(self.only[of_set] != NO_FENCE)
        fence = self.only[of_set[single]]
        hit = shapely.intersects(shapes[fence], ways[single])
        found = [(single[hit], fence[hit])]
        for at in np.unique(of_set[self.only[of_set] == NO_FENCE]):
            places, tree = self.trees[int(at)]
            asked = np.flatnonzero(of_set == at)
            way, place = tree.query(ways[asked], predicate="intersects")
            found.append((asked[way], places[place]))
        way, fence = (np.concatenate(column) for column in zip(*found, strict=True))
        return way, fence

    def _is_member(self, asked: NDArray[np.int64]) -> NDArray[np.bool_]:
        if not len(self.member):
            return np.zeros(len(asked), np.bool_)
        place = np.minimum(np.searchsorted(self.member, asked), len(self.member) - 1)
        is_member: NDArray[np.bool_] = self.member[place] == asked
        return is_member
