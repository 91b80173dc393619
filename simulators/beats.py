"""Where each vehicle goes: a closed beat along the streets of its work area.

A beat repeats, and a whole number of beats fill the world's period, so that where a
vehicle is follows from the second alone.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import LineString, Point, contains_properly
from shapely.geometry.base import BaseGeometry

from simulators.motion import Motion, along, without_repeats
from simulators.noise import Noise
from simulators.plane import Line
from simulators.streets import Streets, line_of, way_to, ways_from

INSET_M = 25.0
"""Beats keep this far inside the area where its streets allow it."""

SLOW_M = 20.0
"""Before and after a stop this stretch is driven at half speed."""

LEAST_STRETCH_M = 2.0
"""Two changes of pace are at least this far apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a kind of vehicle works.

    Attributes:
        cruise_kmh: Usual speed at work.
        beat_m: Least length of a beat.
        stop_every_m: Mean distance between stops.
        stop_s: Mean length of a stop.
    """

    cruise_kmh: float
    beat_m: float
    stop_every_m: float
    stop_s: float


@dataclass(frozen=True, slots=True)
class Beat:
    """One vehicle's round.

    Attributes:
        motion: One round; its line is closed, its first second is 0.
        nodes: Crossings in driving order, the first again at the end.
        node_m: How far along each is, shape (n,).
    """

    motion: Motion
    nodes: tuple[int, ...]
    node_m: NDArray[np.float64]

    @property
    def round_s(self) -> float:
        """Seconds one round takes."""
        return float(self.motion.at_s[-1])


def inside(streets: Streets, area: BaseGeometry, clear: Collection[int]) -> set[int]:
    """Return the stretches a beat may use: the largest connected set within `area`.

    Args:
        streets: The network.
        area: Where the vehicle works.
        clear: The stretches that anybody may use.
    """
    within: set[int] = set()
    for inset in (INSET_M, INSET_M / 2, 0.0):
        room = area.buffer(-inset)
        within = {
            index
            for index, stretch in enumerate(streets.stretches)
            if index in clear and contains_properly(room, LineString(stretch.line))
        }
        if within:
            break
    return _largest_part(streets, within)


def _largest_part(streets: Streets, within: Collection[int]) -> set[int]:
    left, best, best_m = set(within), set[int](), 0.0
    while left:
        part = _reached(streets, next(iter(sorted(left))), left)
        length = sum(streets.stretches[index].length_m for index in part)
        if length > best_m:
            best, best_m = part, length
        left -= part
    return best


def _reached(streets: Streets, first: int, allowed: Collection[int]) -> set[int]:
    reached, waiting = {first}, [first]
    while waiting:
        stretch = streets.stretches[waiting.pop()]
        for node in (stretch.start, stretch.end):
            fresh = set(streets.leaving[node]) & set(allowed) - reached
            reached |= fresh
            waiting += sorted(fresh)
    return reached


def beat(
    streets: Streets,
    allowed: Collection[int],
    pace: Pace,
    *,
    noise: Noise,
    name: str,
    period_s: float,
    home: BaseGeometry,
) -> Beat:
    """Make the round of one vehicle.

    Args:
        streets: The network.
        allowed: Stretches it may use, connected and not empty.
        pace: How it works.
        noise: Chance.
        name: Whose round it is; the same name gets the same round.
        period_s: A whole number of rounds will fill this.
        home: A round begins and ends in here, if streets lead there.
    """
    choices = _at(streets, allowed, home) or sorted(allowed)
    first = choices[noise.choice(name, "first stretch", count=len(choices))]
    start = _begin(streets, first, home)
    way = _round_way(streets, allowed, start, pace.beat_m, noise=noise, name=name)
    line = without_repeats(line_of(streets, start, way))
    at_s, travelled_m = _timetable(line, pace, noise=noise, name=name)
    rounds = max(1, round(period_s / at_s[-1]))
    at_s = at_s * (period_s / rounds / at_s[-1])
    lengths = [streets.stretches[index].length_m for index in way]
    return Beat(
        motion=Motion(line, along(line), at_s, travelled_m),
        nodes=_nodes(streets, start, way),
        node_m=np.concatenate(([0.0], np.cumsum(lengths))),
    )


def _nodes(streets: Streets, start: int, way: list[int]) -> tuple[int, ...]:
    nodes = [start]
    for index in way:
        nodes.append(streets.stretches[index].other(nodes[-1]))
    return tuple(nodes)


def _at(streets: Streets, allowed: Collection[int], home: BaseGeometry) -> list[int]:
    """Return the allowed stretches that touch a node in `home`."""
    return sorted(
        index
        for index in allowed
        if any(
            home.contains(Point(streets.nodes[node]))
            for node in (streets.stretches[index].start, streets.stretches[index].end)
        )
    )


def _begin(streets: Streets, first: int, home: BaseGeometry) -> int:
    """Return the end of a stretch that lies in `home`, else its first."""
    stretch = streets.stretches[first]
    if home.contains(Point(streets.nodes[stretch.end])):
        return stretch.end
    return stretch.start


def _round_way(
    streets: Streets,
    allowed: Collection[int],
    start: int,
    beat_m: float,
    *,
    noise: Noise,
    name: str,
) -> list[int]:
    """Wander, preferring the least driven stretch, then go home the shortest way."""
    node = start
    driven = dict.fromkeys(sorted(allowed), 0)
    way: list[int] = []
    gone = 0.0
    while gone < beat_m:
        ahead = [index for index in streets.leaving[node] if index in driven]
        index = min(
            ahead,
            key=lambda one: (
                driven[one],
                one in way[-1:],
                noise.uniform(name, f"turn {one}", len(way)),
            ),
        )
        driven[index] += 1
        way.append(index)
        gone += streets.stretches[index].length_m
        node = streets.stretches[index].other(node)
    home_ways = ways_from(streets, node, allowed=driven.keys())
    return way + way_to(streets, home_ways, start)


def _timetable(
    line: Line, pace: Pace, *, noise: Noise, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return seconds and metres of a round: cruising, slowing, standing."""
    length = float(along(line)[-1])
    seconds, metres = [0.0], [0.0]

    def drive_to(goal_m: float, share: float) -> None:
        if goal_m - metres[-1] > LEAST_STRETCH_M:
            speed = pace.cruise_kmh / 3.6 * share
            seconds.append(seconds[-1] + (goal_m - metres[-1]) / speed)
            metres.append(goal_m)

    for number, stop_m in enumerate(_stops(length, pace, noise=noise, name=name)):
        share = noise.between(name, "cruise", low=0.9, high=1.1, slot=number)
        drive_to(stop_m - SLOW_M, share)
        drive_to(stop_m, 0.5)
        stand = noise.between(name, "stand", low=0.5, high=1.5, slot=number)
        seconds.append(seconds[-1] + pace.stop_s * stand)
        metres.append(metres[-1])
        drive_to(stop_m + SLOW_M, 0.5)
    speed = pace.cruise_kmh / 3.6
    seconds.append(seconds[-1] + max(length - metres[-1], LEAST_STRETCH_M) / speed)
    metres.append(length)
    return np.array(seconds), np.array(metres)


def _stops(length_m: float, pace: Pace, *, noise: Noise, name: str) -> list[float]:
    count = int(length_m / pace.stop_every_m)
    return [
        (number + noise.between(name, "stop", low=0.3, high=0.9, slot=number))
        * pace.stop_every_m
        for number in range(count)
    ]
