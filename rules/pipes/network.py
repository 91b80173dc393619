"""The water mains as a graph: how long a pressure wave takes from pipe to point."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

WAVE_M_S = 1000.0
"""Speed of a pressure wave in iron and steel mains; 300 to 500 in plastic ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """One stretch of main (给水管段) between two nodes.

    Attributes:
        code: Its name for people.
        start: Name of the node at one end.
        end: Name of the node at the other.
        length_m: Along the pipe.
        wave_m_s: How fast a pressure wave runs in it.
    """

    code: str
    start: str
    end: str
    length_m: float
    wave_m_s: float = WAVE_M_S

    @property
    def travel_s(self) -> float:
        """How long a wave takes from end to end."""
        return self.length_m / self.wave_m_s


@dataclass(frozen=True, slots=True)
class Network:
    """Mains, and what lies beside what.

    Attributes:
        pipes: In the order of their codes.
        place: Number of each node.
        beside: Of each node, its neighbours and how long a wave takes to them.
    """

    pipes: tuple[Pipe, ...]
    place: Mapping[str, int]
    beside: tuple[tuple[tuple[int, float], ...], ...]

    @classmethod
    def of(cls, pipes: Sequence[Pipe]) -> Self:
        """Return the network that pipes make."""
        ordered = tuple(sorted(pipes, key=lambda pipe: pipe.code))
        nodes = sorted({node for pipe in ordered for node in (pipe.start, pipe.end)})
        place = {node: at for at, node in enumerate(nodes)}
        beside: list[list[tuple[int, float]]] = [[] for _ in nodes]
        for pipe in ordered:
            a, b = place[pipe.start], place[pipe.end]
            beside[a].append((b, pipe.travel_s))
            beside[b].append((a, pipe.travel_s))
        return cls(ordered, place, tuple(map(tuple, beside)))

    def travel_s(self, nodes: Sequence[str]) -> NDArray[np.float64]:
        """Return how long a wave takes between every node and some of them.

        Returns:
            Seconds, infinite where nothing connects them, shape (all nodes, nodes).
        """
        rows = [_from_node(self.place[node], self.beside) for node in nodes]
        return np.array(rows, np.float64).reshape(len(nodes), len(self.place)).T

    def along(
        self,
        pipe: Pipe,
        shares: NDArray[np.float64],
        travel_s: NDArray[np.float64] | None = None,
    ) -> NDArray[np.float64]:
        """Return how long a wave takes from points on a pipe to nodes.

        Args:
            pipe: One of `pipes`.
            shares: How far along the pipe each point lies, 0 to 1, shape (k,).
            travel_s: To those nodes, as `travel_s` gives it; None for all nodes.

        Returns:
            Seconds, shape (k, nodes).
        """
        if travel_s is None:
            travel_s = self.travel_s(list(self.place))
        from_start = (shares * pipe.travel_s)[:, np.newaxis]
        a, b = self.place[pipe.start], self.place[pipe.end]
        least: NDArray[np.float64] = np.minimum(
            travel_s[a] + from_start,
            travel_s[b] + pipe.travel_s - from_start,
        )
        return least


def _from_node(
    start: int, beside: Sequence[Sequence[tuple[int, float]]]
) -> list[float]:
    """Return the least travel time from one node to each (Dijkstra)."""
    least = [np.inf] * len(beside)
    least[start] = 0.0
    queue = [(0.0, start)]
    while queue:
        at_s, node = heapq.heappop(queue)
        if at_s > least[node]:
            continue
        for other, travel_s in beside[node]:
            if at_s + travel_s < least[other]:
                least[other] = at_s + travel_s
                heapq.heappush(queue, (least[other], other))
    return least
