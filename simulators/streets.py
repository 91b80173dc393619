"""The street network: where lines cross there is a node, and shortest ways between."""

import heapq
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from simulators.plane import Line


@dataclass(frozen=True, slots=True)
class Street:
    """One stretch between two crossings.

    Attributes:
        start: Node at its first point.
        end: Node at its last point.
        line: Its points, metres, shape (n, 2).
        length_m: Its length.
    """

    start: int
    end: int
    line: Line
    length_m: float

    def other(self, node: int) -> int:
        """Return the node at the other end."""
        return self.start if node == self.end else self.end

    def from_node(self, node: int) -> Line:
        """Return its points in the order met when leaving `node`."""
        return self.line if node == self.start else self.line[::-1]


@dataclass(frozen=True, slots=True)
class Streets:
    """All stretches, and which leave which node.

    Attributes:
        nodes: Crossings and ends, metres, shape (k, 2).
        stretches: Every stretch; an index into this is a stretch's name.
        leaving: Per node the indices of the stretches that touch it.
    """

    nodes: Line
    stretches: tuple[Street, ...]
    leaving: tuple[tuple[int, ...], ...]


def streets_from_lines(lines: Sequence[Line]) -> Streets:
    """Cut lines where they cross and join them to a network.

    Args:
        lines: Street axes in metres; they may cross without sharing a point.
    """
    noded = shapely.union_all([shapely.LineString(line) for line in lines])
    places: dict[tuple[float, float], int] = {}
    stretches = [
        _stretch(shapely.get_coordinates(part), places)
        for part in shapely.get_parts(noded)
        if part.length > 0
    ]
    leaving: list[list[int]] = [[] for _ in places]
    for index, stretch in enumerate(stretches):
        for node in {stretch.start, stretch.end}:
            leaving[node].append(index)
    return Streets(
        nodes=np.array(list(places), float).reshape(-1, 2),
        stretches=tuple(stretches),
        leaving=tuple(tuple(indices) for indices in leaving),
    )


def _stretch(line: Line, places: dict[tuple[float, float], int]) -> Street:
    ends = [(round(float(x), 2), round(float(y), 2)) for x, y in (line[0], line[-1])]
    start, end = (places.setdefault(place, len(places)) for place in ends)
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    return Street(start, end, line, length)


@dataclass(frozen=True, slots=True)
class Ways:
    """Shortest ways from one node to all others.

    Attributes:
        start: Where they begin.
        metres: Per node how far; infinite where there is no way.
        last: Per node the stretch by which the way arrives; -1 at the start.
    """

    start: int
    metres: tuple[float, ...]
    last: tuple[int, ...]


def ways_from(
    streets: Streets, start: int, *, allowed: Collection[int] | None = None
) -> Ways:
    """Return the shortest ways from `start`, over `allowed` stretches only if given."""
    metres = [math.inf] * len(streets.leaving)
    last = [-1] * len(streets.leaving)
    metres[start] = 0.0
    waiting = [(0.0, start)]
    while waiting:
        gone, node = heapq.heappop(waiting)
        if gone > metres[node]:
            continue
        for index in streets.leaving[node]:
            if allowed is not None and index not in allowed:
                continue
            stretch = streets.stretches[index]
            beyond, total = stretch.other(node), gone + stretch.length_m
            if total < metres[beyond]:
                metres[beyond], last[beyond] = total, index
                heapq.heappush(waiting, (total, beyond))
    return Ways(start, tuple(metres), tuple(last))


def way_to(streets: Streets, ways: Ways, node: int) -> list[int]:
    """Return the stretches from the ways' start to `node`, in driving order."""
    way: list[int] = []
    while node != ways.start:
        index = ways.last[node]
        way.append(index)
        node = streets.stretches[index].other(node)
    return way[::-1]


def line_of(streets: Streets, start: int, way: Sequence[int]) -> Line:
    """Return the points driven along `way` from node `start`, shape (n, 2)."""
    pieces = [streets.nodes[start].reshape(1, 2)]
    node = start
    for index in way:
        stretch = streets.stretches[index]
        pieces.append(stretch.from_node(node)[1:])
        node = stretch.other(node)
    return np.concatenate(pieces)
