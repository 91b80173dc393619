"""The lattice of the sample city's roads and streets: names, places, crossings.

Arterials cross the whole town. Between them every part has lesser roads and streets of
its own: roads differ north and south of the river, streets from one arterial to the
next. Some pieces of them were never built, so that no two blocks are alike.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from shapely import LineString

STEP_M = 18.0
"""Distance between the points of a curve."""

LEFT_OUT = 0.3
"""Share of the pieces of lesser roads and streets that were never built."""

PLAY_M = 14.0
"""How far crossings of lesser roads are pushed about, at most."""

ARTERIAL_PLAY_M = 5.0
"""The same for the points an arterial runs through."""

OVERSHOOT_M = 20.0
"""How far a lesser street is drawn past the arterial that it ends at."""

Point = NDArray[np.float64]
"""x and y on the plan, metres, shape (2,)."""

Curve = NDArray[np.float64]
"""Points of a curve, shape (n, 2)."""


class Rank(StrEnum):
    """How much of a street a street is."""

    ARTERIAL = "arterial"
    STREET = "street"
    LANE = "lane"


WIDTH_M = {Rank.ARTERIAL: 22.0, Rank.STREET: 12.0, Rank.LANE: 6.0}
"""Kerb to kerb."""


@dataclass(frozen=True, slots=True)
class Name:
    """A street's name and rank."""

    zh: str
    en: str
    rank: Rank = Rank.STREET


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one street that was built without a gap."""

    name: Name
    line: LineString


ROADS = {
    -300.0: Name("解放路", "Jiefang Road", Rank.ARTERIAL),
    40.0: Name("人民路", "Renmin Road", Rank.ARTERIAL),
    380.0: Name("建设路", "Jianshe Road", Rank.ARTERIAL),
}
"""North-south arterials by their x."""

AVENUES = {
    -216.0: Name("新华大街", "Xinhua Avenue", Rank.ARTERIAL),
    212.0: Name("中山大街", "Zhongshan Avenue", Rank.ARTERIAL),
}
"""East-west arterials by their y."""

NORTH_ROADS = {
    -525.0: Name("西园路", "Xiyuan Road"),
    -412.0: Name("文昌路", "Wenchang Road"),
    -182.0: Name("文庙路", "Wenmiao Road"),
    -78.0: Name("鼓楼路", "Gulou Road"),
    150.0: Name("青年路", "Qingnian Road"),
    272.0: Name("钟楼路", "Zhonglou Road"),
    502.0: Name("东风路", "Dongfeng Road"),
}
"""Lesser roads north of the river by their x."""

SOUTH_ROADS = {
    -505.0: Name("校场路", "Jiaochang Road"),
    -400.0: Name("学府路", "Xuefu Road"),
    -198.0: Name("南市路", "Nanshi Road"),
    -62.0: Name("会馆路", "Huiguan Road"),
    168.0: Name("柳营路", "Liuying Road"),
    262.0: Name("仓前路", "Cangqian Road"),
    488.0: Name("和平路", "Heping Road"),
}
"""Lesser roads south of the river by their x."""

SIDE_STREETS = {
    (Name("县前街", "Xianqian Street"), 1): (120.0, 92.0, 126.0, 96.0),
    (Name("南门街", "Nanmen Street"), -1): (-122.0, -96.0, -128.0, -100.0),
    (Name("南园街", "Nanyuan Street"), -1): (-318.0, -344.0, -316.0, -338.0),
}
"""Lesser streets: name and side of the river; y between each two arterials."""

DIAGONAL = Name("胜利路", "Shengli Road")
"""A road from the middle of the south to the south-east."""

DIAGONAL_POINTS = [(40.0, -216.0), (168.0, -322.0), (300.0, -470.0)]
"""Where it runs."""


def draw_runs(rng: np.random.Generator, reach_m: tuple[float, float]) -> list[Run]:
    """Draw roads and streets out to `reach_m` on either side, some pieces left out."""
    runs = [_arterial(name, (x, None), reach_m, rng) for x, name in ROADS.items()]
    runs += [_arterial(name, (None, y), reach_m, rng) for y, name in AVENUES.items()]
    for side, roads in ((1, NORTH_ROADS), (-1, SOUTH_ROADS)):
        runs += _half(_Half(side, roads, reach_m, rng))
    diagonal = curve([np.array(point) for point in DIAGONAL_POINTS])
    return [*runs, Run(DIAGONAL, LineString(np.concatenate(diagonal)))]


def _arterial(
    name: Name,
    at_m: tuple[float | None, float | None],
    reach_m: tuple[float, float],
    rng: np.random.Generator,
) -> Run:
    """Draw a nearly straight line at one x or one y."""
    x, y = at_m
    reach = reach_m[0] if x is None else reach_m[1]
    points = [
        np.array([along if x is None else x, along if y is None else y])
        + rng.uniform(-ARTERIAL_PLAY_M, ARTERIAL_PLAY_M, 2)
        for along in np.linspace(-reach, reach, 6)
    ]
    return Run(name, LineString(np.concatenate(curve(points))))


@dataclass(frozen=True, slots=True)
class _Half:
    """The town on one side of the river, before its lesser streets are drawn."""

    side: int
    roads: dict[float, Name]
    reach_m: tuple[float, float]
    rng: np.random.Generator

    @property
    def streets(self) -> list[tuple[Name, tuple[float, ...]]]:
        return [(n, ys) for (n, side), ys in SIDE_STREETS.items() if side == self.side]

    @property
    def edges(self) -> list[float]:
        return [-self.reach_m[0], *ROADS, self.reach_m[0]]

    def column(self, x: float) -> int:
        return int(np.searchsorted(self.edges, x)) - 1


def _half(half: _Half) -> list[Run]:
    crossings = {
        (x, name): np.array([x, ys[half.column(x)]])
        + half.rng.uniform(-PLAY_M, PLAY_M, 2)
        for x in half.roads
        for name, ys in half.streets
    }
    runs: list[Run] = []
    for x, name in half.roads.items():
        inner = [crossings[x, street] for street, _ in half.streets]
        ends = np.array([x, 0.0]), np.array([x, half.side * half.reach_m[1]])
        inner.sort(key=lambda at: abs(at[1]))
        runs += _with_gaps(name, [ends[0], *inner, ends[1]], half.rng)
    for name, ys in half.streets:
        for column, y in enumerate(ys):
            west, east = half.edges[column : column + 2]
            inner = [crossings[x, name] for x in half.roads if half.column(x) == column]
            ends = np.array([west - OVERSHOOT_M, y]), np.array([east + OVERSHOOT_M, y])
            runs += _with_gaps(name, [ends[0], *inner, ends[1]], half.rng)
    return runs


def _with_gaps(name: Name, points: list[Point], rng: np.random.Generator) -> list[Run]:
    """Draw a lesser street through its crossings, some inner pieces left out."""
    built: list[list[Curve]] = [[]]
    pieces = curve(points)
    for number, piece in enumerate(pieces):
        at_an_end = number in (0, len(pieces) - 1)
        if at_an_end or rng.random() >= LEFT_OUT:
            built[-1].append(piece)
        else:
            built.append([])
    return [Run(name, LineString(np.concatenate(run))) for run in built if run]


def curve(points: list[Point]) -> list[Curve]:
    """Return a smooth curve through points (Catmull-Rom), a piece between each two."""
    padded = [2 * points[0] - points[1], *points, 2 * points[-1] - points[-2]]
    return [_piece(*padded[at : at + 4]) for at in range(len(points) - 1)]


def _piece(before: Point, start: Point, end: Point, after: Point) -> Curve:
    steps = max(int(np.hypot(*(end - start)) / STEP_M), 1)
    t = np.linspace(0, 1, steps + 1).reshape(-1, 1)
    bend: Curve = (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    ) / 2
    bend[0], bend[-1] = start, end  # to the last bit: neighbours meet here
    return bend
