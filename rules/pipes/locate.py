"""From the drops that pressure points saw to the pipe that explains them best.

A burst at time t reaches point i at t + d(i), d being the wave's travel time. A point
that is read every few seconds tells only that the wave came between two readings, so
each drop is an interval. A place on a pipe is possible if one moment t fits all
intervals; how wide the choice of t is, its slack, tells how well. Among possible places
the one nearest to the deep drops wins: a drop dies away with distance. Where no place
is possible (clocks of points that are off) the least impossible one is taken, and says
so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rules.pipes.network import Network, Pipe
from vocabulary.times import SECOND_US

STEPS = 21
"""Places tried along each pipe, both ends among them."""

LEAST_POINTS = 2
"""Fewer than this many points that dropped tell a sensor's fault, not a burst."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One point's sudden loss of pressure.

    Attributes:
        node: Where the point sits.
        before_us: Its last reading before the drop.
        at_us: The first reading that shows it.
        lost_kpa: How much it lost.
    """

    node: str
    before_us: int
    at_us: int
    lost_kpa: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Where a burst most likely is.

    Attributes:
        pipe: The pipe.
        share: How far along it from its start, 0 to 1.
        began_us: Midst of the moments that fit.
        slack_s: How wide that choice is; negative if nothing fits, and by how much.
        runner_up: The next best pipe that does not share a node with it; None if there
            is none.
    """

    pipe: Pipe
    share: float
    began_us: int
    slack_s: float
    runner_up: Pipe | None


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well the places along one pipe explain the drops; shape (STEPS,) each.

    Attributes:
        began_s: Midst of the moments that fit.
        slack_s: How wide that choice is.
        short_s: What is missing to a choice, beyond the distance of two places.
        far: Mean travel time to the points, weighed by what they lost.
    """

    began_s: NDArray[np.float64]
    slack_s: NDArray[np.float64]
    short_s: NDArray[np.float64]
    far: NDArray[np.float64]


def locate(network: Network, drops: Sequence[Drop]) -> Burst | None:
    """Return the pipe that explains the drops best; None if none can.

    Args:
        network: The mains.
        drops: One per point, of one moment.
    """
    known = [drop for drop in drops if drop.node in network.place]
    if len({drop.node for drop in known}) < LEAST_POINTS:
        return None
    first_us = min(drop.at_us for drop in known)
    ranked = sorted(
        (
            (_rank(fit, at), pipe.code, pipe, fit, at)
            for pipe in network.pipes
            for fit in [_fit(network, pipe, known, first_us)]
            for at in [_best(fit)]
            if np.isfinite(fit.far[at])
        ),
        key=lambda found: found[:2],
    )
    if not ranked:
        return None
    _, _, pipe, fit, at = ranked[0]
    others = (other for _, _, other, _, _ in ranked[1:] if not _touch(pipe, other))
    return Burst(
        pipe=pipe,
        share=float(np.linspace(0, 1, STEPS)[at]),
        began_us=first_us + round(float(fit.began_s[at]) * SECOND_US),
        slack_s=float(fit.slack_s[at]),
        runner_up=next(others, None),
    )


def _fit(network: Network, pipe: Pipe, drops: Sequence[Drop], first_us: int) -> _Fit:
    travel_s = network.along(pipe, np.linspace(0, 1, STEPS))
    travel_s = travel_s[:, [network.place[drop.node] for drop in drops]]
    not_before = np.array([(d.before_us - first_us) / SECOND_US for d in drops])
    not_after = np.array([(d.at_us - first_us) / SECOND_US for d in drops])
    depth = np.array([d.lost_kpa for d in drops])
    earliest = (not_before - travel_s).max(axis=1)
    latest = (not_after - travel_s).min(axis=1)
    return _Fit(
        began_s=np.where(np.isfinite(earliest), (earliest + latest) / 2, 0),
        slack_s=latest - earliest,
        short_s=np.maximum(earliest - latest - pipe.travel_s / (STEPS - 1), 0),
        far=(travel_s * depth).sum(axis=1) / depth.sum(),
    )


def _best(fit: _Fit) -> int:
    """Return the best place along a pipe: possible, then near the deep drops."""
    return int(np.lexsort((fit.far, fit.short_s))[0])


def _rank(fit: _Fit, at: int) -> tuple[float, float]:
    return float(fit.short_s[at]), float(fit.far[at])


def _touch(one: Pipe, other: Pipe) -> bool:
    return not {one.start, one.end}.isdisjoint({other.start, other.end})
